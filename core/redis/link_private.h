/* The inside of a link, shared by link.c (its life), link_connect.c (how it gets up), link_find.c (the
 * sentinels) and link_call.c (commands). */
#ifndef FORMY_REDIS_LINK_PRIVATE_H
#define FORMY_REDIS_LINK_PRIVATE_H

#include "base/err.h"
#include "redis/handshake.h"
#include "redis/link.h"
#include "redis/sentinel.h"

struct link_search;
struct redisAsyncContext;

enum link_state {
	LINK_WAITING,    /* no connection, the timer runs */
	LINK_FINDING,    /* the sentinels are asked where the master is */
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
	struct link_search *search; /* under way; NULL: none */
	unsigned sentinel;          /* the one to ask first */
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
	uint64_t due_ms;   /* when the timer is to come */
	uint32_t retry_ms;
	struct err why;
};

/* link_find.c: asks the sentinels on a thread of the loop's pool; link_found() follows, from the
 * loop, unless link_find_forget() came first. 0 or a negative errno. */
int link_find(struct link *link);
void link_find_forget(struct link *link);

/* link_connect.c. link_is_up() and owner->up() follow, or link_wait(). */
void link_connect(struct link *link);

/* link.c. The one timer of the link, whatever its state makes of it. */
void link_set_timer(struct link *link, uint64_t first_ms, uint64_t repeat_ms);

/* link.c. Tells the owner that it is down, and plans the next attempt. There is no context. */
void link_wait(struct link *link);

/* link.c. Ends the connection; why is set. link_context_gone() comes from within, or, when hiredis is
 * in a callback, soon after it. */
void link_drop(struct link *link);
void link_context_gone(void *link);

/* link.c. Looks from now on whether an answer is overdue; where one comes at least so often, no
 * look happens at all. */
void link_watch(struct link *link);

/* link_connect.c. master: NULL on failure, link->why is set. */
void link_found(struct link *link, const struct sentinel_place *master);

#endif
