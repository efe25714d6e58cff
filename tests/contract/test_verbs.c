/* What clients do: create, read, list, cancel, retry, delete, count. */
#include "task/verbs.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "contract/worker.h"
#include "lib/test.h"
#include "redis/conn.h"
#include "task/keys.h"

#define A "{\"mode\":\"A1\",\"user_id\":\"u1\"}"
#define B "{\"mode\":\"B2\",\"user_id\":\"u2\"}"

struct office {
	struct test_redis *redis;
	struct test_worker worker;
	struct redis_conn *conn;
	struct task_keys keys;
	struct task_desk desk;
	struct err err;
};

static void open_office(struct office *office, void **state)
{
	memset(office, 0, sizeof(*office));
	office->redis = *state;
	worker_start(&office->worker, office->redis, "host:1", WORKER_LEASE_MS);
	assert_int_equal(
		redis_conn_create(&office->redis->address, "test", 5000, &office->conn), 0);
	assert_int_equal(task_keys_init(&office->keys, "formy", NULL), 0);
	office->desk = (struct task_desk){office->conn, &office->keys, 600};
}

static void close_office(struct office *office)
{
	task_keys_finish(&office->keys);
	redis_conn_destroy(office->conn);
	worker_stop(&office->worker);
}

static void enqueue(
	struct office *office, const char *id, const char *data, enum task_priority priority)
{
	struct task_new task = {.id = id, .data = data, .priority = priority};

	assert_int_equal(task_enqueue(&office->desk, &task, &office->err), 0);
}

static void fail_one(struct office *office, const char *id, const char *token, unsigned attempt)
{
	assert_int_equal(
		worker_finish(&office->worker, id, token, attempt, QUEUE_FAILED), QUEUE_WRITTEN);
}

static void test_create(void **state)
{
	struct office office;
	struct task_new other = {.id = "t1", .data = B};
	struct task_new bad = {.id = "../t1", .data = B};
	struct task task;

	open_office(&office, state);
	enqueue(&office, "t1", A, TASK_HIGH);
	enqueue(&office, "t1", A, TASK_HIGH);
	assert_int_equal(test_redis_number(office.redis, "LLEN formy:task:queue:high"), 1);
	assert_int_equal(task_enqueue(&office.desk, &other, &office.err), -EEXIST);
	assert_int_equal(task_enqueue(&office.desk, &bad, &office.err), -EINVAL);
	assert_int_equal(task_get(&office.desk, "t1", &office.err, &task), 0);
	assert_int_equal(task.status, TASK_PENDING);
	assert_int_equal(task.priority, TASK_HIGH);
	assert_string_equal(task.data, A);
	assert_int_equal(task.progress, -1);
	assert_true(task.created_us != TASK_NO_TIME);
	assert_int_equal(task.created_us, task.updated_us);
	task_finish(&task);
	assert_int_equal(task_get(&office.desk, "t2", &office.err, &task), -ENOENT);
	close_office(&office);
}

static void test_cancel_takes_it_out_of_every_list(void **state)
{
	static const char *const lists[] = {"formy:task:queue", "formy:task:queue:high",
		"formy:task:queue:low", "formy:task:wait:A1", "formy:task:wait:A1:low",
		"formy:task:inbox:host:1"};
	struct queue_beat beat = {.modes = worker_modes,
		.mode_count = 2,
		.registration = "{}",
		.registration_ms = 60000};
	struct office office;
	enum task_status status;

	open_office(&office, state);
	worker_beat(&office.worker, &beat);
	enqueue(&office, "t1", A, TASK_NORMAL);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		test_redis_number(office.redis, "RPUSH %s t1 t1", lists[i]);
	}
	test_redis_number(office.redis, "ZADD formy:task:delayed 1 t1");
	assert_int_equal(task_cancel(&office.desk, "t1", &office.err, &status), 0);
	assert_int_equal(status, TASK_CANCELLED);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		assert_int_equal(test_redis_number(office.redis, "LLEN %s", lists[i]), 0);
	}
	assert_int_equal(test_redis_number(office.redis, "ZCARD formy:task:delayed"), 0);
	assert_status(office.redis, "t1", "cancelled");
	assert_non_null(task_field_of(office.redis, "t1", "cancelled_at"));
	assert_int_equal(task_cancel(&office.desk, "t1", &office.err, &status), 0);
	enqueue(&office, "t2", A, TASK_NORMAL);
	test_redis_number(office.redis, "HSET formy:task:data:t2 attempts 1");
	assert_int_equal(task_cancel(&office.desk, "t2", &office.err, &status), 0);
	/* an attempt that was killed may have left files */
	assert_int_equal(test_redis_number(office.redis, "SISMEMBER formy:task:gone t2"), 1);
	assert_int_equal(task_cancel(&office.desk, "t9", &office.err, &status), -ENOENT);
	close_office(&office);
}

