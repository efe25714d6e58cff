#include <errno.h>
#include <hiredis/hiredis.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/ident.h"
#include "client/event.h"
#include "client/handle.h"
#include "client/missed.h"
#include "client/task_info.h"
#include "redis/conn.h"

#define CONNECTION_NAME "libformy-watch"

/* A foreign client writes the hash and tells nobody: so often a watched task is looked at. */
#define LOOK_EVERY_MS 1000

/* Events may come faster than they are told: so long after its time a dispatch ends all the same. */
#define FLOOD_MS 100

/* A listening connection can do nothing else, so there is a second one that reads. */
struct formy_watch {
	struct place place;
	struct redis_conn *listener;
	struct redis_conn *reader;
	char *id; /* NULL: all tasks */
	formy_event_fn callback;
	void *user;
	struct json_object *events; /* a message that is being told, and how far */
	size_t told;
	uint64_t look_at_ms;      /* when the task is read again, whatever the listener hears */
	formy_task_status status; /* of the one task, as last told */
	int32_t progress;
	bool state_due;   /* the state must be told, new or not */
	bool gap;         /* the listener was away: what it missed must be read */
	int64_t heard_us; /* the time of the last event, or of the beginning */
	struct err err;
};

static int tell(formy_watch *watch, struct json_object *from, size_t *count)
{
	formy_event event;
	int result = event_read(from, &event);

	if (result == -EPROTO) {
		/* not ours to judge: the channel is open to all who know the password */
		return 0;
	}
	if (result < 0) {
		return err_set(&watch->err, result, "out of memory");
	}
	if (event.time_us > watch->heard_us && !event.is_state) {
		watch->heard_us = event.time_us;
	}
	if (watch->id && strcmp(event.task_id, watch->id) != 0) {
		return 0;
	}
	watch->status = event.status;
	watch->progress = event.progress >= 0 ? event.progress : watch->progress;
	(*count)++;
	if (watch->callback(watch->user, &event) != 0) {
		return FORMY_CLIENT_E_STOPPED;
	}
	return 0;
}

/* Tells what is left of the last message. 0, a negative errno, or FORMY_CLIENT_E_STOPPED. */
static int tell_events(formy_watch *watch, size_t *count)
{
	int result = 0;

	while (result == 0 && watch->events &&
		watch->told < json_object_array_length(watch->events)) {
		result =
			tell(watch, json_object_array_get_idx(watch->events, watch->told++), count);
	}
	if (watch->events && watch->told >= json_object_array_length(watch->events)) {
		json_object_put(watch->events);
		watch->events = NULL;
		watch->told = 0;
	}
	return result;
}

static int read_task(formy_watch *watch, formy_task_info **ret_task)
{
	const struct task_desk desk = {.conn = watch->reader, .keys = &watch->place.keys};
	struct task task;
	int result = task_get(&desk, watch->id, &watch->err, &task);

	if (result < 0) {
		return handle_code(result);
	}
	return task_info_make(&task, ret_task) < 0
		? handle_code(err_set(&watch->err, -ENOMEM, "out of memory"))
		: 0;
}

/* Reads the one task, and tells its state if it must be told or is new. Codes are public ones. */
static int look(formy_watch *watch, size_t *count)
{
	formy_task_info *task = NULL;
	struct json_object *state = NULL;
	int result = handle_connect(watch->reader, &watch->err);

	if (result == 0) {
		result = read_task(watch, &task);
	}
	if (result < 0) {
		return result;
	}
	watch->look_at_ms = clock_mono_ms() + LOOK_EVERY_MS;
	if (watch->state_due || task->status != watch->status || task->progress > watch->progress) {
		state = event_of_state(task);
		if (!state) {
			result = FORMY_CLIENT_E_MEMORY;
			goto out;
		}
		watch->state_due = false;
		result = tell(watch, state, count);
		result = result == FORMY_CLIENT_E_STOPPED ? result : handle_code(result);
	}
out:
	json_object_put(state);
	formy_task_free(task);
	return result;
}

/* Takes in what happened between two connections of the listener. Codes are public ones. */
static int read_gap(formy_watch *watch)
{
	int result = handle_connect(watch->reader, &watch->err);

	if (result < 0) {
		return result;
	}
	result = missed_read(
		watch->reader, &watch->place.keys, watch->heard_us, &watch->err, &watch->events);
	if (result < 0) {
		return handle_code(result);
	}
	watch->gap = false;
	return 0;
}

/* Subscribes, unless that is done; then the state is due. */
static int listen_again(formy_watch *watch)
{
	int result;

	if (redis_conn_fd(watch->listener) >= 0) {
		return 0;
	}
	result = handle_connect(watch->listener, &watch->err);
	if (result < 0) {
		return result;
	}
	result = redis_conn_subscribe(
		watch->listener, watch->place.keys.names[TASK_CHANNEL_EVENTS].data, &watch->err);
	if (result < 0) {
		redis_conn_close(watch->listener);
		return handle_code(result);
	}
	watch->state_due = watch->id != NULL;
	watch->look_at_ms = 0;
	watch->gap = watch->heard_us > 0;
	return 0;
}

