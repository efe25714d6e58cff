/* The sequences of clients that know nothing but the contract's first three keys. */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "contract/worker.h"
#include "lib/test.h"

#define DATA "{\"mode\":\"A1\",\"source_image\":\"img_1\",\"config\":{},\"user_id\":null}"

static void start(void **state, struct test_redis **ret_redis, struct test_worker *worker)
{
	*ret_redis = *state;
	worker_start(worker, *state, "host:1", WORKER_LEASE_MS);
}

static void cancel_foreign(struct test_redis *redis, const char *id)
{
	test_redis_number(redis, "LREM formy:task:queue 0 %s", id);
	test_redis_number(redis,
		"HSET formy:task:data:%s status cancelled progress 0 updated_at %s", id,
		"2026-11-17T10:00:01.000000");
	test_redis_number(redis, "SREM formy:task:processing %s", id);
}

static void delete_foreign(struct test_redis *redis, const char *id)
{
	test_redis_number(redis, "DEL formy:task:data:%s", id);
	test_redis_number(redis, "SREM formy:task:processing %s", id);
}

static void test_task_runs(void **state)
{
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	foreign_create(redis, "other.id-1_X", DATA);
	assert_int_equal(test_redis_number(redis, "LLEN formy:task:queue"), 1);
	assert_int_equal(worker_claim(&worker, 5, "t1"), 1);
	assert_string_equal(worker.tasks[0].id, "other.id-1_X");
	assert_string_equal(worker.tasks[0].mode, "A1");
	assert_int_equal(worker.tasks[0].attempt, 1);
	assert_int_equal(worker.tasks[0].data_len, strlen(DATA));
	assert_int_equal(test_redis_number(redis, "LLEN formy:task:queue"), 0);
	assert_status(redis, "other.id-1_X", "processing");
	assert_string_equal(task_field_of(redis, "other.id-1_X", "progress"), "0");
	assert_string_equal(task_field_of(redis, "other.id-1_X", "worker"), "host:1");
	assert_consistent(redis, "other.id-1_X");

	assert_true(worker_renew(&worker, "other.id-1_X", "t1", 40, "Cutting \"out\""));
	assert_string_equal(task_field_of(redis, "other.id-1_X", "progress"), "40");
	assert_string_equal(
		task_field_of(redis, "other.id-1_X", "current_step"), "Cutting \"out\"");
	assert_true(worker_renew(&worker, "other.id-1_X", "t1", 30, NULL));
	assert_string_equal(task_field_of(redis, "other.id-1_X", "progress"), "40");

	assert_int_equal(
		worker_finish(&worker, "other.id-1_X", "t1", 1, QUEUE_DONE), QUEUE_WRITTEN);
	assert_status(redis, "other.id-1_X", "done");
	assert_string_equal(task_field_of(redis, "other.id-1_X", "progress"), "100");
	assert_string_equal(task_field_of(redis, "other.id-1_X", "processing_time"), "1.234567");
	assert_string_equal(task_field_of(redis, "other.id-1_X", "attempts"), "1");
	assert_null(task_field_of(redis, "other.id-1_X", "error"));
	assert_int_equal(strlen(task_field_of(redis, "other.id-1_X", "completed_at")),
		strlen("2026-11-17T10:00:00.123456"));
	assert_consistent(redis, "other.id-1_X");
	worker_stop(&worker);
}

static void test_cancelled_pending_never_starts(void **state)
{
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	foreign_create(redis, "one", DATA);
	cancel_foreign(redis, "one");
	/* and one whose id was left on the queue */
	foreign_create(redis, "two", DATA);
	test_redis_number(redis, "HSET formy:task:data:two status cancelled");
	assert_int_equal(worker_claim(&worker, 5, "t1"), 0);
	assert_int_equal(worker.problem_count, 0);
	assert_status(redis, "one", "cancelled");
	assert_status(redis, "two", "cancelled");
	worker_stop(&worker);
}

