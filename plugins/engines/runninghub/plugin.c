#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "http/path.h"
#include "runninghub.h"

static int read_section(struct runninghub *engine, const char *text, struct err *err)
{
	const char *base = "https://www.runninghub.cn";
	const char *upload = "v1";
	int result = setting_read(&engine->setting, text, err);
	struct json_object *section = engine->setting.section;

	engine->poll_every_s = 5;
	engine->capacity_wait_s = 30;
	engine->mode = json_member(section, "mode");
	if (result < 0 || setting_text(section, "base_url", err, &base) < 0 ||
		setting_text(section, "instance_type", err, &engine->instance_type) < 0 ||
		setting_text(section, "upload", err, &upload) < 0 ||
		setting_text(engine->mode, "output_node", err, &engine->output_node) < 0 ||
		setting_number(section, "poll_every", 1, 600, err, &engine->poll_every_s) < 0 ||
		setting_number(section, "capacity_wait", 1, 3600, err, &engine->capacity_wait_s) <
			0 ||
		setting_url("base_url", base, err, &engine->base) < 0) {
		return -EINVAL;
	}
	if (!engine->setting.api_key) {
		return err_set(err, -ENOENT,
			"there is no key: set RUNNINGHUB_API_KEY, or api_key_file in the engine's "
			"section");
	}
	if (strcmp(upload, "v1") != 0 && strcmp(upload, "v2") != 0) {
		return err_set(err, -EINVAL, "upload must be \"v1\" or \"v2\"");
	}
	engine->upload_v2 = upload[1] == '2';
	if (asprintf(&engine->bearer, "Authorization: Bearer %s", engine->setting.api_key) < 0) {
		engine->bearer = NULL;
		return err_set(err, -ENOMEM, "there is no memory");
	}
	if (json_get_string(engine->mode, "workflow_id", &engine->workflow_id) < 0) {
		return err_set(err, -EINVAL,
			"the mode has no workflow: write workflow_id = \"...\" into its section");
	}
	return 0;
}

static void engine_close(void *state)
{
	struct runninghub *engine = state;

	if (engine) {
		http_destroy(engine->http);
		buf_finish(&engine->base);
		free(engine->bearer);
		setting_finish(&engine->setting);
		free(engine);
	}
}

static formy_status engine_open(const formy_host *host, const char *config, void **state)
{
	struct runninghub *engine = calloc(1, sizeof(*engine));
	struct err err = {""};

	if (!engine) {
		return FORMY_E_NOMEM;
	}
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
	struct runninghub *engine = state;
	struct job job;
	formy_status status =
		job_begin(&job, host, task, operation, engine->http, &engine->setting);

	if (status == FORMY_OK) {
		status = runninghub_run(engine, &job);
	}
	job_finish(&job);
	return status;
}

/* Asks for a task that there is not: whether the key is taken, at no cost. */
static formy_status engine_check(const formy_host *host, void *state, formy_task *task)
{
	struct runninghub *engine = state;
	struct json_object *body = json_object_new_object();
	struct http_request request = {
		.stage = HTTP_POLL, .max_bytes = LIMIT_ANSWER_JSON, .most_ms = 10000};
	struct http_answer answer = {0};
	struct json_object *said;
	struct buf url = {0};
	struct job job;
	const char *code;
	enum fault fault;
	formy_status status = job_begin_check(&job, host, task, engine->http, &engine->setting);

	json_object_object_add(body, "apiKey", json_object_new_string(engine->setting.api_key));
	json_object_object_add(body, "taskId", json_object_new_string("0"));
	buf_printf(&url, "%s/task/openapi/outputs", buf_cstr(&engine->base));
	request.url = buf_failed(&url) ? "" : buf_cstr(&url);
	request.json = json_text(body);
	http_send(engine->http, &request, &answer);
	fault = fault_of(&answer);
	said = job_parse(&answer);
	code = path_text(said, "code");
	if (fault == FAULT_NONE && code) {
		fault = runninghub_fault(strtoll(code, NULL, 10));
		fault = fault == FAULT_AUTH || fault == FAULT_MONEY ? fault : FAULT_NONE;
	}
	if (fault != FAULT_NONE) {
		status = job_fail_check(&job, fault, &request, &answer);
	}
	json_object_put(said);
	json_object_put(body);
	http_answer_finish(&answer);
	buf_finish(&url);
	job_finish(&job);
	return status;
}

static const formy_engine runninghub = {
	.size = sizeof(runninghub),
	.flags = FORMY_ENGINE_WHOLE_CONFIG,
	.type = "runninghub",
	.title = "Workflows that RunningHub hosts",
	.open = engine_open,
	.run = engine_run,
	.close = engine_close,
	.check = engine_check,
};

static const formy_engine *const engines[] = {&runninghub, NULL};

static const formy_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = FORMY_ABI_MAJOR,
	.abi_minor = FORMY_ABI_MINOR,
	.needs_minor = FORMY_ABI_MINOR,
	.flags = FORMY_NEEDS_NET,
	.id = "runninghub",
	.version = FORMY_VERSION,
	.license = "MIT",
	.engines = engines,
};

FORMY_EXPORT const formy_plugin *FORMY_PLUGIN_ENTRY(void)
{
	return &plugin;
}
