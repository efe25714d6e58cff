/* What stands behind a formy_client, for the files of this folder.
 *
 * Functions here speak negative errno and struct err; handle_end() turns both into what the public
 * interface returns. */
#ifndef FORMY_CLIENT_HANDLE_H
#define FORMY_CLIENT_HANDLE_H

#include <formy/client.h>

#include "base/err.h"
#include "image/store.h"
#include "redis/address.h"
#include "task/keys.h"
#include "task/verbs.h"

struct redis_conn;

/* A place in Redis: address and names, for connections to be made from. */
struct place {
	struct redis_address address; /* a copy of its own */
	struct task_keys keys;
	uint32_t command_timeout_ms;
};

struct formy_client {
	struct place place;
	struct redis_conn *conn;
	struct task_desk desk;
	struct store_config store;
	char *uploads;
	char *results;
	struct err err;
};

/* A copy; 0 or -ENOMEM. Finish takes a zeroed one. */
int place_copy(const struct place *place, struct place *ret_copy);
void place_finish(struct place *place);

/* Begins a call that needs Redis: forgets the last error, and connects unless that is done. A
 * connection that the server has closed is seen here, before anything is sent on it. Returns 0 or
 * what the public function shall return. */
int handle_begin(formy_client *client);

/* The same for a connection of somebody else. */
int handle_connect(struct redis_conn *conn, struct err *err);

/* What the public function returns for a negative errno of redis, task or image; 0 stays 0. */
int handle_code(int result);

/* Sets the sentence, returns code. */
int handle_fail(formy_client *client, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Copies a caller's struct, which begins with its size, into one of the size known here; what the
 * caller did not know becomes zero. 0, or -EINVAL. */
int handle_read_struct(const void *from, void *to, size_t size);

#endif
