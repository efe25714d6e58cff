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
	int result = setting_list(engine->setting.section, "urls", err, &urls);
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

static int read_section(struct comfyui *engine, const char *section, struct err *err)
{
	int64_t lost_after = 60;
	const char *workflow = NULL;
	int result = setting_read(&engine->setting, section, err);
	struct json_object *mode = json_member(engine->setting.section, "mode");

	if (result == 0) {
		result = read_servers(engine, err);
	}
	if (result == 0) {
		result = setting_number(
			engine->setting.section, "in_flight", 1, 64, err, &engine->in_flight);
	}
	if (result == 0) {
		result = setting_number(
			engine->setting.section, "lost_after", 1, 86400, err, &lost_after);
		engine->lost_after_ms = lost_after * 1000;
	}
	if (result == 0 && json_get_string(mode, "workflow", &workflow) < 0) {
		result = err_set(err, -EINVAL,
			"the mode has no workflow: write workflow = \"FILE.json\" into its "
			"section");
	}
	return result < 0 ? result : workflow_read(&engine->workflow, workflow, err);
}

static void engine_close(void *state)
{
	struct comfyui *engine = state;

	if (engine) {
		http_destroy(engine->http);
		workflow_finish(&engine->workflow);
		for (size_t i = 0; i < engine->server_count; i++) {
			free(engine->servers[i].url);
		}
		setting_finish(&engine->setting);
		free(engine);
	}
}

static formy_status engine_open(const formy_host *host, const char *config, void **state)
{
	struct comfyui *engine = calloc(1, sizeof(*engine));
	struct err err = {""};

	if (!engine) {
		return FORMY_E_NOMEM;
	}
	engine->in_flight = 2;
	if (read_section(engine, config, &err) < 0 ||
		http_create(&engine->setting, &err, &engine->http) < 0) {
		host->log(NULL, FORMY_LOG_ERROR, err.text);
		engine_close(engine);
		return FORMY_E_ENGINE;
	}
	*state = engine;
	return FORMY_OK;
}

static formy_status engine_run(
	const formy_host *host, void *state, const char *operation, formy_task *task)
{
	struct comfyui *engine = state;
	struct job job;
	formy_status status =
		job_begin(&job, host, task, operation, engine->http, &engine->setting);

	job.codes = comfyui_codes;
	if (status == FORMY_OK) {
		status = prompt_run(engine, &job);
	}
	job_finish(&job);
	return status;
}

/* One server that has all that the workflow needs is enough; one that lacks something is a mistake. */
static formy_status engine_check(const formy_host *host, void *state, formy_task *task)
{
	struct comfyui *engine = state;
	struct json_object *servers = json_object_new_object();
	enum fault worst = FAULT_NONE;
	bool well = false;
	int64_t queue = 0;
	struct err err = {""};
	struct job job;
	formy_status status = job_begin_check(&job, host, task, engine->http, &engine->setting);

	job.codes = comfyui_codes;
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
	job_fact(&job, "servers", servers);
	if (well) {
		job_fact(&job, "queue", json_object_new_int64(queue));
	}
	if (status == FORMY_OK && worst == FAULT_REQUEST) {
		status = job_refuse(&job, FORMY_E_ENGINE, "COMFYUI_WORKFLOW_ERROR", err.text, NULL);
	} else if (status == FORMY_OK && !well) {
		status = job_refuse(&job, FORMY_E_UNREACHABLE,
			worst == FAULT_AUTH ? "ENGINE_AUTH_FAILED" : "COMFYUI_NOT_AVAILABLE",
			err.text, NULL);
	}
	job_finish(&job);
	return status;
}

static const formy_engine comfyui = {
	.size = sizeof(comfyui),
	.flags = FORMY_ENGINE_WHOLE_CONFIG,
	.type = "comfyui",
	.title = "Workflows on ComfyUI servers",
	.open = engine_open,
	.run = engine_run,
	.close = engine_close,
	.check = engine_check,
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
