#include "redis/link.h"

#include <errno.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/ident.h"
#include "redis/explain.h"
#include "redis/handshake.h"
#include "redis/link_poll.h"
#include "redis/link_private.h"

#define RETRY_FIRST_MS 50
#define RETRY_LAST_MS 2000
#define LATE_MS 1000 /* a look that is so late */

static void link_connect(struct link *link);
static void on_timer(uv_timer_t *timer);

static uint32_t with_jitter(uint32_t ms)
{
	char random[IDENT_RANDOM_SIZE];

	ident_random(random);
	return ms - ms / 4 + (uint32_t)(random[0] * 37 + random[1]) % (ms / 2 + 1);
}

/* Tells the owner, and plans the next attempt. The context is gone. */
static void link_wait(struct link *link)
{
	uint32_t wait_ms;

	if (link->state == LINK_CLOSED) {
		return;
	}
	link->retry_ms = link->retry_ms ? link->retry_ms * 2 : RETRY_FIRST_MS;
	if (link->retry_ms > RETRY_LAST_MS) {
		link->retry_ms = RETRY_LAST_MS;
	}
	wait_ms = with_jitter(link->retry_ms);
	link->state = LINK_WAITING;
	(void)uv_timer_start(&link->timer, on_timer, wait_ms, 0);
	if (link->owner->down) {
		link->owner->down(link, link->why.text, wait_ms, link->data);
	}
}

static void on_context_gone(void *arg)
{
	struct link *link = arg;
	redisAsyncContext *context = link->context;

	if (link->why.text[0] == '\0') {
		(void)err_set(&link->why, -ECONNRESET, "the connection to Redis at %s broke: %s",
			link->where,
			context && context->c.errstr[0] ? context->c.errstr : "closed");
	}
	link->context = NULL;
	link_wait(link);
}

/* Ends the connection; why is set. on_context_gone() comes from within, or, when hiredis is in a
 * callback, soon after it. */
static void link_drop(struct link *link)
{
	if (link->context && link->state != LINK_GOING) {
		if (link->state != LINK_CLOSED) {
			link->state = LINK_GOING;
		}
		redisAsyncFree(link->context);
	}
}

void link_reset(struct link *link, const char *why)
{
	if (link->state == LINK_CONNECTING || link->state == LINK_UP) {
		(void)err_set(&link->why, -ECONNRESET, "%s", why);
		link_drop(link);
	}
}

void link_follow(struct link *link, const char *why)
{
	link->retry_ms = 0;
	link_reset(link, why);
	if (link->state == LINK_WAITING) {
		(void)uv_timer_start(&link->timer, on_timer, 0, 0);
	}
}

/* This process stood still, be it that it was stopped: answers may lie there unread. */
static bool stood_still(struct link *link)
{
	uint64_t now = uv_now(link->loop);
	bool late = now > link->look_ms + LATE_MS;

	link->look_ms = now + link->overdue_ms / 4 + 1;
	return late;
}

static void on_timer(uv_timer_t *timer)
{
	struct link *link = timer->data;
	uint64_t silent_ms = uv_now(link->loop) - link->heard_ms;

	if (link->state == LINK_WAITING) {
		link_connect(link);
	} else if (link->state == LINK_CONNECTING) {
		(void)err_set(&link->why, -ETIMEDOUT, "Redis at %s did not answer within %u ms",
			link->where, link->address.connect_timeout_ms);
		link_drop(link);
	} else if (link->state == LINK_UP && stood_still(link)) {
		link->heard_ms = uv_now(link->loop);
	} else if (link->state == LINK_UP && link->pending > 0 && silent_ms > link->overdue_ms) {
		(void)err_set(&link->why, -ETIMEDOUT, "Redis at %s has not answered for %llu ms",
			link->where, (unsigned long long)silent_ms);
		link_drop(link);
	} else if (link->state == LINK_UP && link->pending == 0 &&
		silent_ms >= link->overdue_ms / 4 * 3) {
		struct str ping = STR("PING");

		(void)link_command(link, &ping, 1, NULL, NULL);
	}
}

void link_watch(struct link *link)
{
	uint64_t first_ms = link->overdue_ms / 4 * 3 + 1;

	link->look_ms = uv_now(link->loop) + first_ms;
	(void)uv_timer_start(&link->timer, on_timer, first_ms, link->overdue_ms / 4 + 1);
}