static void test_cancelled_running_stays_cancelled(void **state)
{
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	foreign_create(redis, "one", DATA);
	assert_int_equal(worker_claim(&worker, 5, "t1"), 1);
	cancel_foreign(redis, "one");
	assert_false(worker_renew(&worker, "one", "t1", 50, "late"));
	assert_int_equal(worker.losses[0], QUEUE_LOST_CANCELLED);
	assert_string_equal(task_field_of(redis, "one", "progress"), "0");
	assert_int_equal(worker_finish(&worker, "one", "t1", 1, QUEUE_DONE), QUEUE_REFUSED);
	assert_string_equal(worker.reasons[0], "cancelled");
	assert_status(redis, "one", "cancelled");
	assert_null(task_field_of(redis, "one", "result"));
	assert_consistent(redis, "one");
	worker_stop(&worker);
}

static void test_cancelled_running_seen_by_the_outcome(void **state)
{
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	foreign_create(redis, "one", DATA);
	assert_int_equal(worker_claim(&worker, 5, "t1"), 1);
	cancel_foreign(redis, "one");
	assert_int_equal(worker_finish(&worker, "one", "t1", 1, QUEUE_FAILED), QUEUE_REFUSED);
	assert_status(redis, "one", "cancelled");
	assert_consistent(redis, "one");
	worker_stop(&worker);
}

static void test_deleted_never_comes_back(void **state)
{
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	foreign_create(redis, "waiting", DATA);
	delete_foreign(redis, "waiting");
	foreign_create(redis, "running", DATA);
	assert_int_equal(worker_claim(&worker, 5, "t1"), 1);
	assert_string_equal(worker.tasks[0].id, "running");
	delete_foreign(redis, "running");
	assert_false(worker_renew(&worker, "running", "t1", 50, "late"));
	assert_int_equal(worker.losses[0], QUEUE_LOST_GONE);
	assert_int_equal(worker_finish(&worker, "running", "t1", 1, QUEUE_DONE), QUEUE_REFUSED);
	assert_string_equal(worker.reasons[0], "gone");
	(void)worker_release(&worker, "running", "t1", true);
	(void)worker_reap(&worker);
	assert_status(redis, "running", "gone");
	assert_status(redis, "waiting", "gone");
	assert_consistent(redis, "running");
	worker_stop(&worker);
}

static void test_pushed_twice_runs_once(void **state)
{
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	foreign_create(redis, "one", DATA);
	test_redis_number(redis, "RPUSH formy:task:queue one one");
	assert_int_equal(worker_claim(&worker, 5, "t1"), 1);
	assert_int_equal(worker_claim(&worker, 5, "t2"), 0);
	assert_int_equal(worker_finish(&worker, "one", "t1", 1, QUEUE_DONE), QUEUE_WRITTEN);
	test_redis_number(redis, "RPUSH formy:task:queue one");
	assert_int_equal(worker_claim(&worker, 5, "t3"), 0);
	assert_status(redis, "one", "done");
	worker_stop(&worker);
}

static void assert_failed_with(struct test_redis *redis, const char *id, const char *code)
{
	char expected[80];
	const char *error;

	assert_status(redis, id, "failed");
	error = task_field_of(redis, id, "error");
	assert_non_null(error);
	(void)snprintf(expected, sizeof(expected), "\"code\":\"%s\"", code);
	if (!strstr(error, expected)) {
		fail_msg("%s: %s is not in %s", id, code, error);
	}
	assert_non_null(strstr(error, "\"details\":null"));
	assert_consistent(redis, id);
}

