/* Mode REMOTE and an engine of type remote, which stands for a service far away. What the service
 * does is said by files in the folder `control` of the engine's section:
 *	down	its check fails with the file's words
 *	early	it waits before it keeps its memo
 *	hold	a job takes as long as it is there
 *	busy	it has no room: come back in a second
 *	broken	it refuses the key in the middle of a task
 *	lost	it does not know what became of a job that it was sent
 *	stall	its check goes on until it is told to stop
 *	deaf	its check goes on whatever it is told
 *	die	its check crashes
 *	leaky	its check prints its key, logs it, and fails with it
 * With REMOTE_BUILD it is but the engine, of type changing, whose builds are told apart by a fact.
 * What it does itself it logs, so that a test can count: "submitted", "resumed", "has a place". */
#include "formy/extensions.h"
#include "formy/plugin.h"

#include <fcntl.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef REMOTE_BUILD
#define REMOTE_BUILD 0
#endif

struct remote {
	char control[200];
	char key[64];
	size_t key_len;
	bool key_is_right;
	uint32_t limit;
};

static const char *text_of(struct json_object *object, const char *name)
{
	struct json_object *value = json_object_object_get(object, name);

	return value ? json_object_get_string(value) : "";
}

static formy_status open_remote(const formy_host *host, const char *config, void **state)
{
	struct json_object *json = json_tokener_parse(config);
	struct json_object *mode = json_object_object_get(json, "mode");
	struct remote *remote = calloc(1, sizeof(*remote));
	const char *key = text_of(json, "api_key");

	if (!json || !remote || strcmp(text_of(mode, "name"), "REMOTE") != 0) {
		free(remote);
		json_object_put(json);
		host->log(NULL, FORMY_LOG_ERROR, "The config lacks the mode.");
		return FORMY_E_PARAMS;
	}
	(void)snprintf(remote->control, sizeof(remote->control), "%s", text_of(json, "control"));
	(void)snprintf(remote->key, sizeof(remote->key), "%s", key);
	remote->key_len = strlen(key);
	remote->key_is_right = strncmp(key, "key-of-the-test-", 16) == 0;
	remote->limit = (uint32_t)json_object_get_int(json_object_object_get(json, "limit"));
	json_object_put(json);
	*state = remote;
	return FORMY_OK;
}

/* True when the file is there; text gets what is in it. */
static bool says(const struct remote *remote, const char *name, char *text, size_t size)
{
	char path[256];
	ssize_t len;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", remote->control, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return false;
	}
	len = read(fd, text, size - 1);
	text[len > 0 ? len : 0] = '\0';
	(void)close(fd);
	return true;
}

static formy_status check(const formy_host *host, void *state, formy_task *task)
{
	const struct remote *remote = state;
	char text[200];

	if (says(remote, "down", text, sizeof(text))) {
		return host->fail(
			task, FORMY_E_UNREACHABLE, "ENGINE_CONNECTION_FAILED", text, NULL);
	}
	while (says(remote, "deaf", text, sizeof(text))) {
		(void)poll(NULL, 0, 20);
	}
	while (says(remote, "stall", text, sizeof(text))) {
		if (host->cancelled(task)) {
			return FORMY_E_CANCELLED;
		}
		(void)poll(NULL, 0, 20);
	}
	if (says(remote, "die", text, sizeof(text))) {
		abort();
	}
	if (says(remote, "leaky", text, sizeof(text))) {
		(void)printf("printed %s\n", remote->key);
		(void)fflush(stdout);
		host->log(task, FORMY_LOG_WARNING, remote->key);
		(void)snprintf(text, sizeof(text), "{\"key\": \"%s\"}", remote->key);
		(void)host->facts(task, text);
		return host->fail(
			task, FORMY_E_UNREACHABLE, "ENGINE_AUTH_FAILED", remote->key, remote->key);
	}
	return host->facts(
		task, "{\"queue\": 3, \"servers\": {\"test:1\": \"ready\", \"test:2\": \"away\"}}");
}

static formy_status hold(
	const formy_host *host, const struct remote *remote, const char *word, formy_task *task)
{
	char text[8];

	while (says(remote, word, text, sizeof(text))) {
		if (host->cancelled(task)) {
			return FORMY_E_CANCELLED;
		}
		(void)poll(NULL, 0, 5);
	}
	return FORMY_OK;
}