static void test_cancel_running_tells_the_worker(void **state)
{
	struct office office;
	struct redis_conn *listener;
	enum task_status status;
	redisReply *reply;

	open_office(&office, state);
	assert_int_equal(redis_conn_create(&office.redis->address, "listener", 5000, &listener), 0);
	assert_int_equal(redis_conn_subscribe(listener, "formy:control", NULL), 0);
	enqueue(&office, "t1", A, TASK_NORMAL);
	assert_int_equal(worker_claim(&office.worker, 1, "k1"), 1);
	assert_int_equal(task_cancel(&office.desk, "t1", &office.err, &status), 0);
	assert_int_equal(redis_conn_next(listener, 5000, NULL, &reply), 0);
	assert_string_equal(reply->element[2]->str, "{\"cancel\":\"t1\"}");
	freeReplyObject(reply);
	assert_consistent(office.redis, "t1");
	assert_int_equal(worker_finish(&office.worker, "t1", "k1", 1, QUEUE_DONE), QUEUE_REFUSED);
	assert_string_equal(office.worker.reasons[0], "cancelled");
	redis_conn_destroy(listener);
	close_office(&office);
}

static void test_retry_leaves_nothing_of_the_failure(void **state)
{
	static const char *const fields[] = {"error", "failed_at", "started_at", "progress",
		"worker", "processing_time", "current_step"};
	struct office office;
	enum task_status status;

	open_office(&office, state);
	enqueue(&office, "t1", A, TASK_LOW);
	assert_int_equal(task_retry(&office.desk, "t1", &office.err, &status), -EALREADY);
	assert_int_equal(status, TASK_PENDING);
	assert_int_equal(worker_claim(&office.worker, 1, "k1"), 1);
	assert_true(worker_renew(&office.worker, "t1", "k1", 10, "step"));
	fail_one(&office, "t1", "k1", 1);
	assert_int_equal(task_retry(&office.desk, "t1", &office.err, &status), 0);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		assert_null(task_field_of(office.redis, "t1", fields[i]));
	}
	assert_int_equal(test_redis_number(office.redis, "TTL formy:task:data:t1"), -1);
	assert_int_equal(test_redis_number(office.redis, "LLEN formy:task:queue:low"), 1);
	assert_int_equal(worker_claim(&office.worker, 1, "k2"), 1);
	assert_int_equal(office.worker.tasks[0].attempt, 2);
	assert_int_equal(office.worker.tasks[0].tries, 1);
	close_office(&office);
}

static void test_delete_only_what_ended(void **state)
{
	struct office office;
	enum task_status status;

	open_office(&office, state);
	enqueue(&office, "t1", A, TASK_NORMAL);
	assert_int_equal(task_delete(&office.desk, "t1", &office.err, &status), -EBUSY);
	assert_int_equal(task_cancel(&office.desk, "t1", &office.err, NULL), 0);
	assert_int_equal(task_delete(&office.desk, "t1", &office.err, &status), 0);
	assert_int_equal(task_delete(&office.desk, "t1", &office.err, &status), -ENOENT);
	assert_int_equal(test_redis_number(office.redis, "EXISTS formy:task:data:t1"), 0);
	close_office(&office);
}