/* Takes the next message in. 1 when there was one, 0 when the time was over, a public code. */
static int hear(formy_watch *watch, int timeout_ms)
{
	redisReply *reply = NULL;
	int result = redis_conn_next(watch->listener, timeout_ms, &watch->err, &reply);

	if (result == -EAGAIN) {
		return 0;
	}
	if (result < 0) {
		redis_conn_close(watch->listener);
		return handle_code(result);
	}
	if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 3 &&
		reply->element[2]->type == REDIS_REPLY_STRING) {
		result =
			event_parse(reply->element[2]->str, reply->element[2]->len, &watch->events);
	}
	freeReplyObject(reply);
	return result == -ENOMEM ? FORMY_CLIENT_E_MEMORY : 1;
}

/* How long the listener may be waited for: until the caller's time is over or the next look. */
static int wait_ms(const formy_watch *watch, uint64_t deadline, size_t count)
{
	uint64_t now = clock_mono_ms();
	uint64_t until = watch->id && watch->look_at_ms < deadline ? watch->look_at_ms : deadline;

	if (count > 0 || until <= now) {
		return 0;
	}
	return until - now > 60000 ? 60000 : (int)(until - now);
}

int formy_watch_dispatch(formy_watch *watch, int timeout_ms, size_t *ret_events)
{
	uint64_t start = clock_mono_ms();
	uint64_t deadline = timeout_ms < 0 ? UINT64_MAX : start + (uint64_t)timeout_ms;
	uint64_t latest = timeout_ms < 0 ? UINT64_MAX : deadline + FLOOD_MS;
	size_t count = 0;
	bool renewed = false;
	int result = 0;

	watch->err.text[0] = '\0';
	for (;;) {
		int told = tell_events(watch, &count);
		uint64_t begun = clock_mono_ms();
		int patience;

		if (told < 0) {
			result = told == FORMY_CLIENT_E_STOPPED ? told : handle_code(told);
			break;
		}
		if (begun >= latest) {
			result = 0;
			break;
		}
		result = listen_again(watch);
		if (result == 0 && watch->gap) {
			result = read_gap(watch);
			if (result == 0) {
				continue;
			}
		}
		if (result == 0 && watch->id && begun >= watch->look_at_ms) {
			result = look(watch, &count);
		}
		if (result < 0) {
			break;
		}
		patience = wait_ms(watch, deadline, count);
		result = hear(watch, patience);
		if (result < 0) {
			/* once: a server that drops it again is the caller's to judge */
			if (renewed) {
				break;
			}
			renewed = true;
			continue;
		}
		if (result == 0) {
			uint64_t now = clock_mono_ms();

			/* early and for nothing is a signal */
			if (count > 0 || now >= deadline || now < begun + (uint64_t)patience) {
				break;
			}
		}
	}
	if (ret_events) {
		*ret_events = count;
	}
	return result < 0 ? result : FORMY_CLIENT_OK;
}

static int init(formy_watch *watch, const formy_client *client, const char *id)
{
	if (place_copy(&client->place, &watch->place) < 0 ||
		redis_conn_create(&watch->place.address, CONNECTION_NAME,
			watch->place.command_timeout_ms, &watch->listener) < 0 ||
		redis_conn_create(&watch->place.address, CONNECTION_NAME,
			watch->place.command_timeout_ms, &watch->reader) < 0) {
		return -ENOMEM;
	}
	watch->id = id ? strdup(id) : NULL;
	return id && !watch->id ? -ENOMEM : 0;
}

/* Subscribes, and then makes sure that the task is there. */
static int begin(formy_watch *watch)
{
	formy_task_info *task = NULL;
	int result = listen_again(watch);

	if (result == 0) {
		result = handle_connect(watch->reader, &watch->err);
	}
	if (result == 0) {
		result = handle_code(missed_now(watch->reader, &watch->err, &watch->heard_us));
	}
	if (result == 0 && watch->id) {
		result = read_task(watch, &task);
	}
	formy_task_free(task);
	return result;
}

int formy_watch_open(formy_client *client, const char *id, formy_event_fn callback, void *user,
	formy_watch **ret_watch)
{
	formy_watch *watch = calloc(1, sizeof(*watch));
	int result;

	if (!watch || init(watch, client, id) < 0) {
		formy_watch_close(watch);
		return handle_fail(client, FORMY_CLIENT_E_MEMORY, "out of memory");
	}
	watch->callback = callback;
	watch->user = user;
	result = begin(watch);
	if (result < 0) {
		client->err = watch->err;
		formy_watch_close(watch);
		return result;
	}
	*ret_watch = watch;
	return FORMY_CLIENT_OK;
}

int formy_watch_fd(const formy_watch *watch)
{
	return redis_conn_fd(watch->listener);
}

const char *formy_watch_error(const formy_watch *watch)
{
	return watch->err.text;
}

void formy_watch_close(formy_watch *watch)
{
	if (!watch) {
		return;
	}
	if (watch->listener) {
		redis_conn_destroy(watch->listener);
	}
	if (watch->reader) {
		redis_conn_destroy(watch->reader);
	}
	json_object_put(watch->events);
	place_finish(&watch->place);
	free(watch->id);
	free(watch);
}