static void test_broken_tasks_fail_and_the_rest_goes_on(void **state)
{
	static char deep[20000];
	static char huge[LIMIT_TASK_DATA + 100];
	struct test_redis *redis;
	struct test_worker worker;

	memset(deep, '[', sizeof(deep) - 1);
	memset(huge, ' ', sizeof(huge) - 1);
	start(state, &redis, &worker);
	test_redis_number(
		redis, "RPUSH formy:task:queue no_hash ../etc/passwd %b", "a\0b", (size_t)3);
	test_redis_number(redis, "HSET formy:task:data:no_data status pending task_id no_data");
	test_redis_number(redis, "RPUSH formy:task:queue no_data");
	foreign_create(redis, "no_json", "{\"mode\":");
	foreign_create(redis, "no_object", "[\"A1\"]");
	foreign_create(redis, "no_mode", "{\"mode\":null}");
	foreign_create(redis, "odd_mode", "{\"mode\":\"a \\\"b\"}");
	foreign_create(redis, "new_mode", "{\"mode\":\"NOBODY_KNOWS\"}");
	foreign_create(redis, "deep", deep);
	foreign_create(redis, "huge", huge);
	freeReplyObject(test_redis_command(redis, "SET formy:task:data:text x"));
	test_redis_number(redis, "RPUSH formy:task:queue text");
	foreign_create(redis, "fine", DATA);

	assert_int_equal(worker_claim(&worker, 5, "t1"), 1);
	assert_string_equal(worker.tasks[0].id, "fine");
	assert_int_equal(worker.problem_count, 12);
	assert_failed_with(redis, "no_data", "TASK_DATA_NOT_FOUND");
	assert_failed_with(redis, "no_json", "INVALID_REQUEST");
	assert_failed_with(redis, "no_object", "INVALID_REQUEST");
	assert_failed_with(redis, "no_mode", "MISSING_REQUIRED_PARAM");
	assert_failed_with(redis, "odd_mode", "INVALID_MODE");
	assert_failed_with(redis, "new_mode", "INVALID_MODE");
	assert_failed_with(redis, "deep", "INVALID_REQUEST");
	assert_failed_with(redis, "huge", "INVALID_REQUEST");
	assert_int_equal(test_redis_number(redis, "LLEN formy:task:queue"), 0);
	worker_stop(&worker);
}

static void test_wrong_typed_queue_does_not_stop_the_others(void **state)
{
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	freeReplyObject(test_redis_command(redis, "SET formy:task:queue:high x"));
	foreign_create(redis, "one", DATA);
	assert_int_equal(worker_claim(&worker, 5, "t1"), 1);
	assert_int_equal(worker.problem_count, 1);
	assert_string_equal(worker.problem_what[0], "formy:task:queue:high");
	worker_stop(&worker);
}

static void test_wrong_typed_processing_is_said_and_nothing_lost(void **state)
{
	struct queue_turn turn = {.modes = worker_modes, .mode_count = 2, .want = 4, .token = "t1"};
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	freeReplyObject(test_redis_command(redis, "SET formy:task:processing x"));
	foreign_create(redis, "one", DATA);
	worker_turn(&worker, &turn);
	assert_true(worker.result < 0);
	assert_non_null(strstr(worker.why, "formy:task:processing"));
	assert_status(redis, "one", "pending");
	assert_int_equal(test_redis_number(redis, "LLEN formy:task:queue"), 1);
	test_redis_number(redis, "DEL formy:task:processing");
	assert_int_equal(worker_claim(&worker, 5, "t2"), 1);
	worker_stop(&worker);
}

/* An index only follows from the tasks: a broken one keeps none from its end. */
static void test_wrong_typed_index_is_said_and_nothing_stops(void **state)
{
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	freeReplyObject(test_redis_command(redis, "SET formy:task:index:done:A1 x"));
	freeReplyObject(test_redis_command(redis, "SET formy:task:index:pending:A1 x"));
	foreign_create(redis, "one", DATA);
	assert_int_equal(worker_claim(&worker, 5, "t1"), 1);
	assert_string_equal(worker.problem_what[0], "formy:task:index:pending:A1");
	assert_int_equal(worker_finish(&worker, "one", "t1", 1, QUEUE_DONE), QUEUE_WRITTEN);
	assert_string_equal(worker.problem_what[0], "formy:task:index:done:A1");
	assert_status(redis, "one", "done");
	assert_int_equal(test_redis_number(redis, "SCARD formy:task:processing"), 0);
	worker_stop(&worker);
}

