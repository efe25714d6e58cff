#include "executor/fake.h"

#include <json-c/json.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "wire/inspect.h"

#define MOST_ROLES LIMIT_TASK_INPUTS
#define LOOK_MS 5
#define SIDE 64 /* of a picture when there is none to go by */

struct fake_answer {
	const char *name;
	formy_status status;
};

/* Under which engines answer, and whether that is a mask. */
static const struct {
	const char *role;
	uint32_t format;
} usual[] = {
	{"output", FORMY_RGB8},
	{"image", FORMY_RGB8},
	{"result", FORMY_RGB8},
	{"mask", FORMY_GREY8},
	{"matte", FORMY_GREY8},
	{"alpha", FORMY_GREY8},
};

#define USUAL (sizeof(usual) / sizeof(usual[0]))

static formy_status engine_open(const formy_host *host, const char *config, void **state)
{
	struct json_object *object = json_tokener_parse(config);
	struct fake_answer *answer = calloc(1, sizeof(*answer));
	struct json_object *name = json_member(object, "answer");
	int64_t status = FORMY_OK;

	(void)host;
	if (answer) {
		(void)json_get_int(object, "status", &status);
		answer->status = (formy_status)status;
		answer->name = strdup(name ? json_object_get_string(name) : "");
		*state = answer;
	}
	json_object_put(object);
	return answer && answer->name ? FORMY_OK : FORMY_E_NOMEM;
}

static void engine_close(void *state)
{
	struct fake_answer *answer = state;

	free((char *)answer->name);
	free(answer);
}

static formy_status give(const formy_host *host, formy_task *task, const char *role,
	uint32_t format, uint32_t width, uint32_t height)
{
	formy_image image = {
		.size = sizeof(image), .format = format, .width = width, .height = height};

	image.stride = (uint64_t)width * format;
	image.pixels = host->alloc(task, image.stride * height);
	return image.pixels ? host->result(task, role, &image) : FORMY_E_NOMEM;
}

static formy_status answer_with(
	const formy_host *host, formy_task *task, const struct fake_answer *answer)
{
	const bool other = strcmp(answer->name, "other") == 0;
	formy_image first = {.size = sizeof(first), .width = SIDE, .height = SIDE};
	formy_status status = FORMY_OK;

	if (strcmp(answer->name, "nothing") == 0) {
		return FORMY_OK;
	}
	if (!other && host->input(task, "source", &first) != FORMY_OK) {
		first.width = first.height = SIDE;
	}
	for (size_t i = 0; i < USUAL && status == FORMY_OK; i++) {
		status = other ? give(host, task, usual[i].role,
					 usual[i].format == FORMY_GREY8 ? FORMY_RGBA8 : FORMY_GREY8,
					 i % 2 ? 1 : 3001, i % 2 ? 2003 : 1)
			       : give(host, task, usual[i].role, usual[i].format, first.width,
					 first.height);
	}
	if (status == FORMY_OK && strcmp(answer->name, "facts") == 0) {
		status = host->facts(task,
			"{\"width\": [[], null], \"faces\": -1e300, \"score\": \"\","
			" \"\": {\"\\u0000\": false}, \"points\": [[0]]}");
	}
	return status;
}

static formy_status engine_run(
	const formy_host *host, void *state, const char *operation, formy_task *task)
{
	const struct fake_answer *answer = state;

	(void)operation;
	host->log(task, FORMY_LOG_INFO, INSPECT_CALLED);
	if (answer->status != FORMY_OK) {
		(void)host->fail(task, answer->status, NULL,
			"The engine of `formy plugin check` is told to fail.", NULL);
		return answer->status;
	}
	if (strcmp(answer->name, "late") == 0 || strcmp(answer->name, "stops") == 0) {
		while (!host->cancelled(task)) {
			(void)poll(NULL, 0, LOOK_MS);
		}
		if (strcmp(answer->name, "stops") == 0) {
			return FORMY_E_CANCELLED;
		}
	}
	return answer_with(host, task, answer);
}

static formy_status mode_run(const formy_host *host, void *state, formy_task *task)
{
	struct json_object *config = json_tokener_parse(host->params(task));
	struct json_object *roles = json_member(config, "roles");
	struct json_object *params = json_member(config, "params");
	formy_image pictures[MOST_ROLES];
	formy_named_image named[MOST_ROLES];
	const formy_named_image *list[MOST_ROLES + 1] = {NULL};
	formy_request request = {.size = sizeof(request), .progress_to = 1000, .images = list};
	formy_status status = FORMY_OK;
	size_t count = 0;

	(void)state;
	for (size_t i = 0; roles && i < json_object_array_length(roles) && i < MOST_ROLES; i++) {
		const char *role = json_object_get_string(json_object_array_get_idx(roles, i));

		pictures[count].size = sizeof(pictures[count]);
		status = host->input(task, role, &pictures[count]);
		if (status == FORMY_OK) {
			named[count] = (formy_named_image){.size = sizeof(named[count]),
				.role = role,
				.image = &pictures[count]};
			list[count] = &named[count];
			count++;
		}
	}
	request.operation = json_object_get_string(json_member(config, "operation"));
	request.params = params ? json_text(params) : "{}";
	status = host->call(task, &request);
	json_object_put(config);
	return status;
}

static const formy_engine fake_engine = {
	.size = sizeof(fake_engine),
	.type = INSPECT_FAKE_ENGINE_TYPE,
	.title = "Answers a mode that is on trial",
	.open = engine_open,
	.run = engine_run,
	.close = engine_close,
};

static const formy_mode fake_mode = {
	.size = sizeof(fake_mode),
	.flags = FORMY_MODE_NO_OUTPUT,
	.name = INSPECT_FAKE_MODE_NAME,
	.title = "Calls an engine that is on trial",
	.inputs = "[{\"role\": \"source\", \"member\": \"source_image\"}]",
	.params = "{}",
	.run = mode_run,
};

static const formy_engine *const engines[] = {&fake_engine, NULL};
static const formy_mode *const modes[] = {&fake_mode, NULL};

static const formy_plugin fake = {
	.size = sizeof(fake),
	.abi_major = FORMY_ABI_MAJOR,
	.abi_minor = FORMY_ABI_MINOR,
	.needs_minor = FORMY_ABI_MINOR,
	.id = "fake",
	.version = FORMY_VERSION,
	.modes = modes,
	.engines = engines,
};

const formy_plugin *fake_plugin(const char *path)
{
	bool mine = strcmp(path, INSPECT_FAKE_MODE) == 0 || strcmp(path, INSPECT_FAKE_ENGINE) == 0;

	return mine ? &fake : NULL;
}
