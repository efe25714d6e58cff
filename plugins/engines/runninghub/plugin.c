#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "http/path.h"
#include "runninghub.h"

static int read_section(void *arg, struct err *err)
{
	struct runninghub *engine = arg;
	const char *base = "https://www.runninghub.cn";
	const char *upload = "v1";
	struct json_object *section = engine->remote.setting.section;

	engine->poll_every_s = 5;
	engine->capacity_wait_s = 30;
	engine->mode = json_member(section, "mode");
	if (setting_text(section, "base_url", err, &base) < 0 ||
		setting_text(section, "instance_type", err, &engine->instance_type) < 0 ||
		setting_text(section, "upload", err, &upload) < 0 ||
		setting_text(engine->mode, "output_node", err, &engine->output_node) < 0 ||
		setting_number(section, "poll_every", 1, 600, err, &engine->poll_every_s) < 0 ||
		setting_number(section, "capacity_wait", 1, 3600, err, &engine->capacity_wait_s) <
			0 ||
		setting_url("base_url", base, err, &engine->base) < 0) {
		return -EINVAL;
	}
	if (!engine->remote.setting.api_key) {
		return err_set(err, -ENOENT,
			"there is no key: set RUNNINGHUB_API_KEY, or api_key_file in the engine's "
			"section");
	}
	if (strcmp(upload, "v1") != 0 && strcmp(upload, "v2") != 0) {
		return err_set(err, -EINVAL, "upload must be \"v1\" or \"v2\"");
	}
	engine->upload_v2 = upload[1] == '2';
	if (asprintf(&engine->bearer, "Authorization: Bearer %s", engine->remote.setting.api_key) <
		0) {
		engine->bearer = NULL;
		return err_set(err, -ENOMEM, "there is no memory");
	}
	if (json_get_string(engine->mode, "workflow_id", &engine->workflow_id) < 0) {
		return err_set(err, -EINVAL,
			"the mode has no workflow: write workflow_id = \"...\" into its section");
	}
	return 0;
}

static void finish(void *arg)
{
	struct runninghub *engine = arg;

	buf_finish(&engine->base);
	free(engine->bearer);
}

static formy_status run(void *engine, struct job *job)
{
	return runninghub_run(engine, job);
}

/* Asks for a task that there is not: whether the key is taken, at no cost. */
static formy_status check(void *arg, struct job *job)
{
	struct runninghub *engine = arg;
	struct json_object *body = json_object_new_object();
	struct http_request request = {
		.stage = HTTP_POLL, .max_bytes = LIMIT_ANSWER_JSON, .most_ms = 10000};
	struct http_answer answer = {0};
	struct json_object *said;
	struct buf url = {0};
	formy_status status = FORMY_OK;
	const char *code;
	enum fault fault;

	json_object_object_add(
		body, "apiKey", json_object_new_string(engine->remote.setting.api_key));
	json_object_object_add(body, "taskId", json_object_new_string("0"));
	buf_printf(&url, "%s/task/openapi/outputs", buf_cstr(&engine->base));
	request.url = buf_failed(&url) ? "" : buf_cstr(&url);
	request.json = json_text(body);
	http_send(engine->remote.http, &request, &answer);
	fault = fault_of(&answer);
	said = job_parse(&answer);
	code = path_text(said, "code");
	if (fault == FAULT_NONE && code) {
		fault = runninghub_fault(strtoll(code, NULL, 10));
		fault = fault == FAULT_AUTH || fault == FAULT_MONEY ? fault : FAULT_NONE;
	}
	if (fault != FAULT_NONE) {
		status = job_fail_check(job, fault, &request, &answer);
	}
	json_object_put(said);
	json_object_put(body);
	http_answer_finish(&answer);
	buf_finish(&url);
	return status;
}

const struct remote_kind remote_kind = {
	.size = sizeof(struct runninghub),
	.read = read_section,
	.finish = finish,
	.run = run,
	.check = check,
};

static const formy_engine runninghub = {
	.size = sizeof(runninghub),
	.flags = FORMY_ENGINE_WHOLE_CONFIG,
	.type = "runninghub",
	.title = "Workflows that RunningHub hosts",
	.open = remote_open,
	.run = remote_run,
	.close = remote_close,
	.check = remote_check,
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
