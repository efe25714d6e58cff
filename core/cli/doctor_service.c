#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>

#include "cli/doctor.h"
#include "cli/formyd.h"
#include "config/config.h"

void doctor_look_at_redis(struct doctor *doctor, formy_client *client, const struct config *config)
{
	formy_server *server = NULL;

	if (formy_server_get(client, &server) < 0) {
		doctor_add(doctor, FINDING_WRONG, "redis",
			config->redis.unix_socket || strcmp(config->redis.host, "localhost") == 0
				? "systemctl enable --now redis-server, or correct redis { } in "
				  "formy.conf"
				: "start it there, or correct redis { } in formy.conf",
			"%s", formy_client_error(client));
		return;
	}
	doctor_add(doctor, FINDING_OK, "redis", NULL, "version %s answers", server->version);
	if (server->maxmemory > 0 && strcmp(server->maxmemory_policy, "noeviction") != 0) {
		doctor_add(doctor, FINDING_WRONG, "redis",
			"redis-cli config set maxmemory-policy noeviction, and write it into "
			"redis.conf",
			"its maxmemory-policy %s throws tasks away when its memory is full",
			server->maxmemory_policy);
	}
	if (!server->saves) {
		doctor_add(doctor, FINDING_WARNING, "redis",
			"redis-cli config set appendonly yes, and write it into redis.conf",
			"it keeps no log of changes on disk: when it restarts, tasks since its "
			"last snapshot are lost");
	}
	formy_server_free(server);
}

static void look_at_plugin(
	struct doctor *doctor, const formy_worker *worker, const formy_worker_plugin *plugin)
{
	bool well = plugin->state &&
		(strcmp(plugin->state, "ready") == 0 || strcmp(plugin->state, "off") == 0);

	if (!well) {
		doctor_add(doctor, FINDING_WRONG, "workers",
			"formy plugin check FILE says more; systemctl reload formyd tries it again",
			"%s does not use %s: %s", worker->name, plugin->file ? plugin->file : "?",
			plugin->reason          ? plugin->reason
				: plugin->state ? plugin->state
						: "?");
	}
}

void doctor_look_at_workers(
	struct doctor *doctor, formy_client *client, const struct config *config)
{
	formy_workers *workers = NULL;
	size_t modes = 0;

	for (size_t i = 0; i < config->mode_count; i++) {
		modes += config->modes[i].enabled;
	}
	if (modes == 0) {
		doctor_add(doctor, FINDING_WRONG, "modes",
			"echo 'mode \"BACKGROUND_CHANGE\" { engine = \"local\" }' "
			">/etc/formy/conf.d/modes.conf && systemctl reload formyd",
			"the configuration enables no mode");
	}
	if (formy_workers_get(client, &workers) < 0) {
		return; /* said of Redis already */
	}
	if (workers->count == 0) {
		doctor_add(doctor, FINDING_WRONG, "workers",
			"systemctl enable --now formyd; journalctl -u formyd says why it ended",
			"no worker is alive");
	}
	for (size_t i = 0; i < workers->count; i++) {
		const formy_worker *worker = &workers->workers[i];

		doctor_add(doctor, worker->mode_count > 0 ? FINDING_OK : FINDING_WRONG, "workers",
			worker->mode_count > 0 ? NULL : "systemctl reload formyd",
			"%s, version %s, serves %zu mode%s with %" PRId64 " executor%s",
			worker->name, worker->version ? worker->version : "?", worker->mode_count,
			worker->mode_count == 1 ? "" : "s", worker->executors,
			worker->executors == 1 ? "" : "s");
		for (size_t k = 0; k < worker->plugin_count; k++) {
			look_at_plugin(doctor, worker, &worker->plugins[k]);
		}
	}
	formy_workers_free(workers);
}

/* A finding for each line. */
static void add_lines(struct doctor *doctor, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (len > 0) {
			doctor_add(doctor, FINDING_WRONG, "plugins",
				"mend what it says; formyd -t looks again", "%.*s", (int)len, text);
		}
		text += len;
		text += *text == '\n';
	}
}

void doctor_look_at_plugins(struct doctor *doctor, const char *path)
{
	const char *const arguments[] = {"-t", path ? "-c" : NULL, path, NULL};
	char formyd[FORMYD_PATH_SIZE];
	struct buf out = {0};
	int status = 0;

	if (formyd_find(formyd) < 0) {
		doctor_add(doctor, FINDING_WARNING, "plugins",
			"install the package formy where a worker shall run",
			"there is no formyd on this machine, so plugins were not tried");
		return;
	}
	if (formyd_run(formyd, arguments, true, &out, &status) < 0 || !buf_cstr(&out)) {
		doctor_add(doctor, FINDING_WRONG, "plugins", "formyd -t", "%s -t cannot be run",
			formyd);
	} else if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		doctor_add(doctor, FINDING_OK, "plugins", NULL,
			"every enabled mode has its plugin, its engine and their models");
	} else {
		add_lines(doctor, buf_cstr(&out));
	}
	buf_finish(&out);
}