static void assert_list(
	struct office *office, const struct task_filter *filter, uint64_t total, const char *ids)
{
	struct task_page page;
	char found[512] = "";

	assert_int_equal(task_list(&office->desk, filter, &office->err, &page), 0);
	for (size_t i = 0; i < page.count; i++) {
		(void)snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%s",
			i ? " " : "", page.tasks[i].id);
	}
	assert_string_equal(found, ids);
	assert_int_equal(page.total, total);
	task_page_finish(&page);
}

static void create_at(struct office *office, const char *id, const char *data, const char *time)
{
	foreign_create(office->redis, id, data);
	test_redis_number(office->redis, "HSET formy:task:data:%s created_at %s", id, time);
}

static void test_list(void **state)
{
	enum task_status done = TASK_DONE;
	enum task_status pending = TASK_PENDING;
	enum task_status processing = TASK_PROCESSING;
	enum task_status cancelled = TASK_CANCELLED;
	struct office office;

	open_office(&office, state);
	create_at(&office, "f1", A, "2026-11-17T10:00:00");
	create_at(&office, "f2", B, "2026-11-17T10:00:01.5");
	create_at(&office, "f3", A, "2026-11-17T12:00:00.9+02:00"); /* before f2 */
	create_at(&office, "f4", B, "2026-11-17 10:00:03Z");
	assert_list(&office, &(struct task_filter){.page = 1, .page_size = 10}, 4, "f4 f2 f3 f1");
	assert_list(&office, &(struct task_filter){.page = 2, .page_size = 3}, 4, "f1");
	assert_list(&office, &(struct task_filter){.mode = "A1", .page = 1, .page_size = 10}, 2,
		"f3 f1");
	assert_list(&office, &(struct task_filter){.user_id = "u2", .page = 2, .page_size = 1}, 2,
		"f2");
	assert_int_equal(worker_claim(&office.worker, 2, "k1"), 2);
	assert_int_equal(worker_finish(&office.worker, "f1", "k1", 1, QUEUE_DONE), QUEUE_WRITTEN);
	assert_list(&office, &(struct task_filter){.status = &done, .page = 1, .page_size = 9}, 1,
		"f1");
	assert_list(&office,
		&(struct task_filter){.status = &processing, .page = 1, .page_size = 9}, 1, "f2");
	assert_list(&office, &(struct task_filter){.status = &pending, .page = 1, .page_size = 9},
		2, "f4 f3");
	/* foreign clients cancel and delete without a word to the indexes */
	test_redis_number(office.redis, "HSET formy:task:data:f4 status cancelled");
	test_redis_number(office.redis, "DEL formy:task:data:f1");
	assert_list(
		&office, &(struct task_filter){.status = &done, .page = 1, .page_size = 9}, 0, "");
	assert_list(&office, &(struct task_filter){.status = &cancelled, .page = 1, .page_size = 9},
		1, "f4");
	assert_list(&office, &(struct task_filter){.page = 1, .page_size = 9}, 3, "f4 f2 f3");
	close_office(&office);
}

#define MANY 120

/* Reads all pages: every task stands in one of them, newest first. */
static void assert_pages(struct office *office, const char *mode, size_t expected)
{
	struct task_filter filter = {.mode = mode, .page_size = 7};
	bool seen[MANY] = {false};
	int64_t last = INT64_MAX;
	size_t count = 0;

	do {
		struct task_page page;

		filter.page++;
		assert_int_equal(task_list(&office->desk, &filter, &office->err, &page), 0);
		assert_true(page.count > 0);
		assert_int_equal(page.total, expected);
		for (size_t i = 0; i < page.count; i++) {
			long number = strtol(page.tasks[i].id + 1, NULL, 10);

			assert_in_range(number, 0, MANY - 1);
			assert_false(seen[number]);
			seen[number] = true;
			assert_true(page.tasks[i].created_us <= last);
			last = page.tasks[i].created_us;
		}
		count += page.count;
		task_page_finish(&page);
	} while (count < expected);
	assert_int_equal(count, expected);
}

