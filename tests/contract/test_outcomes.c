/* Outcomes: which are written, which refused, and what is tried again. */
#include <stdio.h>
#include <string.h>

#include "contract/worker.h"
#include "lib/test.h"

#define A "{\"mode\":\"A1\"}"

static void start(void **state, struct test_redis **ret_redis, struct test_worker *worker)
{
	*ret_redis = *state;
	worker_start(worker, *state, "host:1", WORKER_LEASE_MS);
}

static void test_repeated_outcome_is_known(void **state)
{
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	task_push(redis, "formy:task:queue", "a1", A);
	assert_int_equal(worker_claim(&worker, 1, "t1"), 1);
	assert_int_equal(worker_finish(&worker, "a1", "t1", 1, QUEUE_DONE), QUEUE_WRITTEN);
	assert_int_equal(worker_finish(&worker, "a1", "t1", 1, QUEUE_DONE), QUEUE_ALREADY);
	assert_int_equal(worker_finish(&worker, "a1", "t1", 1, QUEUE_FAILED), QUEUE_REFUSED);
	assert_string_equal(worker.reasons[0], "done");
	assert_status(redis, "a1", "done");
	worker_stop(&worker);
}

static void test_late_worker_is_refused(void **state)
{
	struct test_redis *redis;
	struct test_worker worker;
	struct test_worker other;

	start(state, &redis, &worker);
	worker_start(&other, redis, "host:2", WORKER_LEASE_MS);
	task_push(redis, "formy:task:queue", "a1", A);
	assert_int_equal(worker_claim(&worker, 1, "t1"), 1);
	assert_true(worker_renew(&worker, "a1", "t1", -1, NULL));
	test_redis_number(redis, "ZADD formy:task:lease 1 a1");
	assert_int_equal(worker_reap(&other), 1);
	assert_int_equal(worker_claim(&other, 1, "t2"), 1);
	assert_int_equal(other.tasks[0].attempt, 2);
	assert_int_equal(worker_finish(&worker, "a1", "t1", 1, QUEUE_DONE), QUEUE_REFUSED);
	assert_string_equal(worker.reasons[0], "taken");
	assert_false(worker_renew(&worker, "a1", "t1", 99, "late"));
	assert_int_equal(worker.losses[0], QUEUE_LOST_TAKEN);
	assert_int_equal(worker_release(&worker, "a1", "t1", true), 0);
	assert_string_equal(task_field_of(redis, "a1", "progress"), "0");
	assert_int_equal(worker_finish(&other, "a1", "t2", 2, QUEUE_DONE), QUEUE_WRITTEN);
	worker_stop(&other);
	worker_stop(&worker);
}

/* Each outcome is checked against its own claim, in whatever order those of several claims come. */
static void test_outcomes_of_several_claims(void **state)
{
	static const struct {
		const char *id, *token;
		enum queue_verdict verdict;
		bool told_step;
		enum queue_fate fate;
	} rows[] = {
		{"a0", "t1", QUEUE_DONE, false, QUEUE_WRITTEN},
		{"a3", "t2", QUEUE_DONE, true, QUEUE_WRITTEN},
		{"a1", "t2", QUEUE_DONE, false, QUEUE_REFUSED},
		{"a4", "t2", QUEUE_FAILED, false, QUEUE_WRITTEN},
		{"a2", "t1", QUEUE_DONE, true, QUEUE_WRITTEN},
		{"a5", "t2", QUEUE_DONE, false, QUEUE_WRITTEN},
		{"a6", "t3", QUEUE_FAILED, false, QUEUE_REFUSED},
	};
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	struct queue_outcome outcomes[ROWS];
	struct queue_turn turn = {.outcomes = outcomes, .outcome_count = ROWS, .token = "none"};
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	for (int i = 0; i < ROWS; i++) {
		char id[16];

		(void)snprintf(id, sizeof(id), "a%d", i);
		task_push(redis, "formy:task:queue", id, A);
		outcomes[i] = (struct queue_outcome){.id = rows[i].id,
			.token = rows[i].token,
			.attempt = 1,
			.verdict = rows[i].verdict,
			.json = "{}",
			.told_step = rows[i].told_step};
	}
	assert_int_equal(worker_claim(&worker, 3, "t1"), 3);
	assert_int_equal(worker_claim(&worker, 4, "t2"), 4);
	worker_turn(&worker, &turn);
	assert_int_equal(worker.answer_count, ROWS);
	for (int i = 0; i < ROWS; i++) {
		bool written = rows[i].fate == QUEUE_WRITTEN;
		const char *step = task_field_of(redis, rows[i].id, "current_step");

		assert_int_equal(worker.fates[i], rows[i].fate);
		assert_status(redis, rows[i].id,
			!written                                ? "processing"
				: rows[i].verdict == QUEUE_DONE ? "done"
								: "failed");
		assert_int_equal(step != NULL, written && rows[i].told_step);
	}
	worker_stop(&worker);
}

static void test_retry_waits_and_comes_back(void **state)
{
	struct queue_outcome outcome = {.id = "h1",
		.token = "t1",
		.attempt = 1,
		.verdict = QUEUE_RETRY,
		.json = "{}",
		.retry_delay_ms = 60000};
	struct queue_turn turn = {.outcomes = &outcome, .outcome_count = 1, .token = "t2"};
	struct queue_beat beat = {.modes = worker_modes, .mode_count = 2};
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	task_push(redis, "formy:task:queue:high", "h1", A);
	assert_int_equal(worker_claim(&worker, 1, "t1"), 1);
	assert_true(worker_renew(&worker, "h1", "t1", 50, "half"));
	worker_turn(&worker, &turn);
	assert_int_equal(worker.fates[0], QUEUE_WRITTEN);
	assert_status(redis, "h1", "pending");
	assert_null(task_field_of(redis, "h1", "progress"));
	assert_null(task_field_of(redis, "h1", "current_step"));
	assert_null(task_field_of(redis, "h1", "started_at"));
	assert_null(task_field_of(redis, "h1", "error"));
	assert_string_equal(task_field_of(redis, "h1", "attempts"), "1");
	assert_int_equal(worker_claim(&worker, 1, "t3"), 0);
	worker_beat(&worker, &beat);
	assert_int_equal(worker.beat.promoted, 0);
	assert_true(worker.beat.next_due_ms > 50000 && worker.beat.next_due_ms <= 60000);
	worker_turn(&worker, &turn);
	assert_int_equal(worker.fates[0], QUEUE_ALREADY);

	test_redis_number(redis, "ZADD formy:task:delayed 1 h1");
	worker_beat(&worker, &beat);
	assert_int_equal(worker.beat.promoted, 1);
	assert_int_equal(worker.beat.waiting, 1);
	assert_int_equal(worker_claim(&worker, 1, "t4"), 1);
	assert_int_equal(worker.tasks[0].attempt, 2);
	assert_int_equal(worker.tasks[0].priority, TASK_HIGH);
	worker_stop(&worker);
}

#define test(name) cmocka_unit_test_setup_teardown(name, redis_setup, redis_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_repeated_outcome_is_known),
		test(test_late_worker_is_refused),
		test(test_outcomes_of_several_claims),
		test(test_retry_waits_and_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
