#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "client/handle.h"

#define TICK_MS 250             /* how often the caller is called at the least */
#define REDIS_PATIENCE_MS 60000 /* for how long a lost Redis is waited for */

struct waiter {
	formy_client *client;
	const char *id;
	formy_watch *watch;    /* NULL while there is none */
	formy_task_info *task; /* as last read; NULL before the first time */
	uint64_t deadline_ms;
	uint64_t lost_since_ms; /* 0: Redis is there */
	bool changed;           /* something happened since the task was read */
};

static bool has_ended(const formy_task_info *task)
{
	return task &&
		(task->status == FORMY_TASK_DONE || task->status == FORMY_TASK_FAILED ||
			task->status == FORMY_TASK_CANCELLED);
}

static int on_event(void *user, const formy_event *event)
{
	struct waiter *waiter = user;

	(void)event;
	waiter->changed = true;
	return 0;
}

static int read_task(struct waiter *waiter)
{
	formy_task_info *task = NULL;
	int result = formy_task_get(waiter->client, waiter->id, &task);

	if (result < 0) {
		return result;
	}
	formy_task_free(waiter->task);
	waiter->task = task;
	waiter->changed = false;
	return 0;
}

/* Waits for an event or the next tick, and reads the task when something happened. */
static int step(struct waiter *waiter)
{
	int result = 0;

	if (!waiter->watch) {
		result = formy_watch_open(
			waiter->client, waiter->id, on_event, waiter, &waiter->watch);
	}
	if (result == 0) {
		result = formy_watch_dispatch(waiter->watch, waiter->task ? TICK_MS : 0, NULL);
		if (result < 0) {
			(void)text_copy(waiter->client->err.text, sizeof(waiter->client->err.text),
				formy_watch_error(waiter->watch));
		}
	}
	if (result == 0 && (waiter->changed || !waiter->task)) {
		result = read_task(waiter);
	}
	return result;
}

/* A Redis that went away may come back: 0 as long as that is worth waiting for. */
static int outlast(struct waiter *waiter, int result)
{
	uint64_t now = clock_mono_ms();

	if (result != FORMY_CLIENT_E_REDIS || !waiter->task) {
		return result;
	}
	if (waiter->lost_since_ms == 0) {
		waiter->lost_since_ms = now;
	}
	if (waiter->deadline_ms == UINT64_MAX && now > waiter->lost_since_ms + REDIS_PATIENCE_MS) {
		return result;
	}
	(void)poll(NULL, 0, TICK_MS);
	return 0;
}

int formy_wait(formy_client *client, const char *id, uint32_t timeout_ms, formy_wait_fn callback,
	void *user, formy_task_info **ret_task)
{
	struct waiter waiter = {
		.client = client,
		.id = id,
		.deadline_ms = timeout_ms ? clock_mono_ms() + timeout_ms : UINT64_MAX,
	};
	int result = 0;

	while (result == 0) {
		result = step(&waiter);
		if (result == 0) {
			waiter.lost_since_ms = 0;
		} else {
			result = outlast(&waiter, result);
		}
		if (result == 0 && callback && waiter.task && callback(user, waiter.task) != 0 &&
			!has_ended(waiter.task)) {
			result = handle_fail(client, FORMY_CLIENT_E_STOPPED,
				"the task %s was waited for no longer", id);
		}
		if (has_ended(waiter.task)) {
			break;
		}
		if (result == 0 && clock_mono_ms() >= waiter.deadline_ms) {
			result = handle_fail(client, FORMY_CLIENT_E_TIMEOUT,
				"the task %s has not ended within %u ms", id, timeout_ms);
		}
	}
	formy_watch_close(waiter.watch);
	if (result < 0) {
		formy_task_free(waiter.task);
		return result;
	}
	*ret_task = waiter.task;
	return FORMY_CLIENT_OK;
}
