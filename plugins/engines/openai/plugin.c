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

static int read_section(struct openai *engine, const char *text, struct err *err)
{
	const char *base = "https://api.openai.com/v1";
	int result = setting_read(&engine->setting, text, err);
	struct json_object *section = engine->setting.section;
	struct json_object *mode = json_member(section, "mode");

	engine->model = "gpt-image-1";
	engine->image_field = "image[]";
	if (!json_member(section, "submit_timeout")) {
		engine->setting.stage_ms[HTTP_SUBMIT] = ANSWER_MS;
	}
	if (result < 0 || setting_text(section, "base_url", err, &base) < 0 ||
		setting_text(section, "model", err, &engine->model) < 0 ||
		setting_text(section, "image_field", err, &engine->image_field) < 0 ||
		setting_text(section, "size", err, &engine->size) < 0 ||
		setting_list(section, "extra", err, &engine->extra) < 0 ||
		setting_list(mode, "images", err, &engine->images) < 0 ||
		setting_url("base_url", base, err, &engine->base) < 0 ||
		check_extra(engine->extra, err) < 0 ||
		add_authorization(&engine->setting, err) < 0) {
		return -EINVAL;
	}
	if (json_get_string(mode, "prompt", &engine->prompt) < 0) {
		return err_set(err, -EINVAL,
			"the mode has no prompt: write prompt = \"...\" into its section");
	}
	return 0;
}

static void engine_close(void *state)
{
	struct openai *engine = state;

	if (engine) {
		http_destroy(engine->http);
		buf_finish(&engine->base);
		setting_finish(&engine->setting);
		free(engine);
	}
}

static formy_status engine_open(const formy_host *host, const char *config, void **state)
{
	struct openai *engine = calloc(1, sizeof(*engine));
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
	struct openai *engine = state;
	struct job job;
	formy_status status =
		job_begin(&job, host, task, operation, engine->http, &engine->setting);

	if (status == FORMY_OK) {
		status = openai_edit(engine, &job);
	}
	job_finish(&job);
	return status;
}

/* The list of models costs nothing, and wants the key. */
static formy_status engine_check(const formy_host *host, void *state, formy_task *task)
{
	struct openai *engine = state;
	struct http_request request = {
		.stage = HTTP_POLL, .max_bytes = LIMIT_ANSWER_JSON, .most_ms = 10000};
	struct http_answer answer = {0};
	struct buf url = {0};
	struct job job;
	enum fault fault;
	formy_status status = job_begin_check(&job, host, task, engine->http, &engine->setting);

	buf_printf(&url, "%s/models", buf_cstr(&engine->base));
	request.url = buf_failed(&url) ? "" : buf_cstr(&url);
	http_send(engine->http, &request, &answer);
	fault = fault_of(&answer);
	/* a gateway may have no such list: that it answers will do */
	if (fault != FAULT_NONE && fault != FAULT_REQUEST) {
		status = job_fail_check(&job, fault, &request, &answer);
	}
	http_answer_finish(&answer);
	buf_finish(&url);
	job_finish(&job);
	return status;
}

static const formy_engine openai = {
	.size = sizeof(openai),
	.flags = FORMY_ENGINE_WHOLE_CONFIG,
	.type = "openai",
	.title = "Image editing by OpenAI and what speaks its protocol",
	.open = engine_open,
	.run = engine_run,
	.close = engine_close,
	.check = engine_check,
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
