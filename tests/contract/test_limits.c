/* Limits: of a user, of a mode across workers; what waits for them keeps its order and blocks
 * nobody. */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "contract/worker.h"
#include "lib/test.h"
#include "redis/conn.h"

#define LIMIT 3 /* of a user, in worker_start() */

static void start(void **state, struct test_redis **ret_redis, struct test_worker *worker)
{
	*ret_redis = *state;
	worker_start(worker, *state, "host:1", WORKER_LEASE_MS);
}

static void create(struct test_redis *redis, const char *id, const char *mode, const char *user)
{
	char data[300];

	(void)snprintf(
		data, sizeof(data), "{\"mode\":\"%s\",\"user_id\":\"%s\"}", mode, user ? user : "");
	foreign_create(redis, id, user ? data : "{\"mode\":\"A1\"}");
}

/* "one" ... in the order in which they were claimed. */
static void assert_claimed(struct test_worker *worker, const char *token, const char *ids)
{
	char found[1024] = "";

	(void)worker_claim(worker, LIMIT_BATCH, token);
	for (size_t i = 0; i < worker->task_count; i++) {
		(void)snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%s",
			i ? " " : "", worker->tasks[i].id);
	}
	assert_string_equal(found, ids);
}

static void assert_counter(struct test_redis *redis, const char *name, const char *value)
{
	const char *found = test_redis_text(redis, "HGET formy:task:running %s", name);

	assert_string_equal(found ? found : "none", value);
}

static void create_six(struct test_redis *redis)
{
	const char *const ids[] = {"u1", "u2", "u3", "u4", "u5", "u6"};

	for (size_t i = 0; i < 6; i++) {
		create(redis, ids[i], "A1", "ann");
	}
}

static void test_surplus_waits_in_order(void **state)
{
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	create_six(redis);
	create(redis, "b1", "B2", "bob");
	create(redis, "n1", "A1", NULL);
	assert_claimed(&worker, "t1", "u1 u2 u3 b1 n1");
	assert_int_equal(worker.waiting, 0);
	assert_counter(redis, "u:ann", "3 3");
	assert_counter(redis, "m:A1", "4 0");
	assert_status(redis, "u4", "pending");
	assert_claimed(&worker, "t2", "");
	/* a later one does not overtake those that wait */
	create(redis, "u7", "A1", "ann");
	assert_int_equal(worker_finish(&worker, "u2", "t1", 1, QUEUE_DONE), QUEUE_WRITTEN);
	assert_string_equal(test_redis_text(redis, "LINDEX formy:task:ready 0"), "u4");
	assert_claimed(&worker, "t3", "u4");
	assert_null(task_field_of(redis, "u4", "parked"));
	assert_int_equal(worker_finish(&worker, "u1", "t1", 1, QUEUE_FAILED), QUEUE_WRITTEN);
	assert_int_equal(worker_finish(&worker, "u3", "t1", 1, QUEUE_DONE), QUEUE_WRITTEN);
	assert_int_equal(worker_finish(&worker, "u4", "t3", 1, QUEUE_DONE), QUEUE_WRITTEN);
	assert_claimed(&worker, "t4", "u5 u6 u7");
	assert_counter(redis, "u:ann", "3 0");
	assert_int_equal(worker_finish(&worker, "u5", "t4", 1, QUEUE_DONE), QUEUE_WRITTEN);
	assert_int_equal(worker_finish(&worker, "u6", "t4", 1, QUEUE_DONE), QUEUE_WRITTEN);
	assert_int_equal(worker_finish(&worker, "u7", "t4", 1, QUEUE_DONE), QUEUE_WRITTEN);
	assert_counter(redis, "u:ann", "none");
	worker_stop(&worker);
}

static void test_every_end_makes_room(void **state)
{
	struct queue_beat beat = {0};
	struct redis_conn *conn;
	struct test_redis *redis;
	struct test_worker worker;
	struct task_desk desk = {.retention_s = 600};
	const struct task_new u8 = {.id = "u8", .data = "{\"mode\":\"A1\",\"user_id\":\"ann\"}"};
	const struct task_new u9 = {.id = "u9", .data = u8.data};
	struct err err;

	start(state, &redis, &worker);
	assert_int_equal(redis_conn_create(&redis->address, "test", 5000, &conn), 0);
	desk.conn = conn;
	desk.keys = queue_keys(worker.queue);
	create_six(redis);
	create(redis, "u7", "A1", "ann");
	assert_claimed(&worker, "t1", "u1 u2 u3");
	assert_int_equal(task_cancel(&desk, "u1", &err, NULL), 0);
	assert_claimed(&worker, "t2", "u4");
	/* a foreign cancel of one that waits, and of one that runs */
	test_redis_number(redis, "HSET formy:task:data:u5 status cancelled");
	test_redis_number(redis, "HSET formy:task:data:u2 status cancelled");
	assert_false(worker_renew(&worker, "u2", "t1", -1, NULL));
	assert_claimed(&worker, "t3", "u6");
	assert_int_equal(task_cancel(&desk, "u7", &err, NULL), 0);
	assert_counter(redis, "u:ann", "3 0");
	/* given back: it keeps its place before those that wait */
	assert_int_equal(task_enqueue(&desk, &u8, &err), 0);
	assert_claimed(&worker, "t4", "");
	/* others wait already: it joins them at once */
	assert_int_equal(task_enqueue(&desk, &u9, &err), 0);
	assert_int_equal(test_redis_number(redis, "LLEN formy:task:queue"), 0);
	assert_counter(redis, "u:ann", "3 2");
	assert_int_equal(worker_release(&worker, "u3", "t1", false), 1);
	assert_claimed(&worker, "t5", "u3");
	/* lost with its worker */
	assert_true(worker_renew(&worker, "u4", "t2", -1, NULL));
	test_redis_number(redis, "HSET formy:task:data:u4 crashes 1");
	test_redis_number(redis, "ZADD formy:task:lease 1 u4");
	assert_int_equal(worker_reap(&worker), 0);
	assert_int_equal(worker.count.failed, 1);
	assert_claimed(&worker, "t6", "u8");
	worker_beat(&worker, &beat);
	assert_counter(redis, "u:ann", "3 1");
	redis_conn_destroy(conn);
	worker_stop(&worker);
}

