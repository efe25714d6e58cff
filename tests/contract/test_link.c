/* The asynchronous link: servers that come, go, refuse, restart and fall silent. */
#include "redis/link.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/worker.h"
#include "lib/redis.h"
#include "lib/tempdir.h"
#include "lib/test.h"
#include "redis/script.h"

struct watch {
	uv_loop_t loop;
	struct link *link;
	bool up;
	bool down;
	bool answered;
	bool got_message;
	unsigned ups;
	unsigned answers;
	unsigned empty_answers;
	char why[512];
	char text[256];
	char version[32];
	bool close_in_answer;
	bool close_in_down;
};

static void on_up(struct link *link, const struct link_server *server, void *data)
{
	struct watch *watch = data;

	assert_true(link_is_up(link));
	watch->up = true;
	watch->down = false;
	watch->ups++;
	(void)snprintf(watch->version, sizeof(watch->version), "%s", server->version);
}

static void on_down(struct link *link, const char *why, uint64_t retry_in_ms, void *data)
{
	struct watch *watch = data;

	assert_false(link_is_up(link));
	assert_true(retry_in_ms >= 30 && retry_in_ms <= 2600);
	watch->down = true;
	watch->up = false;
	(void)snprintf(watch->why, sizeof(watch->why), "%s", why);
	if (watch->close_in_down) {
		watch->link = NULL;
		link_close(link);
	}
}

static void on_message(struct link *link, struct str channel, struct str text, void *data)
{
	struct watch *watch = data;

	(void)link;
	assert_true(str_eq(channel, "formy:wake"));
	(void)snprintf(watch->text, sizeof(watch->text), "%.*s", (int)text.len, text.data);
	watch->got_message = true;
}

static const struct link_owner owner = {
	.up = on_up,
	.down = on_down,
	.message = on_message,
};

static void on_answer(struct link *link, const struct redisReply *reply, void *arg)
{
	struct watch *watch = arg;

	watch->answered = true;
	watch->answers++;
	if (!reply) {
		watch->empty_answers++;
		/* what is asked now cannot be sent */
		assert_int_equal(link_command(link, &STR("PING"), 1, NULL, NULL), -ENOTCONN);
	} else if (reply->str) {
		(void)snprintf(watch->text, sizeof(watch->text), "%s", reply->str);
	}
	if (watch->close_in_answer) {
		watch->link = NULL;
		link_close(link);
	}
}

static void open_link(struct watch *watch, const struct redis_address *address, unsigned flags,
	uint32_t overdue_ms, const char *const *channels)
{
	struct link_options options = {
		.address = address,
		.name = "test",
		.flags = flags,
		.channels = channels,
		.overdue_ms = overdue_ms,
		.owner = &owner,
		.data = watch,
	};

	memset(watch, 0, sizeof(*watch));
	assert_int_equal(uv_loop_init(&watch->loop), 0);
	assert_int_equal(link_open(&watch->loop, &options, &watch->link), 0);
	assert_false(link_is_up(watch->link));
	assert_int_equal(link_command(watch->link, &STR("PING"), 1, NULL, NULL), -ENOTCONN);
}

static void finish(struct watch *watch)
{
	link_close(watch->link);
	while (uv_run(&watch->loop, UV_RUN_DEFAULT) != 0) {
	}
	assert_int_equal(uv_loop_close(&watch->loop), 0);
}

static void ask(struct watch *watch, const char *word, const char *argument)
{
	struct str argv[] = {str_of(word), str_of(argument)};

	watch->answered = false;
	assert_int_equal(link_command(watch->link, argv, argument ? 2 : 1, on_answer, watch), 0);
	assert_false(watch->answered);
}

static void test_waits_for_a_server(void **state)
{
	struct test_redis *redis = *state;
	struct watch watch;

	test_redis_stop(redis, SIGTERM);
	open_link(&watch, &redis->address, 0, 0, NULL);
	worker_run_until(&watch.loop, &watch.down);
	assert_non_null(strstr(watch.why, "is Redis running"));
	test_redis_start(redis, NULL);
	worker_run_until(&watch.loop, &watch.up);
	assert_int_equal(strtol(watch.version, NULL, 10) >= 6, 1);
	assert_true(link_client_id(watch.link) > 0);
	ask(&watch, "PING", NULL);
	worker_run_until(&watch.loop, &watch.answered);
	assert_string_equal(watch.text, "PONG");
	finish(&watch);
}

static void test_restart(void **state)
{
	struct test_redis *redis = *state;
	struct watch watch;

	open_link(&watch, &redis->address, 0, 0, NULL);
	worker_run_until(&watch.loop, &watch.up);
	(void)kill(redis->pid, SIGSTOP);
	for (int i = 0; i < 5; i++) {
		ask(&watch, "PING", NULL);
	}
	assert_int_equal(link_pending(watch.link), 5);
	(void)uv_run(&watch.loop, UV_RUN_NOWAIT);
	assert_int_equal(watch.answers, 0);
	test_redis_stop(redis, SIGKILL);
	worker_run_until(&watch.loop, &watch.down);
	assert_int_equal(watch.answers, 5);
	assert_int_equal(watch.empty_answers, 5);
	assert_int_equal(link_pending(watch.link), 0);
	test_redis_start(redis, NULL);
	worker_run_until(&watch.loop, &watch.up);
	assert_int_equal(watch.ups, 2);
	ask(&watch, "ECHO", "again");
	worker_run_until(&watch.loop, &watch.answered);
	assert_string_equal(watch.text, "again");
	finish(&watch);
}

