/* Mode MASKED and two engines, of types narrow and wide. The mode has its helper cut out the person
 * (the operation PERSON_MATTE) and gives picture and matte to its engine, which paints all but the
 * person red and tells which parameters it got. The wide one wants all of a task's config. */
#include "formy/plugin.h"

#include <json-c/json.h>
#include <string.h>

static formy_status matte_of(const formy_host *host, formy_task *task,
	const formy_named_image *const *images, formy_image *matte)
{
	const formy_request request = {
		.size = sizeof(request),
		.progress_to = 500,
		.operation = "PERSON_MATTE",
		.images = images,
		.engine = "helper",
	};
	formy_status status = host->call(task, &request);

	return status == FORMY_OK ? host->reply(task, "matte", matte) : status;
}

static formy_status run_mode(const formy_host *host, void *state, formy_task *task)
{
	formy_image source = {.size = sizeof(source)};
	formy_image matte = {.size = sizeof(matte)};
	formy_image output = {.size = sizeof(output)};
	const formy_named_image first = {.size = sizeof(first), .role = "source", .image = &source};
	const formy_named_image second = {.size = sizeof(second), .role = "mask", .image = &matte};
	const formy_named_image *const alone[] = {&first, NULL};
	const formy_named_image *const both[] = {&first, &second, NULL};
	const formy_request request = {
		.size = sizeof(request),
		.progress_from = 500,
		.progress_to = 1000,
		.operation = "MASKED",
		.params = "{\"strength\": 7, \"colour\": \"red\"}",
		.images = both,
	};
	formy_status status = host->input(task, "source", &source);

	(void)state;
	if (status == FORMY_OK) {
		status = matte_of(host, task, alone, &matte);
	}
	if (status == FORMY_OK) {
		status = host->call(task, &request);
	}
	if (status == FORMY_OK) {
		status = host->reply(task, "output", &output);
	}
	return status == FORMY_OK ? host->result(task, "output", &output) : status;
}

static formy_status paint(const formy_host *host, formy_task *task)
{
	formy_image source = {.size = sizeof(source)};
	formy_image mask = {.size = sizeof(mask)};
	formy_image output = {.size = sizeof(output), .format = FORMY_RGB8};
	formy_status status = host->input(task, "source", &source);
	uint8_t *at;

	if (status == FORMY_OK) {
		status = host->input(task, "mask", &mask);
	}
	if (status != FORMY_OK || source.format != FORMY_RGB8 || mask.format != FORMY_GREY8 ||
		mask.width != source.width || mask.height != source.height) {
		return status == FORMY_OK ? FORMY_E_ENGINE : status;
	}
	output.width = source.width;
	output.height = source.height;
	output.stride = (uint64_t)source.width * 3;
	at = host->alloc(task, output.stride * output.height);
	output.pixels = at;
	if (!at) {
		return FORMY_E_NOMEM;
	}
	for (uint64_t y = 0; y < source.height; y++) {
		for (uint64_t x = 0; x < source.width; x++, at += 3) {
			const uint8_t red[] = {255, 0, 0};

			memcpy(at,
				mask.pixels[y * mask.stride + x] > 127
					? source.pixels + y * source.stride + x * 3
					: red,
				3);
		}
	}
	return host->result(task, "output", &output);
}

static formy_status run_engine(
	const formy_host *host, void *state, const char *operation, formy_task *task)
{
	struct json_object *facts = json_object_new_object();
	formy_status status;

	(void)state;
	(void)operation;
	json_object_object_add(facts, "params", json_tokener_parse(host->params(task)));
	status = host->facts(task, json_object_to_json_string(facts));
	json_object_put(facts);
	return status == FORMY_OK ? paint(host, task) : status;
}

static const formy_mode mode = {
	.size = sizeof(mode),
	.name = "MASKED",
	.title = "Has a helper make the mask",
	.inputs = "[{\"role\": \"source\", \"member\": \"source_image\", \"required\": true}]",
	.params = "{\"strength\": {\"type\": \"integer\", \"default\": 1},"
		  " \"softness\": {\"type\": \"number\", \"default\": 0.5}}",
	.run = run_mode,
};

static const formy_engine narrow = {
	.size = sizeof(narrow),
	.type = "narrow",
	.title = "Is given what the mode asks",
	.run = run_engine,
};

static const formy_engine wide = {
	.size = sizeof(wide),
	.flags = FORMY_ENGINE_WHOLE_CONFIG,
	.type = "wide",
	.title = "Is given all of a task's config",
	.run = run_engine,
};

static const formy_mode *const modes[] = {&mode, NULL};
static const formy_engine *const engines[] = {&narrow, &wide, NULL};

static const formy_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = FORMY_ABI_MAJOR,
	.abi_minor = FORMY_ABI_MINOR,
	.needs_minor = FORMY_ABI_MINOR,
	.id = "masked",
	.version = "1",
	.license = "MIT",
	.modes = modes,
	.engines = engines,
};

const formy_plugin *FORMY_PLUGIN_ENTRY(void)
{
	return &plugin;
}