static void link_is_ready(struct link *link)
{
	struct link_server server = {
		.version = link->shake.version,
		.maxmemory_policy = link->shake.maxmemory_policy,
		.maxmemory = link->shake.maxmemory,
		.saves = link->shake.saves,
		.replica = link->shake.replica,
	};
	bool watched =
		link->overdue_ms > 0 && !(link->flags & LINK_BLOCKING) && link->channel_count == 0;

	if ((link->flags & LINK_WRITES) && link->shake.replica) {
		(void)redis_explain_replica(&link->why, link->where);
		link_drop(link);
		return;
	}
	link->state = LINK_UP;
	link->retry_ms = 0;
	link->heard_ms = uv_now(link->loop);
	if (watched) {
		link_watch(link);
	} else {
		(void)uv_timer_stop(&link->timer);
	}
	if (link->owner->up) {
		link->owner->up(link, &server, link->data);
	}
}

static void on_message(redisAsyncContext *context, void *answer, void *arg)
{
	struct link *link = arg;
	const redisReply *reply = answer;

	(void)context;
	if (!reply || link->state == LINK_GOING || link->state == LINK_CLOSED) {
		return;
	}
	if (reply->type == REDIS_REPLY_ERROR) {
		(void)redis_explain(&link->why, link->where, reply->str, reply->len);
		link_drop(link);
		return;
	}
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3 ||
		reply->element[0]->type != REDIS_REPLY_STRING) {
		return;
	}
	if (strcmp(reply->element[0]->str, "subscribe") == 0) {
		link->subscribed++;
		if (link->subscribed == link->channel_count) {
			link_is_ready(link);
		}
	} else if (strcmp(reply->element[0]->str, "message") == 0 && link->owner->message &&
		reply->element[2]->type == REDIS_REPLY_STRING) {
		link->owner->message(link,
			(struct str){reply->element[1]->str, reply->element[1]->len},
			(struct str){reply->element[2]->str, reply->element[2]->len}, link->data);
	}
}

static int link_subscribe(struct link *link)
{
	link->subscribed = 0;
	for (size_t i = 0; i < link->channel_count; i++) {
		const char *argv[] = {"SUBSCRIBE", link->channels[i]};

		if (redisAsyncCommandArgv(link->context, on_message, link, 2, argv, NULL) !=
			REDIS_OK) {
			return -ENOMEM;
		}
	}
	return 0;
}

static void on_handshake(redisAsyncContext *context, void *answer, void *arg)
{
	struct link *link = context->data;
	enum handshake_step step = (enum handshake_step)(uintptr_t)arg;

	if (!answer) {
		if (link->state == LINK_CONNECTING) {
			link->state = LINK_GOING;
		}
		return;
	}
	if (link->state != LINK_CONNECTING) {
		return;
	}
	if (handshake_check(step, answer, link->where, &link->why, &link->shake) < 0) {
		link_drop(link);
		return;
	}
	if (--link->answers_due > 0) {
		return;
	}
	if (link->channel_count == 0) {
		link_is_ready(link);
	} else if (link_subscribe(link) < 0) {
		(void)err_set(&link->why, -ENOMEM, "out of memory");
		link_drop(link);
	}
}

static int link_shake_hands(struct link *link)
{
	struct handshake_command command;

	link->shake = (struct handshake){0};
	link->answers_due = 0;
	for (uintptr_t step = 0; step < HANDSHAKE_STEPS; step++) {
		const char *argv[3];
		size_t lens[3];

		handshake_make(&link->address, link->name, (enum handshake_step)step, &command);
		for (size_t i = 0; i < command.argc; i++) {
			argv[i] = command.argv[i].data;
			lens[i] = command.argv[i].len;
		}
		if (command.argc > 0) {
			if (redisAsyncCommandArgv(link->context, on_handshake, (void *)step,
				    (int)command.argc, argv, lens) != REDIS_OK) {
				return -ENOMEM;
			}
			link->answers_due++;
		}
	}
	return 0;
}

/* hiredis 0.14 tells of a failed connect only by this; the context's own end follows. */
static void on_connect(const redisAsyncContext *context, int status)
{
	struct link *link = context->data;

	if (status != REDIS_OK && link->why.text[0] == '\0') {
		(void)redis_explain_connect(&link->why, link->where, errno, context->c.errstr);
	}
}

