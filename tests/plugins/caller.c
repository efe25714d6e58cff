/* Mode CALL and an engine of type caller: the mode gives config.operation to its engine, with the
 * source picture, and the answer is the result. */
#include "formy/plugin.h"

#include <json-c/json.h>
#include <string.h>

static formy_status call_run(const formy_host *host, void *state, formy_task *task)
{
	struct json_object *config = json_tokener_parse(host->params(task));
	formy_image source = {.size = sizeof(source)};
	formy_image answer = {.size = sizeof(answer)};
	const formy_named_image named = {
		.size = sizeof(named), .role = "picture", .image = &source};
	const formy_named_image *const images[] = {&named, NULL};
	formy_request request = {
		.size = sizeof(request),
		.progress_from = 200,
		.progress_to = 400,
		.operation = json_object_get_string(json_object_object_get(config, "operation")),
		.params = "{\"level\": 7}",
		.images = images,
	};
	formy_status status = host->input(task, "source", &source);

	(void)state;
	if (status == FORMY_OK) {
		status = host->call(task, &request);
	}
	if (status == FORMY_OK) {
		status = host->reply(task, "answer", &answer);
	}
	if (status == FORMY_OK) {
		status = host->facts(task, "{\"width\": 1, \"mine\": true}");
	}
	if (status == FORMY_OK) {
		status = host->result(task, "output", &answer);
	}
	json_object_put(config);
	return status;
}

static formy_status paint(const formy_host *host, formy_task *task, const formy_image *picture)
{
	uint8_t grey[16];
	const formy_image answer = {
		.size = sizeof(answer),
		.format = FORMY_GREY8,
		.width = 4,
		.height = 4,
		.stride = 4,
		.pixels = grey,
	};
	formy_image missing = {.size = sizeof(missing)};
	formy_status status;

	if (strcmp(host->params(task), "{\"level\": 7}") != 0 ||
		host->input(task, "source", &missing) != FORMY_E_MISSING) {
		return FORMY_E_INTERNAL;
	}
	/* the host copies what does not lie in its own memory */
	memset(grey, picture->pixels[0], sizeof(grey));
	host->progress(task, 500, "Painting");
	status = host->result(task, "answer", &answer);
	memset(grey, 0, sizeof(grey));
	return status == FORMY_OK ? host->facts(task, "{\"seed\": 42}") : status;
}

static formy_status recode(const formy_host *host, formy_task *task)
{
	formy_blob blob = {.size = sizeof(blob)};
	formy_status status = host->input_bytes(task, "picture", "image/png", &blob);

	return status == FORMY_OK ? host->result_bytes(task, "answer", &blob) : status;
}

static formy_status engine_run(
	const formy_host *host, void *state, const char *operation, formy_task *task)
{
	const formy_request request = {.size = sizeof(request), .operation = "PAINT"};
	const formy_blob rubbish = {.size = sizeof(rubbish), .data = "<html>", .len = 6};
	formy_image picture = {.size = sizeof(picture)};
	formy_status status = host->input(task, "picture", &picture);

	(void)state;
	if (status != FORMY_OK) {
		return status;
	}
	if (strcmp(operation, "PAINT") == 0) {
		return paint(host, task, &picture);
	}
	if (strcmp(operation, "RECODE") == 0) {
		return recode(host, task);
	}
	if (strcmp(operation, "RUBBISH") == 0) {
		return host->result_bytes(task, "answer", &rubbish);
	}
	if (strcmp(operation, "NEST") == 0) {
		return host->call(task, &request);
	}
	return host->fail(task, FORMY_E_TIMEOUT, "ENGINE_TIMEOUT", "The server is slow.", "3 s");
}

static const formy_mode call_mode = {
	.size = sizeof(call_mode),
	.name = "CALL",
	.title = "Asks its engine",
	.inputs = "[{\"role\": \"source\", \"member\": \"source_image\", \"required\": true}]",
	.params = "{\"operation\": {\"type\": \"string\", \"required\": true}}",
	.run = call_run,
};

static const char *const operations[] = {"PAINT", "RECODE", "RUBBISH", "NEST", "FAIL", NULL};

static const formy_engine engine = {
	.size = sizeof(engine),
	.type = "caller",
	.title = "Answers",
	.operations = operations,
	.run = engine_run,
};

static const formy_mode *const modes[] = {&call_mode, NULL};
static const formy_engine *const engines[] = {&engine, NULL};

static const formy_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = FORMY_ABI_MAJOR,
	.abi_minor = FORMY_ABI_MINOR,
	.needs_minor = FORMY_ABI_MINOR,
	.id = "caller",
	.version = "1",
	.license = "MIT",
	.modes = modes,
	.engines = engines,
};

const formy_plugin *FORMY_PLUGIN_ENTRY(void)
{
	return &plugin;
}