/* Counters that an eviction or a foreign hand made wrong are counted anew. */
static void test_counters_heal(void **state)
{
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	create_six(redis);
	assert_claimed(&worker, "t1", "u1 u2 u3");
	test_redis_number(redis, "HSET formy:task:running u:ann %s", "77 1");
	test_redis_number(redis, "HSET formy:task:running u:gone %s", "5 0");
	(void)worker_reap(&worker);
	assert_counter(redis, "u:ann", "3 3");
	assert_counter(redis, "u:gone", "none");
	test_redis_number(redis, "DEL formy:task:running");
	(void)worker_reap(&worker);
	assert_counter(redis, "u:ann", "3 3");
	/* nobody is left to end and so to make room */
	test_redis_number(redis, "DEL formy:task:claims formy:task:lease formy:task:processing");
	test_redis_number(redis, "DEL formy:task:data:u1 formy:task:data:u2 formy:task:data:u3");
	(void)worker_reap(&worker);
	(void)worker_reap(&worker);
	assert_claimed(&worker, "t2", "u4 u5 u6");
	assert_counter(redis, "u:ann", "3 0");
	worker_stop(&worker);
}

static void test_mode_limit_of_all_workers(void **state)
{
	struct queue_mode mode = {.name = "A1", .room = 8, .limit = 2};
	struct queue_turn turn = {.modes = &mode, .mode_count = 1, .want = 8, .token = "t1"};
	struct test_redis *redis;
	struct test_worker worker;
	struct test_worker other;

	start(state, &redis, &worker);
	worker_start(&other, redis, "host:2", WORKER_LEASE_MS);
	create(redis, "a1", "A1", NULL);
	create(redis, "a2", "A1", NULL);
	create(redis, "a3", "A1", NULL);
	worker_turn(&worker, &turn);
	assert_int_equal(worker.task_count, 2);
	turn.token = "t2";
	worker_turn(&other, &turn);
	assert_int_equal(other.task_count, 0);
	worker_turn(&other, &turn);
	assert_int_equal(other.waiting, 0);
	assert_int_equal(worker_finish(&worker, "a1", "t1", 1, QUEUE_DONE), QUEUE_WRITTEN);
	worker_turn(&other, &turn);
	assert_int_equal(other.task_count, 1);
	assert_string_equal(other.tasks[0].id, "a3");
	worker_stop(&other);
	worker_stop(&worker);
}

/* Of one user's many tasks each is looked at once: the scripts until another user's task is found
 * are few, and then they look at nothing. */
static void test_many_in_front(void **state)
{
	enum { MANY = 3000 };
	struct test_redis *redis;
	struct test_worker worker;
	unsigned turns = 0;

	start(state, &redis, &worker);
	for (int i = 0; i < MANY; i++) {
		char id[16];

		(void)snprintf(id, sizeof(id), "u%05d", i);
		create(redis, id, "A1", "ann");
	}
	create(redis, "b1", "A1", "bob");
	assert_claimed(&worker, "t1", "u00000 u00001 u00002");
	while (worker_claim(&worker, 1, "t2") == 0) {
		assert_true(worker.waiting > 0);
		assert_true(++turns <= MANY / 100 + 1);
	}
	assert_string_equal(worker.tasks[0].id, "b1");
	assert_int_equal(worker.waiting, 0);
	assert_counter(redis, "u:ann", "3 2997");
	assert_int_equal(worker_finish(&worker, "u00001", "t1", 1, QUEUE_DONE), QUEUE_WRITTEN);
	assert_claimed(&worker, "t3", "u00003");
	worker_stop(&worker);
}

#define test(name) cmocka_unit_test_setup_teardown(name, redis_setup, redis_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_surplus_waits_in_order),
		test(test_every_end_makes_room),
		test(test_counters_heal),
		test(test_mode_limit_of_all_workers),
		test(test_many_in_front),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
