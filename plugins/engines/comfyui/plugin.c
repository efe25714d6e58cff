#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "comfyui.h"

#define CHECK_MS 3000 /* for each question to a server */

static int read_servers(struct comfyui *engine, struct err *err)
{
	struct json_object *urls = NULL;
	int result = setting_list(engine->remote.setting.section, "urls", err, &urls);
	size_t count = result == 0 && urls ? json_object_array_length(urls) : 0;

	if (result == 0 && (count == 0 || count > LIMIT_SERVERS)) {
		result = err_set(err, -EINVAL,
			"set urls = {\"http://host:8188\"}: one to %d ComfyUI servers",
			LIMIT_SERVERS);
	}
	for (size_t i = 0; result == 0 && i < count; i++) {
		struct buf url = {0};

		result = setting_url("urls",
			json_object_get_string(json_object_array_get_idx(urls, i)), err, &url);
		if (result == 0) {
			engine->servers[i].url = buf_failed(&url) ? NULL : strdup(buf_cstr(&url));
			result = engine->servers[i].url ? 0 : -ENOMEM;
			engine->server_count = i + (result == 0);
		}
		buf_finish(&url);
	}
	return result;
}

static int read_section(void *arg, struct err *err)
{
	struct comfyui *engine = arg;
	int64_t lost_after = 60;
	const char *workflow = NULL;
	struct json_object *mode = json_member(engine->remote.setting.section, "mode");
	int result = read_servers(engine, err);

	engine->in_flight = 2;
	if (result == 0) {
		result = setting_number(engine->remote.setting.section, "in_flight", 1, 64, err,
			&engine->in_flight);
	}
	if (result == 0) {
		result = setting_number(
			engine->remote.setting.section, "lost_after", 1, 86400, err, &lost_after);
		engine->lost_after_ms = lost_after * 1000;
	}
	if (result == 0 && json_get_string(mode, "workflow", &workflow) < 0) {
		result = err_set(err, -EINVAL,
			"the mode has no workflow: write workflow = \"FILE.json\" into its "
			"section");
	}
	return result < 0 ? result : workflow_read(&engine->workflow, workflow, err);
}

static void finish(void *arg)
{
	struct comfyui *engine = arg;

	workflow_finish(&engine->workflow);
	for (size_t i = 0; i < engine->server_count; i++) {
		free(engine->servers[i].url);
	}
}

static formy_status run(void *engine, struct job *job)
{
	job->codes = comfyui_codes;
	return prompt_run(engine, job);
}

/* One server that has all that the workflow needs is enough; one that lacks something is a mistake. */
static formy_status check(void *arg, struct job *job)
{
	struct comfyui *engine = arg;
	struct json_object *servers = json_object_new_object();
	enum fault worst = FAULT_NONE;
	bool well = false;
	int64_t queue = 0;
	struct err err = {""};
	formy_status status = FORMY_OK;

	job->codes = comfyui_codes;
	for (size_t i = 0; i < engine->server_count; i++) {
		struct server *server = &engine->servers[i];
		struct err one = {""};
		enum fault fault = preflight(engine, server, CHECK_MS, &one);

		server->checked = fault == FAULT_NONE;
		well = well || server->checked;
		if (fault != FAULT_NONE && worst != FAULT_REQUEST) {
			worst = fault;
			err = one;
		}
		if (server->checked) {
			queue += preflight_queue(engine, server, CHECK_MS);
		}
		json_object_object_add(servers, server->url,
			json_object_new_string(fault == FAULT_NONE ? "ready" : one.text));
	}
	job_fact(job, "servers", servers);
	if (well) {
		job_fact(job, "queue", json_object_new_int64(queue));
	}
	if (worst == FAULT_REQUEST) {
		status = job_refuse(job, FORMY_E_ENGINE, "COMFYUI_WORKFLOW_ERROR", err.text, NULL);
	} else if (!well) {
		status = job_refuse(job, FORMY_E_UNREACHABLE,
			worst == FAULT_AUTH ? "ENGINE_AUTH_FAILED" : "COMFYUI_NOT_AVAILABLE",
			err.text, NULL);
	}
	return status;
}

const struct remote_kind remote_kind = {
	.size = sizeof(struct comfyui),
	.read = read_section,
	.finish = finish,
	.run = run,
	.check = check,
};

static const formy_engine comfyui = {
	.size = sizeof(comfyui),
	.flags = FORMY_ENGINE_WHOLE_CONFIG,
	.type = "comfyui",
	.title = "Workflows on ComfyUI servers",
	.open = remote_open,
	.run = remote_run,
	.close = remote_close,
	.check = remote_check,
};

static const formy_engine *const engines[] = {&comfyui, NULL};

static const formy_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = FORMY_ABI_MAJOR,
	.abi_minor = FORMY_ABI_MINOR,
	.needs_minor = FORMY_ABI_MINOR,
	.flags = FORMY_NEEDS_NET,
	.id = "comfyui",
	.version = FORMY_VERSION,
	.license = "MIT",
	.engines = engines,
};

FORMY_EXPORT const formy_plugin *FORMY_PLUGIN_ENTRY(void)
{
	return &plugin;
}