static void test_pages_of_many_indexes(void **state)
{
	struct office office;
	struct queue_mode modes[] = {{.name = "A1", .room = 30}, {.name = "B2", .room = 10}};
	struct queue_turn turn = {.modes = modes, .mode_count = 2, .want = 30, .token = "k1"};

	open_office(&office, state);
	for (int i = 0; i < MANY; i++) {
		char id[16];
		char time[32];

		/* four at a time are of one moment */
		(void)snprintf(id, sizeof(id), "t%d", i);
		(void)snprintf(time, sizeof(time), "2026-11-17T10:00:%02d", i * 7 % MANY / 4);
		create_at(&office, id, i % 3 ? "{\"mode\":\"A1\"}" : "{\"mode\":\"B2\"}", time);
	}
	assert_pages(&office, NULL, MANY);
	worker_turn(&office.worker, &turn);
	assert_int_equal(office.worker.task_count, 30);
	for (int i = 0; i < 20; i++) {
		(void)worker_finish(&office.worker, office.worker.tasks[i].id, "k1", 1,
			i % 4 ? QUEUE_DONE : QUEUE_FAILED);
	}
	assert_pages(&office, NULL, MANY);
	assert_pages(&office, "A1", MANY / 3 * 2);
	assert_pages(&office, "B2", MANY / 3);
	close_office(&office);
}

static int64_t number_of(struct json_object *stats, const char *name)
{
	int64_t value = -1;

	assert_int_equal(json_get_int(stats, name, &value), 0);
	return value;
}

/* Tasks of a user are found among any number of others', in every state, and forgotten with them. */
static void test_pages_of_a_user(void **state)
{
	const struct task_filter all = {.user_id = "u1", .page = 1, .page_size = 10};
	enum task_status status = TASK_PROCESSING;
	struct task_filter filter = all;
	struct office office;

	open_office(&office, state);
	create_at(&office, "f1", A, "2026-11-17T10:00:01");
	create_at(&office, "f2", A, "2026-11-17T10:00:02");
	enqueue(&office, "f3", A, TASK_NORMAL);
	assert_int_equal(worker_claim(&office.worker, 2, "k1"), 2);
	assert_int_equal(worker_finish(&office.worker, "f1", "k1", 1, QUEUE_DONE), QUEUE_WRITTEN);
	/* f1 by its end, f3 by its creation, before anybody asks; f2 is running */
	assert_int_equal(test_redis_number(office.redis, "ZCARD formy:task:index:user:u1"), 2);
	/* more than a page by status looks at, all newer */
	test_redis_number(office.redis, "EVAL %s 1 formy:task:data: %s",
		"for i = 1, 3000 do local id = 'x' .. i redis.call('HSET', KEYS[1] .. id, "
		"'status', "
		"'pending', 'created_at', '2026-11-18T10:00:00', 'data', ARGV[1]) redis.call("
		"'ZADD', 'formy:task:index:pending:B2', 1795000000000, id) end return 1",
		B);
	assert_list(&office, &all, 3, "f3 f2 f1");
	filter.status = &status;
	assert_list(&office, &filter, 1, "f2");
	filter.mode = "B2";
	assert_list(&office, &filter, 0, "");
	test_redis_number(office.redis, "DEL formy:task:data:f1");
	assert_list(&office, &all, 2, "f3 f2");
	assert_int_equal(test_redis_number(office.redis, "ZCARD formy:task:index:user:u1"), 2);
	/* the reaper forgets those whose tasks are no more */
	test_redis_number(office.redis, "DEL formy:task:data:f2 formy:task:data:f3");
	(void)worker_reap(&office.worker);
	(void)worker_reap(&office.worker);
	assert_int_equal(test_redis_number(office.redis, "EXISTS formy:task:index:user:u1"), 0);
	assert_int_equal(
		test_redis_number(office.redis, "SISMEMBER formy:task:indexed:users u1"), 0);
	close_office(&office);
}