static void test_silence_is_noticed(void **state)
{
	struct test_redis *redis = *state;
	struct watch watch;

	open_link(&watch, &redis->address, 0, 200, NULL);
	worker_run_until(&watch.loop, &watch.up);
	/* nothing is asked: the link's own PING finds out */
	(void)kill(redis->pid, SIGSTOP);
	worker_run_until(&watch.loop, &watch.down);
	assert_non_null(strstr(watch.why, "has not answered"));
	(void)kill(redis->pid, SIGCONT);
	worker_run_until(&watch.loop, &watch.up);
	finish(&watch);
}

static void test_silence_while_connecting(void **state)
{
	struct test_redis *redis = *state;
	struct watch watch;

	redis->address.connect_timeout_ms = 100;
	(void)kill(redis->pid, SIGSTOP);
	open_link(&watch, &redis->address, 0, 0, NULL);
	worker_run_until(&watch.loop, &watch.down);
	assert_non_null(strstr(watch.why, "did not answer within 100 ms"));
	(void)kill(redis->pid, SIGCONT);
	worker_run_until(&watch.loop, &watch.up);
	finish(&watch);
}

/* As when it is stopped. What came meanwhile counts, though the time for it is over. */
static void stand_still(struct watch *watch)
{
	for (int i = 0; i < 10; i++) {
		(void)poll(NULL, 0, 5);
		(void)uv_run(&watch->loop, UV_RUN_NOWAIT);
	}
	(void)poll(NULL, 0, 1500);
}

static void test_standing_still_is_no_silence(void **state)
{
	struct test_redis *redis = *state;
	struct watch watch;

	open_link(&watch, &redis->address, 0, 1000, NULL);
	worker_run_until(&watch.loop, &watch.up);
	(void)kill(redis->pid, SIGSTOP);
	ask(&watch, "PING", NULL);
	stand_still(&watch);
	(void)kill(redis->pid, SIGCONT);
	(void)poll(NULL, 0, 1000);
	worker_run_until(&watch.loop, &watch.answered);
	assert_string_equal(watch.text, "PONG");
	assert_false(watch.down);
	finish(&watch);
}

static void test_standing_still_while_connecting(void **state)
{
	struct test_redis *redis = *state;
	struct watch watch;

	redis->address.connect_timeout_ms = 500;
	(void)kill(redis->pid, SIGSTOP);
	open_link(&watch, &redis->address, 0, 0, NULL);
	stand_still(&watch);
	(void)kill(redis->pid, SIGCONT);
	(void)poll(NULL, 0, 500);
	while (!watch.up && !watch.down) {
		(void)uv_run(&watch.loop, UV_RUN_ONCE);
	}
	assert_false(watch.down);
	finish(&watch);
}

static void test_passwords(void **state)
{
	static const char *const secured[] = {"--requirepass", "right", NULL};
	struct test_redis *redis = *state;
	struct watch watch;

	test_redis_stop(redis, SIGTERM);
	test_redis_start(redis, secured);
	open_link(&watch, &redis->address, 0, 0, NULL);
	worker_run_until(&watch.loop, &watch.down);
	assert_non_null(strstr(watch.why, "needs a password"));
	finish(&watch);

	redis->address.password = "wrong";
	open_link(&watch, &redis->address, 0, 0, NULL);
	worker_run_until(&watch.loop, &watch.down);
	assert_non_null(strstr(watch.why, "refused the password"));
	assert_null(strstr(watch.why, "wrong"));
	finish(&watch);

	redis->address.password = "right";
	redis->address.db = 99;
	open_link(&watch, &redis->address, 0, 0, NULL);
	worker_run_until(&watch.loop, &watch.down);
	assert_non_null(strstr(watch.why, "no such database"));
	finish(&watch);

	redis->address.db = 3;
	redis->address.username = "default";
	open_link(&watch, &redis->address, 0, 0, NULL);
	worker_run_until(&watch.loop, &watch.up);
	finish(&watch);
}

static void test_unknown_script_is_sent(void **state)
{
	static const char text[] = "return KEYS[1] .. ARGV[1]";
	const struct script script = {
		"join", text, sizeof(text) - 1, "dfe53ff3bfd3d7b5fd30fd02c9c0c8ac3c6dc3d1"};
	struct str key = STR("a\r\nb");
	struct str arg = STR("c");
	struct test_redis *redis = *state;
	struct watch watch;

	open_link(&watch, &redis->address, 0, 0, NULL);
	worker_run_until(&watch.loop, &watch.up);
	assert_int_equal(
		link_call_script(watch.link, &script, &key, 1, &arg, 1, on_answer, &watch), 0);
	worker_run_until(&watch.loop, &watch.answered);
	assert_string_equal(watch.text, "a\r\nbc");
	assert_int_equal(watch.answers, 1);
	assert_int_equal(link_pending(watch.link), 0);
	finish(&watch);
}

