#include "executor/extensions.h"

#include <stddef.h>
#include <string.h>

#include "executor/host.h"
#include "executor/memo.h"
#include "executor/places.h"
#include "executor/task.h"
#include "formy/extensions.h"

/* A memo is the main engine's: one of a helper would be in its way. */
static bool may_keep(formy_task *task, const char *function)
{
	return host_may_call(task, function) && task->request && task->serving == ENGINE_MAIN;
}

static const char *memo_get(formy_task *task)
{
	return may_keep(task, "memo.get") && task->memo[0] != '\0' ? task->memo : NULL;
}

static formy_status memo_set(formy_task *task, const char *text)
{
	if (!may_keep(task, "memo.set")) {
		return FORMY_E_UNSUPPORTED;
	}
	return memo_keep(task, text);
}

static formy_status later_retry_after(formy_task *task, uint32_t seconds, const char *code,
	const char *message, const char *details)
{
	if (!host_may_call(task, "retry_after")) {
		return FORMY_E_BUSY;
	}
	seconds = seconds < 1 ? 1 : seconds;
	seconds = seconds > LIMIT_RETRY_AFTER_S ? LIMIT_RETRY_AFTER_S : seconds;
	task->later_ms = seconds * UINT32_C(1000);
	return task_fail(task, FORMY_E_BUSY, code, message, details);
}

static formy_status later_down(formy_task *task, const char *code, const char *reason)
{
	if (!host_may_call(task, "down")) {
		return FORMY_E_BUSY;
	}
	task_set_failure(
		&task->down, FORMY_E_BUSY, code, reason ? reason : "It did not say why.", NULL);
	task->later_ms = 1000;
	return task_fail(task, FORMY_E_BUSY, code, reason, NULL);
}

static int32_t places_take(formy_task *task, const char *resource, uint32_t limit)
{
	return host_may_call(task, "places.take") && resource
		? place_take(&task->places, resource, limit)
		: 0;
}

static void places_give(formy_task *task, const char *resource)
{
	if (host_may_call(task, "places.give") && resource) {
		place_give(&task->places, resource);
	}
}

static uint32_t places_taken(formy_task *task, const char *resource)
{
	return host_may_call(task, "places.taken") && resource
		? place_count(&task->places, resource)
		: 0;
}

const void *extension_find(const char *id)
{
	static const formy_memo memo = {
		.size = sizeof(memo),
		.get = memo_get,
		.set = memo_set,
	};
	static const formy_later later = {
		.size = sizeof(later),
		.retry_after = later_retry_after,
		.down = later_down,
	};
	static const formy_places places = {
		.size = sizeof(places),
		.take = places_take,
		.give = places_give,
		.taken = places_taken,
	};

	if (!id) {
		return NULL;
	}
	if (strcmp(id, FORMY_MEMO_ID) == 0) {
		return &memo;
	}
	if (strcmp(id, FORMY_LATER_ID) == 0) {
		return &later;
	}
	return strcmp(id, FORMY_PLACES_ID) == 0 ? &places : NULL;
}
