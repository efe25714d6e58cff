/* What happened while nobody listened, out of P:events:stream. */
#ifndef FORMY_CLIENT_MISSED_H
#define FORMY_CLIENT_MISSED_H

#include <stdint.h>

struct err;
struct json_object;
struct redis_conn;
struct task_keys;

/* The server's time, by which events are dated. 0 or a negative errno. */
int missed_now(struct redis_conn *conn, struct err *err, int64_t *ret_wall_us);

/* Reads the events after a moment, as an array like that of a message; the caller's. The stream
 * keeps some 10,000 messages: of a longer absence the oldest are lost. 0 or a negative errno. */
int missed_read(struct redis_conn *conn, const struct task_keys *keys, int64_t since_us,
	struct err *err, struct json_object **ret_events);

#endif
