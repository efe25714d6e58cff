#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "cli/doctor.h"
#include "config/config.h"

#define PATH_SIZE 4096
#define OUTPUT_MAX (256 * 1024)

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

/* formyd, beside this program in a build tree, in its folder once it is installed. */
static int find_formyd(char path[PATH_SIZE])
{
	char folder[PATH_SIZE];

	if (fs_program_dir(folder, sizeof(folder)) == 0 &&
		fs_join(path, PATH_SIZE, folder, "formyd") == 0 && access(path, X_OK) == 0) {
		return 0;
	}
	return fs_join(path, PATH_SIZE, FORMY_SBIN_DIR, "formyd") == 0 && access(path, X_OK) == 0
		? 0
		: -ENOENT;
}

/* Runs formyd -t, which ends by itself; what it prints goes to out. 0 or a negative errno. */
static int run_check(const char *formyd, const char *config, struct buf *out, int *ret_status)
{
	char *const argv[] = {
		(char *)"formyd", (char *)"-t", config ? (char *)"-c" : NULL, (char *)config, NULL};
	posix_spawn_file_actions_t actions;
	int ends[2];
	char piece[4096];
	ssize_t got;
	pid_t pid;
	int error;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		return -errno;
	}
	error = posix_spawn_file_actions_init(&actions);
	if (!error) {
		(void)posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
		(void)posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
		error = posix_spawn(&pid, formyd, &actions, NULL, argv, environ);
		(void)posix_spawn_file_actions_destroy(&actions);
	}
	fs_close(ends[1]);
	while (!error &&
		((got = read(ends[0], piece, sizeof(piece))) > 0 || (got < 0 && errno == EINTR))) {
		if (got > 0 && out->len < OUTPUT_MAX) {
			buf_add(out, piece, (size_t)got);
		}
	}
	fs_close(ends[0]);
	while (!error && waitpid(pid, ret_status, 0) < 0 && errno == EINTR) {
	}
	return -error;
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
	char formyd[PATH_SIZE];
	struct buf out = {0};
	int status = 0;

	if (find_formyd(formyd) < 0) {
		doctor_add(doctor, FINDING_WARNING, "plugins",
			"install the package formy where a worker shall run",
			"there is no formyd on this machine, so plugins were not tried");
		return;
	}
	if (run_check(formyd, path, &out, &status) < 0 || !buf_cstr(&out)) {
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