/* However a client writes its JSON, the mode and the user are those that a JSON reader finds. */
/* Whatever stands where a claim should: the outcome is refused, and the others of its call are not. */
static void test_no_claim_is_no_claim(void **state)
{
	struct test_redis *redis = *state;
	struct test_worker worker;
	struct queue_outcome outcomes[] = {
		{.id = "a1", .token = "t1", .attempt = 1, .verdict = QUEUE_DONE, .json = "{}"},
		{.id = "a2", .token = "t1", .attempt = 1, .verdict = QUEUE_DONE, .json = "{}"},
	};
	struct queue_turn turn = {.outcomes = outcomes, .outcome_count = 2, .token = "none"};

	worker_start(&worker, redis, "host:1", WORKER_LEASE_MS);
	foreign_create(redis, "a1", "{\"mode\":\"A1\"}");
	foreign_create(redis, "a2", "{\"mode\":\"A1\"}");
	assert_int_equal(worker_claim(&worker, 2, "t1"), 2);
	test_redis_number(redis, "HSET formy:task:claims a1 t1");
	worker_turn(&worker, &turn);
	assert_int_equal(worker.result, 0);
	assert_int_equal(worker.fates[0], QUEUE_REFUSED);
	assert_int_equal(worker.fates[1], QUEUE_WRITTEN);
	assert_status(redis, "a2", "done");
	worker_stop(&worker);
}

static void test_mode_and_user_are_found_in_any_json(void **state)
{
	static const struct {
		const char *data;
		const char *mode;
		const char *user;
	} cases[] = {
		{"{\"mode\":\"A1\"}", "A1", ""},
		{"{\"mode\": \"A1\", \"user_id\": \"u1\", \"config\": {}}", "A1", "u1"},
		{"{\"mode\":\"A1\",\"user_id\":\"\",\"config\":{}}", "A1", ""},
		{"{\"mode\":\"A1\",\"user_id\":null}", "A1", ""},
		{"{\"mode\":\"A1\",\"user_id\":7}", "A1", "7"},
		{"{\"mode\":\"A1\",\"config\":{\"user_id\":\"x\"}}", "A1", ""},
		{"{\"mode\":\"A1\",\"config\":{\"user_id\":\"x\"},\"user_id\":\"u2\"}", "A1", "u2"},
		{"{\"mode\":\"A1\",\"user_id\":\"u3\",\"config\":{\"user_id\":\"x\"}}", "A1", "u3"},
		{"{\"mode\":\"A1\",\"config\":{\"mode\":\"B2\"}}", "A1", ""},
		{"{\"mode\":\"A1\",\"mode\":\"B2\"}", "B2", ""},
		{"{\"mode\":\"A1\",\"note\":\"\\\"user_id\\\":\\\"x\\\"\"}", "A1", ""},
		{"{\"mode\":\"A1\",\"user\\u005fid\":\"u4\"}", "A1", "u4"},
		{"{\"mode\":\"A1\",\"list\":[\"user_id\",\"x\"]}", "A1", ""},
		{"{\"mode\":\"A1\",\"k\":\"user_id\"}", "A1", ""},
		{"  { \"x\": 1,\n\"mode\" : \"B2\" }", "B2", ""},
	};
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char id[16];

		(void)snprintf(id, sizeof(id), "t%zu", i);
		foreign_create(redis, id, cases[i].data);
		assert_int_equal(worker_claim(&worker, 1, id), 1);
		assert_string_equal(worker.tasks[0].id, id);
		assert_string_equal(worker.tasks[0].mode, cases[i].mode);
		assert_string_equal(worker.tasks[0].user_id, cases[i].user);
		assert_int_equal(worker_finish(&worker, id, id, 1, QUEUE_DONE), QUEUE_WRITTEN);
	}
	worker_stop(&worker);
}

#define test(name) cmocka_unit_test_setup_teardown(name, redis_setup, redis_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_task_runs),
		test(test_cancelled_pending_never_starts),
		test(test_cancelled_running_stays_cancelled),
		test(test_cancelled_running_seen_by_the_outcome),
		test(test_deleted_never_comes_back),
		test(test_pushed_twice_runs_once),
		test(test_broken_tasks_fail_and_the_rest_goes_on),
		test(test_wrong_typed_queue_does_not_stop_the_others),
		test(test_wrong_typed_processing_is_said_and_nothing_lost),
		test(test_wrong_typed_index_is_said_and_nothing_stops),
		test(test_no_claim_is_no_claim),
		test(test_mode_and_user_are_found_in_any_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
