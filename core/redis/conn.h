/* One synchronous connection to Redis, for programs that may wait: the client library.
 *
 * Connects when it is first needed and again after it broke. A command is never sent twice: when
 * the connection breaks under it the caller gets -ECONNRESET and decides. One thread at a time.
 * Replies are the caller's, for freeReplyObject(). */
#ifndef FORMY_REDIS_CONN_H
#define FORMY_REDIS_CONN_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "redis/address.h"

struct err;
struct handshake;
struct redisReply;
struct script;

struct redis_conn;

/* Copies the address; name is what CLIENT LIST shows. Does not connect yet. 0 or -ENOMEM. */
int redis_conn_create(const struct redis_address *address, const char *name,
	uint32_t command_timeout_ms, struct redis_conn **ret_conn);
void redis_conn_destroy(struct redis_conn *conn);

/* Connects unless it is connected: AUTH, SELECT, and a look at the server's version. 0, or
 * -ECONNREFUSED, -ETIMEDOUT, -EACCES, -EAGAIN (it loads its data), -ENOTSUP (older than 6.2),
 * -EINVAL (no such database), -ENOMEM, with a sentence that says what to do. */
int redis_conn_open(struct redis_conn *conn, struct err *err);

/* What the server said of itself when it was connected to last. */
const struct handshake *redis_conn_server(const struct redis_conn *conn);

/* Drops the connection; the next call makes a new one. */
void redis_conn_close(struct redis_conn *conn);

/* Runs one command. An error reply is a failure, explained (redis/explain.h). */
int redis_conn_command(struct redis_conn *conn, const struct str *argv, size_t argc,
	struct err *err, struct redisReply **ret_reply);

/* Runs a script, which is sent in full only when the server does not know it. */
int redis_conn_script(struct redis_conn *conn, const struct script *script, const struct str *keys,
	size_t key_count, const struct str *args, size_t arg_count, struct err *err,
	struct redisReply **ret_reply);

/* Turns the connection into one that only listens. */
int redis_conn_subscribe(struct redis_conn *conn, const char *channel, struct err *err);

/* The next message of a listening connection: an array "message", channel, text. Waits at most
 * timeout_ms (-1: for ever) and gives -EAGAIN when none came. */
int redis_conn_next(
	struct redis_conn *conn, int timeout_ms, struct err *err, struct redisReply **ret_reply);

/* The socket of a listening connection, for poll(); -1 when there is none. Call redis_conn_next()
 * with timeout 0 until it gives -EAGAIN before polling. */
int redis_conn_fd(const struct redis_conn *conn);

#endif
