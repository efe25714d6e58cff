/* An asynchronous connection to Redis on a libuv loop, which mends itself.
 *
 * It connects, proves who it is, looks at the server, and only then says up(). When the connection
 * goes it calls back every command that waits, with reply NULL, says down() and tries again after
 * 50 ms to 2 s. Where the master is, sentinels are asked at each attempt. Commands are taken only
 * while it is up. All calls and callbacks happen on the
 * loop's thread; a callback may use the link, and may close it. The program must ignore SIGPIPE. */
#ifndef FORMY_REDIS_LINK_H
#define FORMY_REDIS_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "redis/address.h"

struct err;
struct link;
struct redisReply;
struct script;

/* What the server said about itself; lives during up(). */
struct link_server {
	const char *version;
	const char *maxmemory_policy; /* "noeviction" is the only safe one */
	uint64_t maxmemory;           /* bytes, 0: no limit */
	bool saves;                   /* it writes an append-only file: what it took outlives it */
	bool replica;                 /* it takes no writes */
};

struct link_owner {
	void (*up)(struct link *link, const struct link_server *server, void *data);

	/* After a failed attempt to connect too. why is a sentence. */
	void (*down)(struct link *link, const char *why, uint64_t retry_in_ms, void *data);

	/* Of a subscriber. */
	void (*message)(struct link *link, struct str channel, struct str text, void *data);
};

enum {
	LINK_BLOCKING = 1, /* commands on it may wait for ever: no watchdog */
	LINK_WRITES = 2,   /* a replica, which takes no writes, is no server to it: down() */
	LINK_SENTINEL =
		4 /* to the sentinels of the address, one after another, and not the master */
};

struct link_options {
	const struct redis_address *address; /* copied */
	const char *name;                    /* what CLIENT LIST shows; copied */
	unsigned flags;

	/* A link with channels is a subscriber and takes no commands; copied; ends with NULL. */
	const char *const *channels;

	/* No answer for so long drops the connection; 0: wait for ever. After three quarters
	 * of it with nothing asked, a PING finds out. Not for LINK_BLOCKING. */
	uint32_t overdue_ms;

	const struct link_owner *owner; /* must outlive the link */
	void *data;
};

/* reply is borrowed; NULL when the connection went before an answer came, so that nobody knows
 * whether the command was carried out. */
typedef void link_reply_fn(struct link *link, const struct redisReply *reply, void *arg);

/* Starts to connect; the result comes as up() or down(). 0 or -ENOMEM. */
int link_open(uv_loop_t *loop, const struct link_options *options, struct link **ret_link);

/* Calls back what waits, with NULL, and frees the link once the loop has turned. The owner hears
 * nothing more. Takes NULL. */
void link_close(struct link *link);

bool link_is_up(const struct link *link);

/* The server's address, for messages. */
const char *link_where(const struct link *link);

/* Commands that wait for their answer. */
size_t link_pending(const struct link *link);

/* The connection's number at the server (CLIENT ID), 0 while it is down. */
int64_t link_client_id(const struct link *link);

/* Sends a command. 0, and cb is called exactly once, never from within this call; -ENOTCONN while
 * it is down, -ENOMEM: cb is not called. cb may be NULL. */
int link_command(
	struct link *link, const struct str *argv, size_t argc, link_reply_fn *cb, void *arg);

/* The same for a script; a server that does not know it is sent the text. */
int link_call_script(struct link *link, const struct script *script, const struct str *keys,
	size_t key_count, const struct str *args, size_t arg_count, link_reply_fn *cb, void *arg);

/* Drops the connection as if it had broken, and connects anew. */
void link_reset(struct link *link, const char *why);

/* The same, and at once: the master is elsewhere now. A link that waits to connect waits no more. */
void link_follow(struct link *link, const char *why);

#endif
