/* The inside of a link, shared by link.c (the connection) and link_call.c (commands). */
#ifndef FORMY_REDIS_LINK_PRIVATE_H
#define FORMY_REDIS_LINK_PRIVATE_H

#include "base/err.h"
#include "redis/handshake.h"
#include "redis/link.h"

struct redisAsyncContext;

enum link_state {
	LINK_WAITING,    /* no connection, the timer runs */
	LINK_CONNECTING, /* until the last answer of the handshake */
	LINK_UP,
	LINK_GOING, /* hiredis is freeing the context */
	LINK_CLOSED
};

struct link {
	enum link_state state;
	struct redisAsyncContext *context; /* NULL: none */
	uv_loop_t *loop;
	uv_timer_t timer; /* waiting: the next attempt; else: is an answer overdue? */
	struct redis_address address;
	char where[REDIS_ADDRESS_TEXT_SIZE];
	char *name;
	char **channels;
	size_t channel_count;
	unsigned flags;
	uint32_t overdue_ms;
	const struct link_owner *owner;
	void *data;
	struct handshake shake;
	unsigned answers_due; /* of the handshake */
	size_t subscribed;
	size_t pending;
	uint64_t heard_ms; /* when an answer came, or the first command that waits was sent */
	uint32_t retry_ms;
	struct err why;
};

#endif