static void test_same_id_is_the_same_task(void **state)
{
	const char *const same[] = {
		"{\"config\":{\"b\":[1],\"a\":1},\"mode\":\"A1\",\"source_image\":\"s\"}",
		"{\"mode\":\"A1\",\"source_image\":\"s\",\"config\":{\"a\":1,\"b\":[1]},\"x\":2}",
	};
	const char *const other[] = {
		"{\"mode\":\"B2\",\"source_image\":\"s\",\"config\":{\"a\":1,\"b\":[1]}}",
		"{\"mode\":\"A1\",\"source_image\":\"t\",\"config\":{\"a\":1,\"b\":[1]}}",
		"{\"mode\":\"A1\",\"source_image\":\"s\",\"config\":{\"a\":2,\"b\":[1]}}",
		"{\"mode\":\"A1\",\"source_image\":\"s\"}",
	};
	struct task_new task = {.id = "one", .data = same[0]};
	struct test_redis *redis = *state;
	struct office office;

	open_office(&office, state);
	assert_int_equal(task_enqueue(&office.desk, &task, &office.err), 0);
	task.data = same[1];
	assert_int_equal(task_enqueue(&office.desk, &task, &office.err), 0);
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		task.data = other[i];
		assert_int_equal(task_enqueue(&office.desk, &task, &office.err), -EEXIST);
	}
	assert_int_equal(test_redis_number(redis, "LLEN formy:task:queue"), 1);
	assert_string_equal(task_field_of(redis, "one", "data"), same[0]);
	close_office(&office);
}

static void test_delayed_start(void **state)
{
	struct task_new task = {.id = "later", .data = A, .priority = TASK_HIGH, .delay_ms = 60000};
	struct queue_beat beat = {0};
	struct test_redis *redis = *state;
	struct office office;

	open_office(&office, state);
	assert_int_equal(task_enqueue(&office.desk, &task, &office.err), 0);
	task = (struct task_new){.id = "then", .data = A, .start_ms = INT64_C(4102444800000)};
	assert_int_equal(task_enqueue(&office.desk, &task, &office.err), 0);
	assert_string_equal(
		test_redis_text(redis, "ZSCORE formy:task:delayed then"), "4102444800000");
	task = (struct task_new){.id = "past", .data = A, .start_ms = 1000};
	assert_int_equal(task_enqueue(&office.desk, &task, &office.err), 0);
	assert_int_equal(worker_claim(&office.worker, 4, "t1"), 1);
	assert_string_equal(office.worker.tasks[0].id, "past");
	worker_beat(&office.worker, &beat);
	assert_in_range(office.worker.beat.next_due_ms, 50000, 60000);
	assert_int_equal(worker_claim(&office.worker, 4, "t2"), 0);
	assert_status(redis, "later", "pending");
	test_redis_number(redis, "ZADD formy:task:delayed 1 later");
	worker_beat(&office.worker, &beat);
	assert_int_equal(office.worker.beat.promoted, 1);
	assert_int_equal(worker_claim(&office.worker, 4, "t3"), 1);
	assert_string_equal(office.worker.tasks[0].id, "later");
	assert_int_equal(office.worker.tasks[0].priority, TASK_HIGH);
	assert_int_equal(task_cancel(&office.desk, "then", &office.err, NULL), 0);
	assert_int_equal(test_redis_number(redis, "ZCARD formy:task:delayed"), 0);
	close_office(&office);
}