/* place: NULL for the address itself. */
static void link_connect_to(struct link *link, const struct sentinel_place *place)
{
	bool tcp = place || !link->address.unix_socket;
	redisAsyncContext *context;
	int error;

	link->why.text[0] = '\0';
	errno = 0;
	if (place) {
		context = redisAsyncConnect(place->host, place->port);
	} else if (tcp) {
		context = redisAsyncConnect(link->address.host, link->address.port);
	} else {
		context = redisAsyncConnectUnix(link->address.unix_socket);
	}
	error = errno;
	if (!context) {
		(void)err_set(&link->why, -ENOMEM, "out of memory");
		link_wait(link);
		return;
	}
	if (context->err) {
		(void)redis_explain_connect(&link->why, link->where,
			context->err == REDIS_ERR_IO ? error : 0, context->errstr);
		redisAsyncFree(context);
		link_wait(link);
		return;
	}
	context->data = link;
	handshake_prepare_socket(context->c.fd, tcp);
	error = link_poll_attach(link->loop, context, on_context_gone, link);
	if (error < 0) {
		(void)err_set(&link->why, error, "cannot watch the connection to Redis: %s",
			strerror(-error));
		redisAsyncFree(context);
		link_wait(link);
		return;
	}
	link->context = context;
	link->state = LINK_CONNECTING;
	(void)redisAsyncSetConnectCallback(context, on_connect);
	(void)uv_timer_start(&link->timer, on_timer, link->address.connect_timeout_ms, 0);
	if (link_shake_hands(link) < 0) {
		(void)err_set(&link->why, -ENOMEM, "out of memory");
		link_drop(link);
	}
}

static void link_name_place(struct link *link, const struct sentinel_place *place)
{
	(void)snprintf(link->where, sizeof(link->where), "%s:%u", place->host, place->port);
}

void link_found(struct link *link, const struct sentinel_place *master)
{
	if (!master) {
		link_wait(link);
		return;
	}
	link_name_place(link, master);
	link_connect_to(link, master);
}

static void link_connect(struct link *link)
{
	struct sentinel_place place;
	int result = 0;

	if (!link->address.sentinel_master) {
		link_connect_to(link, NULL);
		return;
	}
	/* the next one each time: this one may be wrong about the master */
	if (link->flags & LINK_SENTINEL) {
		result = sentinel_at(&link->address, link->sentinel++, &link->why, &place);
		if (result == 0) {
			link_name_place(link, &place);
			link_connect_to(link, &place);
		}
	} else {
		link->state = LINK_FINDING;
		result = link_find(link);
		link->sentinel++;
		if (result < 0) {
			(void)err_set(&link->why, result, "out of memory");
		}
	}
	if (result < 0) {
		link_wait(link);
	}
}

static void link_free(struct link *link)
{
	redis_address_finish(&link->address);
	for (size_t i = 0; i < link->channel_count; i++) {
		free(link->channels[i]);
	}
	free(link->channels);
	free(link->name);
	free(link);
}

static int copy_channels(struct link *link, const char *const *channels)
{
	size_t count = 0;

	while (channels && channels[count]) {
		count++;
	}
	if (count == 0) {
		return 0;
	}
	link->channels = calloc(count, sizeof(*link->channels));
	if (!link->channels) {
		return -ENOMEM;
	}
	for (; link->channel_count < count; link->channel_count++) {
		link->channels[link->channel_count] = strdup(channels[link->channel_count]);
		if (!link->channels[link->channel_count]) {
			return -ENOMEM;
		}
	}
	return 0;
}

int link_open(uv_loop_t *loop, const struct link_options *options, struct link **ret_link)
{
	struct link *link = calloc(1, sizeof(*link));
	int result;

	if (!link) {
		return -ENOMEM;
	}
	link->name = strdup(options->name);
	if (!link->name || redis_address_copy(options->address, &link->address) < 0 ||
		copy_channels(link, options->channels) < 0) {
		link_free(link);
		return -ENOMEM;
	}
	redis_address_text(&link->address, link->where);
	link->loop = loop;
	link->flags = options->flags;
	link->overdue_ms = options->overdue_ms;
	link->owner = options->owner;
	link->data = options->data;
	link->state = LINK_WAITING;
	result = uv_timer_init(loop, &link->timer);
	if (result < 0) {
		link_free(link);
		return result;
	}
	link->timer.data = link;
	(void)uv_timer_start(&link->timer, on_timer, 0, 0);
	*ret_link = link;
	return 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
	link_free(handle->data);
}

void link_close(struct link *link)
{
	bool going;

	if (!link || link->state == LINK_CLOSED) {
		return;
	}
	going = link->state == LINK_GOING;
	link->state = LINK_CLOSED;
	link_find_forget(link);
	if (link->context && !going) {
		redisAsyncFree(link->context);
	}
	uv_close((uv_handle_t *)&link->timer, on_timer_closed);
}

bool link_is_up(const struct link *link)
{
	return link->state == LINK_UP;
}

const char *link_where(const struct link *link)
{
	return link->where;
}

size_t link_pending(const struct link *link)
{
	return link->pending;
}

int64_t link_client_id(const struct link *link)
{
	return link->state == LINK_UP ? link->shake.client_id : 0;
}