static formy_status work(const formy_host *host, const struct remote *remote, formy_task *task)
{
	const formy_memo *memo = host->extension(FORMY_MEMO_ID);
	char line[1100];
	formy_status status = FORMY_OK;

	if (memo->get(task)) {
		(void)snprintf(line, sizeof(line), "resumed %s", memo->get(task));
	} else {
		host->log(task, FORMY_LOG_INFO, "waits early");
		status = hold(host, remote, "early", task);
		host->log(task, FORMY_LOG_INFO, "wants its memo kept");
		(void)snprintf(line, sizeof(line), "job-%u", host->attempt(task));
		status = status == FORMY_OK ? memo->set(task, line) : status;
		(void)snprintf(line, sizeof(line), "submitted");
	}
	if (status != FORMY_OK) {
		return status;
	}
	host->log(task, FORMY_LOG_INFO, line);
	status = hold(host, remote, "hold", task);
	if (says(remote, "lost", line, sizeof(line))) {
		return host->fail(task, FORMY_E_ENGINE, "ENGINE_TIMEOUT",
			"Nobody knows whether it was done.", NULL);
	}
	(void)snprintf(line, sizeof(line), "{\"key\": %zu, \"key_is_right\": %s, \"build\": %d}",
		remote->key_len, remote->key_is_right ? "true" : "false", REMOTE_BUILD);
	return status == FORMY_OK ? host->facts(task, line) : status;
}

static formy_status take_place(
	const formy_host *host, const struct remote *remote, formy_task *task)
{
	const formy_places *places = host->extension(FORMY_PLACES_ID);
	char line[64];

	if (!places->take(task, "server", remote->limit)) {
		const formy_later *later = host->extension(FORMY_LATER_ID);

		return later->retry_after(task, 1, NULL, "All places are taken.", NULL);
	}
	(void)snprintf(
		line, sizeof(line), "has a place, %u are taken", places->taken(task, "server"));
	host->log(task, FORMY_LOG_INFO, line);
	return hold(host, remote, "hold", task);
}

static formy_status run_remote(
	const formy_host *host, void *state, const char *operation, formy_task *task)
{
	const formy_later *later = host->extension(FORMY_LATER_ID);
	const struct remote *remote = state;
	char text[200];

	if (says(remote, "busy", text, sizeof(text))) {
		return later->retry_after(task, 1, "ENGINE_NOT_AVAILABLE", "No room.", text);
	}
	if (says(remote, "broken", text, sizeof(text))) {
		return later->down(task, "ENGINE_AUTH_FAILED", "The key is refused.");
	}
	if (strcmp(operation, "PLACE") == 0) {
		return take_place(host, remote, task);
	}
	if (strcmp(operation, "CRASH") == 0) {
		abort();
	}
	return work(host, remote, task);
}

#if !REMOTE_BUILD
static formy_status run_mode(const formy_host *host, void *state, formy_task *task)
{
	struct json_object *config = json_tokener_parse(host->params(task));
	const formy_request request = {
		.size = sizeof(request),
		.progress_to = 1000,
		.operation = text_of(config, "operation"),
		.engine = json_object_get_boolean(json_object_object_get(config, "helper"))
			? "helper"
			: NULL,
	};
	formy_status status = host->call(task, &request);

	(void)state;
	json_object_put(config);
	return status;
}

static const formy_mode mode = {
	.size = sizeof(mode),
	.flags = FORMY_MODE_NO_OUTPUT,
	.name = "REMOTE",
	.title = "Works elsewhere",
	.inputs = "[]",
	.params = "{\"operation\": {\"type\": \"string\", \"default\": \"WORK\"},"
		  " \"helper\": {\"type\": \"boolean\", \"default\": false}}",
	.run = run_mode,
};

static const formy_mode *const modes[] = {&mode, NULL};
#endif

static const char *const operations[] = {"WORK", "PLACE", "CRASH", NULL};

static const formy_engine engine = {
	.size = sizeof(engine),
	.type = REMOTE_BUILD ? "changing" : "remote",
	.title = "Stands for a service",
	.operations = operations,
	.open = open_remote,
	.run = run_remote,
	.close = free,
	.check = check,
};

static const formy_engine *const engines[] = {&engine, NULL};

static const formy_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = FORMY_ABI_MAJOR,
	.abi_minor = FORMY_ABI_MINOR,
	.needs_minor = FORMY_ABI_MINOR,
	.id = REMOTE_BUILD ? "changing" : "remote",
	.version = "1",
	.license = "MIT",
#if !REMOTE_BUILD
	.modes = modes,
#endif
	.engines = engines,
};

const formy_plugin *FORMY_PLUGIN_ENTRY(void)
{
	return &plugin;
}
