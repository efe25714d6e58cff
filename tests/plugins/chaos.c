/* Modes CHAOS and CHAOS_SHORT: do what their config says, and note first that it was started, as a line of
 * "<config.name> <attempt> <pid>" at the end of the file that mode "CHAOS" { notes } names. What
 * config.act says, it does in the attempts from config.first to config.times; others succeed. With
 * config.litter it leaves a file in TMPDIR. It is
 * not ready before the file that mode "CHAOS" { hold } may name is gone. */
#include "formy/plugin.h"

#include <fcntl.h>
#include <json-c/json.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STEP_MS 5
#define SIDE 32

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static formy_status chaos_open(const formy_host *host, const char *config, void **state)
{
	struct json_object *values = json_tokener_parse(config);
	const char *notes = json_object_get_string(json_object_object_get(values, "notes"));
	const char *hold = json_object_get_string(json_object_object_get(values, "hold"));

	while (hold && access(hold, F_OK) == 0) {
		(void)poll(NULL, 0, STEP_MS);
	}
	*state = notes ? strdup(notes) : NULL;
	json_object_put(values);
	if (!*state) {
		host->log(NULL, FORMY_LOG_ERROR, "mode \"CHAOS\" { notes = FILE } is missing");
		return FORMY_E_MISSING;
	}
	return FORMY_OK;
}

static void chaos_close(void *state)
{
	free(state);
}

static formy_status note(const char *path, const char *name, uint32_t attempt)
{
	char line[256];
	int len = snprintf(line, sizeof(line), "%s %u %ld\n", name, attempt, (long)getpid());
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	/* one write is one line, whoever else writes */
	bool written = fd >= 0 && len > 0 && (size_t)len < sizeof(line) &&
		write(fd, line, (size_t)len) == len;

	if (fd >= 0) {
		(void)close(fd);
	}
	return written ? FORMY_OK : FORMY_E_INTERNAL;
}

static formy_status take_time(const formy_host *host, formy_task *task, int64_t ms)
{
	int64_t start = now_ms();
	int64_t passed;

	while ((passed = now_ms() - start) < ms) {
		int64_t left = ms - passed;

		if (host->cancelled(task)) {
			return FORMY_E_CANCELLED;
		}
		host->progress(task, (int32_t)(passed * 1000 / ms), "Waiting");
		(void)poll(NULL, 0, (int)(left < STEP_MS ? left : STEP_MS));
	}
	return FORMY_OK;
}

static formy_status act(const formy_host *host, formy_task *task, const char *what)
{
	if (strcmp(what, "pass") == 0) {
		return host->fail(task, FORMY_E_UNREACHABLE, NULL, "It may pass.", NULL);
	}
	if (strcmp(what, "fail") == 0) {
		return host->fail(
			task, FORMY_E_PARAMS, "INVALID_CONFIG", "It does not pass.", NULL);
	}
	if (strcmp(what, "crash") == 0) {
		(void)raise(SIGKILL);
	}
	while (strcmp(what, "hang") == 0) {
		(void)poll(NULL, 0, 1000);
	}
	return FORMY_OK;
}

/* A picture, and the attempt that made it. */
static formy_status give(const formy_host *host, formy_task *task)
{
	formy_image image = {
		.size = sizeof(image),
		.format = FORMY_GREY8,
		.width = SIDE,
		.height = SIDE,
		.stride = SIDE,
	};
	uint8_t *pixels = host->alloc(task, (uint64_t)SIDE * SIDE);

	if (!pixels) {
		return FORMY_E_NOMEM;
	}
	memset(pixels, (int)(host->attempt(task) * 16), (size_t)SIDE * SIDE);
	image.pixels = pixels;
	return host->result(task, "output", &image);
}

static formy_status litter(void)
{
	const char *folder = getenv("TMPDIR");
	char path[4096];
	int fd;

	if (!folder || (size_t)snprintf(path, sizeof(path), "%s/XXXXXX", folder) >= sizeof(path)) {
		return FORMY_E_INTERNAL;
	}
	fd = mkstemp(path);
	if (fd < 0 || close(fd) < 0) {
		return FORMY_E_INTERNAL;
	}
	return FORMY_OK;
}

static formy_status chaos_run(const formy_host *host, void *state, formy_task *task)
{
	struct json_object *config = json_tokener_parse(host->params(task));
	const char *name = json_object_get_string(json_object_object_get(config, "name"));
	const char *what = json_object_get_string(json_object_object_get(config, "act"));
	int64_t times = json_object_get_int64(json_object_object_get(config, "times"));
	int64_t first = json_object_get_int64(json_object_object_get(config, "first"));
	char facts[64];
	formy_status status = note(state, name, host->attempt(task));

	if (status == FORMY_OK) {
		status = take_time(
			host, task, json_object_get_int64(json_object_object_get(config, "ms")));
	}
	if (status == FORMY_OK && host->attempt(task) >= first && host->attempt(task) <= times) {
		status = act(host, task, what);
	}
	if (status == FORMY_OK) {
		(void)snprintf(facts, sizeof(facts), "{\"attempt\": %u, \"pid\": %ld}",
			host->attempt(task), (long)getpid());
		status = host->facts(task, facts);
	}
	if (status == FORMY_OK &&
		json_object_get_boolean(json_object_object_get(config, "picture"))) {
		status = give(host, task);
	}
	if (status == FORMY_OK &&
		json_object_get_boolean(json_object_object_get(config, "litter"))) {
		status = litter();
	}
	json_object_put(config);
	return status;
}

#define CHAOS_MODE(mode_name, mode_title)                                                          \
	{                                                                                          \
		.size = sizeof(formy_mode), .flags = FORMY_MODE_NO_OUTPUT, .name = (mode_name),    \
		.title = (mode_title), .inputs = "[]",                                             \
		.params = "{\"name\": {\"type\": \"string\", \"required\": true},"                 \
			  " \"ms\": {\"type\": \"integer\", \"min\": 0, \"max\": 600000,"          \
			  "  \"default\": 10},"                                                    \
			  " \"act\": {\"type\": \"string\", \"default\": \"none\","                \
			  "  \"enum\": [\"none\", \"pass\", \"fail\", \"crash\", \"hang\"]},"      \
			  " \"first\": {\"type\": \"integer\", \"min\": 1, \"default\": 1},"       \
			  " \"times\": {\"type\": \"integer\", \"min\": 0, \"default\": 1000},"    \
			  " \"picture\": {\"type\": \"boolean\", \"default\": false},"             \
			  " \"litter\": {\"type\": \"boolean\", \"default\": false}}",             \
		.open = chaos_open, .run = chaos_run, .close = chaos_close,                        \
	}

static const formy_mode chaos = CHAOS_MODE("CHAOS", "Does what it is told, or not");
static const formy_mode chaos_short =
	CHAOS_MODE("CHAOS_SHORT", "The same, for tasks that are short");

static const formy_mode *const modes[] = {&chaos, &chaos_short, NULL};

static const formy_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = FORMY_ABI_MAJOR,
	.abi_minor = FORMY_ABI_MINOR,
	.needs_minor = FORMY_ABI_MINOR,
	.id = "chaos",
	.version = "1",
	.license = "MIT",
	.modes = modes,
};

const formy_plugin *FORMY_PLUGIN_ENTRY(void)
{
	return &plugin;
}
