#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/limits.h"
#include "openai.h"

#define ANSWER_MS 300000 /* users wait one to two minutes for a picture */

static int check_extra(struct json_object *extra, struct err *err)
{
	size_t count = extra ? json_object_array_length(extra) : 0;

	for (size_t i = 0; i < count; i++) {
		const char *pair = json_object_get_string(json_object_array_get_idx(extra, i));

		if (count > OPENAI_EXTRA || !strchr(pair, '=') || pair[0] == '=') {
			return err_set(err, -EINVAL,
				"extra must be at most %d texts such as \"quality=high\"",
				OPENAI_EXTRA);
		}
	}
	return 0;
}

/* Whoever has a key and no header for it means a bearer. */
static int add_authorization(struct http_setting *setting, struct err *err)
{
	struct buf line = {0};
	size_t at = 0;

	for (; setting->headers[at]; at++) {
		if (strncasecmp(setting->headers[at], "authorization:", 14) == 0 ||
			strncasecmp(setting->headers[at], "api-key:", 8) == 0) {
			return 0;
		}
	}
	if (!setting->api_key || at == SETTING_HEADERS) {
		return 0;
	}
	buf_printf(&line, "Authorization: Bearer %s", setting->api_key);
	setting->headers[at] = buf_failed(&line) ? NULL : strdup(buf_cstr(&line));
	buf_finish(&line);
	return setting->headers[at] ? 0 : err_set(err, -ENOMEM, "there is no memory");
}

static int read_section(void *arg, struct err *err)
{
	struct openai *engine = arg;
	const char *base = "https://api.openai.com/v1";
	struct json_object *section = engine->remote.setting.section;
	struct json_object *mode = json_member(section, "mode");

	engine->model = "gpt-image-1";
	engine->image_field = "image[]";
	if (!json_member(section, "submit_timeout")) {
		engine->remote.setting.stage_ms[HTTP_SUBMIT] = ANSWER_MS;
	}
	if (setting_text(section, "base_url", err, &base) < 0 ||
		setting_text(section, "model", err, &engine->model) < 0 ||
		setting_text(section, "image_field", err, &engine->image_field) < 0 ||
		setting_text(section, "size", err, &engine->size) < 0 ||
		setting_list(section, "extra", err, &engine->extra) < 0 ||
		setting_list(mode, "images", err, &engine->images) < 0 ||
		setting_url("base_url", base, err, &engine->base) < 0 ||
		check_extra(engine->extra, err) < 0 ||
		add_authorization(&engine->remote.setting, err) < 0) {
		return -EINVAL;
	}
	if (json_get_string(mode, "prompt", &engine->prompt) < 0) {
		return err_set(err, -EINVAL,
			"the mode has no prompt: write prompt = \"...\" into its section");
	}
	return 0;
}

static void finish(void *arg)
{
	struct openai *engine = arg;

	buf_finish(&engine->base);
}

static formy_status run(void *engine, struct job *job)
{
	return openai_edit(engine, job);
}

/* The list of models costs nothing, and wants the key. */
static formy_status check(void *arg, struct job *job)
{
	struct openai *engine = arg;
	struct http_request request = {
		.stage = HTTP_POLL, .max_bytes = LIMIT_ANSWER_JSON, .most_ms = 10000};
	struct http_answer answer = {0};
	struct buf url = {0};
	formy_status status = FORMY_OK;
	enum fault fault;

	buf_printf(&url, "%s/models", buf_cstr(&engine->base));
	request.url = buf_failed(&url) ? "" : buf_cstr(&url);
	http_send(engine->remote.http, &request, &answer);
	fault = fault_of(&answer);
	/* a gateway may have no such list: that it answers will do */
	if (fault != FAULT_NONE && fault != FAULT_REQUEST) {
		status = job_fail_check(job, fault, &request, &answer);
	}
	http_answer_finish(&answer);
	buf_finish(&url);
	return status;
}

const struct remote_kind remote_kind = {
	.size = sizeof(struct openai),
	.read = read_section,
	.finish = finish,
	.run = run,
	.check = check,
};

static const formy_engine openai = {
	.size = sizeof(openai),
	.flags = FORMY_ENGINE_WHOLE_CONFIG,
	.type = "openai",
	.title = "Image editing by OpenAI and what speaks its protocol",
	.open = remote_open,
	.run = remote_run,
	.close = remote_close,
	.check = remote_check,
};

static const formy_engine *const engines[] = {&openai, NULL};

static const formy_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = FORMY_ABI_MAJOR,
	.abi_minor = FORMY_ABI_MINOR,
	.needs_minor = FORMY_ABI_MINOR,
	.flags = FORMY_NEEDS_NET,
	.id = "openai",
	.version = FORMY_VERSION,
	.license = "MIT",
	.engines = engines,
};

FORMY_EXPORT const formy_plugin *FORMY_PLUGIN_ENTRY(void)
{
	return &plugin;
}