static void test_subscriber_listens_again(void **state)
{
	static const char *const channels[] = {"formy:wake", "formy:other", NULL};
	struct test_redis *redis = *state;
	struct watch watch;

	open_link(&watch, &redis->address, 0, 200, channels);
	worker_run_until(&watch.loop, &watch.up);
	assert_int_equal(test_redis_number(redis, "PUBLISH formy:wake one"), 1);
	worker_run_until(&watch.loop, &watch.got_message);
	assert_string_equal(watch.text, "one");
	test_redis_stop(redis, SIGKILL);
	worker_run_until(&watch.loop, &watch.down);
	test_redis_start(redis, NULL);
	worker_run_until(&watch.loop, &watch.up);
	watch.got_message = false;
	assert_int_equal(test_redis_number(redis, "PUBLISH formy:wake two"), 1);
	worker_run_until(&watch.loop, &watch.got_message);
	assert_string_equal(watch.text, "two");
	finish(&watch);
}

static void test_a_replica_is_no_server_to_a_writer(void **state)
{
	struct test_redis *redis = *state;
	struct str set[] = {STR("SET"), STR("key"), STR("value")};
	struct watch watch;

	open_link(&watch, &redis->address, LINK_WRITES, 0, NULL);
	worker_run_until(&watch.loop, &watch.up);
	assert_string_equal(test_redis_text(redis, "REPLICAOF 127.0.0.1 1"), "OK");
	assert_int_equal(link_command(watch.link, set, 3, on_answer, &watch), 0);
	worker_run_until(&watch.loop, &watch.answered);
	assert_int_equal(watch.empty_answers, 1);
	worker_run_until(&watch.loop, &watch.down);
	assert_non_null(strstr(watch.why, "is a replica"));
	watch.down = false;
	worker_run_until(&watch.loop, &watch.down);
	assert_non_null(strstr(watch.why, "is a replica"));
	assert_int_equal(watch.ups, 1);
	assert_string_equal(test_redis_text(redis, "REPLICAOF NO ONE"), "OK");
	worker_run_until(&watch.loop, &watch.up);
	finish(&watch);

	/* one that only reads does not mind */
	assert_string_equal(test_redis_text(redis, "REPLICAOF 127.0.0.1 1"), "OK");
	open_link(&watch, &redis->address, 0, 0, NULL);
	worker_run_until(&watch.loop, &watch.up);
	finish(&watch);
}

static void test_sentinels_that_are_not_there(void **state)
{
	const struct redis_address address = {
		.sentinel_master = "mymaster",
		.sentinel_hosts = "127.0.0.1:1,127.0.0.1:2",
		.connect_timeout_ms = 1000,
	};
	struct watch watch;

	(void)state;
	open_link(&watch, &address, LINK_WRITES, 0, NULL);
	worker_run_until(&watch.loop, &watch.down);
	assert_non_null(strstr(watch.why, "the sentinel at 127.0.0.1:2 is not there"));
	watch.down = false;
	worker_run_until(&watch.loop, &watch.down);
	/* another one first each time */
	assert_non_null(strstr(watch.why, "the sentinel at 127.0.0.1:1 is not there"));
	/* closed while they are asked */
	link_follow(watch.link, "a test");
	(void)uv_run(&watch.loop, UV_RUN_ONCE);
	finish(&watch);

	open_link(&watch, &address, LINK_SENTINEL, 0, NULL);
	worker_run_until(&watch.loop, &watch.down);
	assert_non_null(strstr(watch.why, "127.0.0.1:1"));
	finish(&watch);
}

static void test_close_from_callbacks(void **state)
{
	struct test_redis *redis = *state;
	struct watch watch;

	open_link(&watch, &redis->address, 0, 0, NULL);
	worker_run_until(&watch.loop, &watch.up);
	ask(&watch, "PING", NULL);
	ask(&watch, "PING", NULL);
	watch.close_in_answer = true;
	worker_run_until(&watch.loop, &watch.answered);
	finish(&watch);
	assert_int_equal(watch.answers, 2);
	assert_int_equal(watch.empty_answers, 1);

	open_link(&watch, &redis->address, 0, 0, NULL);
	worker_run_until(&watch.loop, &watch.up);
	watch.close_in_down = true;
	link_reset(watch.link, "a test");
	assert_string_equal(watch.why, "a test");
	finish(&watch);

	open_link(&watch, &redis->address, 0, 0, NULL);
	finish(&watch);
}

#define test(name) cmocka_unit_test_setup_teardown(name, redis_setup, redis_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_waits_for_a_server),
		test(test_restart),
		test(test_silence_is_noticed),
		test(test_silence_while_connecting),
		test(test_standing_still_is_no_silence),
		test(test_standing_still_while_connecting),
		test(test_passwords),
		test(test_unknown_script_is_sent),
		test(test_subscriber_listens_again),
		test(test_a_replica_is_no_server_to_a_writer),
		test(test_sentinels_that_are_not_there),
		test(test_close_from_callbacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
