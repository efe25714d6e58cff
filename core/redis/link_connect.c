/* How a link gets up: the sentinels are asked where the master is, then connect, the handshake, and
 * for a subscriber its channels. */
#include <errno.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "redis/explain.h"
#include "redis/link_poll.h"
#include "redis/link_private.h"

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
	error = link_poll_attach(link->loop, context, link_context_gone, link);
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
	link_set_timer(link, link->address.connect_timeout_ms, 0);
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

void link_connect(struct link *link)
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
