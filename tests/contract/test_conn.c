/* The synchronous connection, and the words for what can be wrong. */
#include "redis/conn.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <string.h>

#include "base/err.h"
#include "lib/redis.h"
#include "lib/test.h"
#include "redis/script.h"

static struct redis_conn *conn_to(struct test_redis *redis)
{
	struct redis_conn *conn;

	assert_int_equal(redis_conn_create(&redis->address, "test", 500, &conn), 0);
	return conn;
}

static void assert_opens_with(struct test_redis *redis, int expected, const char *words)
{
	struct redis_conn *conn = conn_to(redis);
	struct err err = {{0}};
	int result = redis_conn_open(conn, &err);

	if (result != expected || !strstr(err.text, words)) {
		fail_msg("%d, not %d: %s", result, expected, err.text);
	}
	redis_conn_destroy(conn);
}

static void assert_echo(struct redis_conn *conn, const char *word)
{
	struct str argv[] = {STR("ECHO"), str_of(word)};
	redisReply *reply;

	assert_int_equal(redis_conn_command(conn, argv, 2, NULL, &reply), 0);
	assert_string_equal(reply->str, word);
	freeReplyObject(reply);
}

static void test_words(void **state)
{
	static const char *const secured[] = {"--requirepass", "right", NULL};
	struct test_redis *redis = *state;

	test_redis_stop(redis, SIGTERM);
	assert_opens_with(redis, -ENOENT, "is Redis running");
	redis->address.unix_socket = NULL;
	redis->address.host = "127.0.0.1";
	redis->address.port = 1;
	assert_opens_with(redis, -ECONNREFUSED, "127.0.0.1:1 refused the connection");
	redis->address.host = "no-such-host.invalid";
	assert_opens_with(redis, -EIO, "no-such-host.invalid");
	redis->address.unix_socket = redis->socket;

	test_redis_start(redis, secured);
	assert_opens_with(redis, -EACCES, "needs a password");
	redis->address.password = "wrong";
	assert_opens_with(redis, -EACCES, "refused the password");
	redis->address.password = "right";
	assert_opens_with(redis, 0, "");
	redis->address.username = "nobody";
	assert_opens_with(redis, -EACCES, "refused the password or the user name");
	redis->address.username = NULL;
	redis->address.db = 1000;
	assert_opens_with(redis, -EINVAL, "redis.db");
}

static void test_reconnects_when_needed(void **state)
{
	struct test_redis *redis = *state;
	struct redis_conn *conn = conn_to(redis);
	struct str ping = STR("PING");
	redisReply *reply;
	struct err err;

	assert_echo(conn, "one");
	test_redis_stop(redis, SIGKILL);
	test_redis_start(redis, NULL);
	assert_int_equal(redis_conn_command(conn, &ping, 1, &err, &reply), -ECONNRESET);
	assert_echo(conn, "two");
	redis_conn_destroy(conn);
}

static void test_no_answer_in_time(void **state)
{
	struct test_redis *redis = *state;
	struct redis_conn *conn = conn_to(redis);
	struct str ping = STR("PING");
	redisReply *reply;
	struct err err;

	assert_echo(conn, "one");
	(void)kill(redis->pid, SIGSTOP);
	assert_int_equal(redis_conn_command(conn, &ping, 1, &err, &reply), -ECONNRESET);
	assert_non_null(strstr(err.text, "did not answer within 500 ms"));
	(void)kill(redis->pid, SIGCONT);
	assert_echo(conn, "two");
	redis_conn_destroy(conn);
}

static void test_scripts_and_errors(void **state)
{
	static const char text[] = "return redis.call('INCRBY', KEYS[1], ARGV[1])";
	const struct script script = {
		"add", text, sizeof(text) - 1, "9bde7f0ce9eec1ee1c3a1b02de5b0b8fd2e09b5c"};
	struct test_redis *redis = *state;
	struct redis_conn *conn = conn_to(redis);
	struct str key = STR("n");
	struct str arg = STR("2");
	struct err err;
	redisReply *reply;

	assert_int_equal(redis_conn_script(conn, &script, &key, 1, &arg, 1, NULL, &reply), 0);
	assert_int_equal(reply->integer, 2);
	freeReplyObject(reply);
	(void)test_redis_number(redis, "DEL n");
	(void)test_redis_number(redis, "RPUSH n x");
	assert_int_equal(redis_conn_script(conn, &script, &key, 1, &arg, 1, &err, &reply), -EILSEQ);
	assert_non_null(strstr(err.text, "wrong type"));
	redis_conn_destroy(conn);
}

static void test_listening(void **state)
{
	struct test_redis *redis = *state;
	struct redis_conn *conn = conn_to(redis);
	redisReply *reply;
	struct err err;

	assert_int_equal(redis_conn_subscribe(conn, "c", &err), 0);
	assert_true(redis_conn_fd(conn) >= 0);
	assert_int_equal(redis_conn_next(conn, 20, &err, &reply), -EAGAIN);
	assert_int_equal(test_redis_number(redis, "PUBLISH c one"), 1);
	assert_int_equal(test_redis_number(redis, "PUBLISH c two"), 1);
	assert_int_equal(redis_conn_next(conn, 5000, &err, &reply), 0);
	assert_string_equal(reply->element[2]->str, "one");
	freeReplyObject(reply);
	assert_int_equal(redis_conn_next(conn, 5000, &err, &reply), 0);
	assert_string_equal(reply->element[2]->str, "two");
	freeReplyObject(reply);
	test_redis_stop(redis, SIGKILL);
	assert_int_equal(redis_conn_next(conn, 5000, &err, &reply), -ECONNRESET);
	assert_int_equal(redis_conn_fd(conn), -1);
	redis_conn_destroy(conn);
}

#define test(name) cmocka_unit_test_setup_teardown(name, redis_setup, redis_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_words),
		test(test_reconnects_when_needed),
		test(test_no_answer_in_time),
		test(test_scripts_and_errors),
		test(test_listening),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
