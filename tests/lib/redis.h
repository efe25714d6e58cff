/* A redis-server of a test's own: on a unix socket in a folder of its own, saving nothing.
 *
 * redis_setup() and redis_teardown() are cmocka's setup and teardown and leave a struct
 * test_redis in *state. */
#ifndef FORMY_TESTS_LIB_REDIS_H
#define FORMY_TESTS_LIB_REDIS_H

#include <stdbool.h>
#include <sys/types.h>

#include "redis/address.h"

struct redisContext;
struct redisReply;

struct test_redis {
	char *folder;
	char socket[256];
	pid_t pid; /* 0: not running */
	struct redisContext *context;
	struct redis_address address; /* of the socket */
};

int redis_setup(void **state);
int redis_teardown(void **state);

/* Starts the server, with further arguments of redis-server (ended by NULL; may be NULL), and waits
 * until it answers. Fails the test when it does not within 10 s. */
void test_redis_start(struct test_redis *redis, const char *const *arguments);

/* Ends it by a signal and waits for its end. */
void test_redis_stop(struct test_redis *redis, int signal);

/* Runs a command as a foreign client would, by hiredis' format; the reply is the caller's. Fails
 * the test when the connection breaks. */
struct redisReply *test_redis_command(struct test_redis *redis, const char *format, ...);

/* The same for commands whose answer is one number or one text. The text lives until the next
 * call; NULL for nil. */
long long test_redis_number(struct test_redis *redis, const char *format, ...);
const char *test_redis_text(struct test_redis *redis, const char *format, ...);

#endif
