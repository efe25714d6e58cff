#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "webapi.h"

/* A member of the mode's section, else of the engine's. */
static const char *text_of(struct webapi *engine, const char *name, const char *fallback)
{
	struct json_object *section = engine->remote.setting.section;
	const char *text = fallback;

	if (json_get_string(json_member(section, "mode"), name, &text) < 0) {
		(void)json_get_string(section, name, &text);
	}
	return text;
}

static int check_texts(const struct webapi *engine, struct err *err)
{
	struct json_object *body = NULL;
	struct buf url = {0};
	int result = 0;

	if (!engine->submit_url || !engine->body || !engine->result_path) {
		return err_set(err, -EINVAL,
			"submit_url, body and result_path are required, in the engine's or the "
			"mode's section");
	}
	if (engine->poll_url && (!engine->state_path || !engine->done || !engine->failed)) {
		return err_set(err, -EINVAL,
			"poll_url needs state_path, state_done and state_failed beside it");
	}
	result = setting_url("submit_url", engine->submit_url, err, &url);
	buf_finish(&url);
	if (result == 0 &&
		json_parse(engine->body, strlen(engine->body), LIMIT_WORKFLOW, err, &body) < 0) {
		struct err why = *err;

		result = err_set(err, -EINVAL, "body is no JSON: %.300s", why.text);
	}
	json_object_put(body);
	return result;
}

static int read_section(void *arg, struct err *err)
{
	struct webapi *engine = arg;
	struct json_object *section = engine->remote.setting.section;
	int result;

	engine->submit_url = text_of(engine, "submit_url", NULL);
	engine->body = text_of(engine, "body", NULL);
	engine->poll_url = text_of(engine, "poll_url", NULL);
	engine->fetch_url = text_of(engine, "fetch_url", NULL);
	engine->cancel_url = text_of(engine, "cancel_url", NULL);
	engine->cancel_method = text_of(engine, "cancel_method", "POST");
	engine->state_path = text_of(engine, "state_path", NULL);
	engine->result_path = text_of(engine, "result_path", NULL);
	engine->error_path = text_of(engine, "error_path", NULL);
	engine->prompt = text_of(engine, "prompt", NULL);
	engine->poll_every_s = 2;
	result = setting_list(section, "state_done", err, &engine->done);
	if (result == 0) {
		result = setting_list(section, "state_failed", err, &engine->failed);
	}
	if (result == 0) {
		result = setting_number(section, "poll_every", 1, 600, err, &engine->poll_every_s);
	}
	return result < 0 ? result : check_texts(engine, err);
}

static formy_status run(void *engine, struct job *job)
{
	return webapi_run(engine, job);
}

const struct remote_kind remote_kind = {
	.size = sizeof(struct webapi),
	.read = read_section,
	.run = run,
};

static const formy_engine webapi = {
	.size = sizeof(webapi),
	.flags = FORMY_ENGINE_WHOLE_CONFIG,
	.type = "http",
	.title = "Any service that takes a task, is asked about it, and gives a picture",
	.open = remote_open,
	.run = remote_run,
	.close = remote_close,
};

static const formy_engine *const engines[] = {&webapi, NULL};

static const formy_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = FORMY_ABI_MAJOR,
	.abi_minor = FORMY_ABI_MINOR,
	.needs_minor = FORMY_ABI_MINOR,
	.flags = FORMY_NEEDS_NET,
	.id = "http",
	.version = FORMY_VERSION,
	.license = "MIT",
	.engines = engines,
};

FORMY_EXPORT const formy_plugin *FORMY_PLUGIN_ENTRY(void)
{
	return &plugin;
}