static void test_stats(void **state)
{
	struct queue_beat beat = {.modes = worker_modes,
		.mode_count = 2,
		.registration = "{\"version\":\"0\",\"modes\":[\"A1\"]}",
		.registration_ms = 60000};
	struct office office;
	struct json_object *stats;
	struct json_object *mode;
	struct json_object *worker;

	open_office(&office, state);
	assert_int_equal(task_stats(&office.desk, &office.err, &stats), 0);
	assert_int_equal(number_of(stats, "total_tasks"), 0);
	assert_int_equal(json_object_array_length(json_member(stats, "workers")), 0);
	json_object_put(stats);

	queue_set_policy(office.worker.queue, &(struct queue_policy){.retention_s = 600});
	worker_beat(&office.worker, &beat);
	for (int i = 0; i < 5; i++) {
		char id[16];

		(void)snprintf(id, sizeof(id), "t%d", i);
		enqueue(&office, id, A, TASK_NORMAL);
	}
	assert_int_equal(worker_claim(&office.worker, 4, "k1"), 4);
	(void)worker_finish(&office.worker, "t0", "k1", 1, QUEUE_DONE);
	fail_one(&office, "t1", "k1", 1);
	(void)worker_finish(&office.worker, "t2", "k1", 1, QUEUE_RETRY);
	assert_int_equal(task_stats(&office.desk, &office.err, &stats), 0);
	assert_int_equal(number_of(stats, "pending"), 2);
	assert_int_equal(number_of(stats, "delayed"), 1);
	assert_int_equal(number_of(stats, "processing"), 1);
	assert_int_equal(number_of(stats, "done"), 1);
	assert_int_equal(number_of(stats, "failed"), 1);
	assert_int_equal(number_of(stats, "cancelled"), 0);
	assert_int_equal(number_of(stats, "total_tasks"), 5);
	mode = json_member(json_member(stats, "modes"), "B2");
	assert_int_equal(number_of(mode, "workers"), 0);
	mode = json_member(json_member(stats, "modes"), "A1");
	assert_int_equal(number_of(mode, "workers"), 1);
	assert_int_equal(number_of(mode, "processing"), 1);
	assert_int_equal(number_of(mode, "done"), 1);
	worker = json_object_array_get_idx(json_member(stats, "workers"), 0);
	assert_int_equal(number_of(worker, "processing"), 1);
	assert_string_equal(json_object_get_string(json_member(worker, "name")), "host:1");
	assert_string_equal(json_object_get_string(json_member(worker, "version")), "0");
	json_object_put(stats);
	close_office(&office);
}

static void test_events(void **state)
{
	struct office office;
	struct redis_conn *listener;
	redisReply *reply;

	open_office(&office, state);
	assert_int_equal(redis_conn_create(&office.redis->address, "listener", 5000, &listener), 0);
	assert_int_equal(redis_conn_subscribe(listener, "formy:events", NULL), 0);
	enqueue(&office, "t1", A, TASK_NORMAL);
	assert_int_equal(redis_conn_next(listener, 5000, NULL, &reply), 0);
	assert_non_null(strstr(reply->element[2]->str, "[{\"status\":\"pending\",\"at\":\"2"));
	assert_non_null(strstr(reply->element[2]->str, "Z\",\"task_ids\":[\"t1\"]}]"));
	freeReplyObject(reply);
	assert_int_equal(worker_claim(&office.worker, 1, "k1"), 1);
	assert_int_equal(redis_conn_next(listener, 5000, NULL, &reply), 0);
	freeReplyObject(reply);
	assert_true(worker_renew(&office.worker, "t1", "k1", 25, "a \"b\""));
	assert_int_equal(redis_conn_next(listener, 5000, NULL, &reply), 0);
	assert_non_null(strstr(
		reply->element[2]->str, "\"progress\":25,\"current_step\":\"a \\\"b\\\"\"}]"));
	freeReplyObject(reply);
	assert_int_equal(test_redis_number(office.redis, "XLEN formy:events:stream"), 3);
	redis_conn_destroy(listener);
	close_office(&office);
}

#define test(name) cmocka_unit_test_setup_teardown(name, redis_setup, redis_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_create),
		test(test_cancel_takes_it_out_of_every_list),
		test(test_cancel_running_tells_the_worker),
		test(test_retry_leaves_nothing_of_the_failure),
		test(test_delete_only_what_ended),
		test(test_list),
		test(test_pages_of_many_indexes),
		test(test_pages_of_a_user),
		test(test_same_id_is_the_same_task),
		test(test_delayed_start),
		test(test_stats),
		test(test_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
