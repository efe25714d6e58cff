/* What an engine notes of a task outlives everybody but the task; and "later" spends no attempt. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "contract/worker.h"
#include "lib/test.h"
#include "redis/conn.h"
#include "task/keys.h"
#include "task/verbs.h"

#define A "{\"mode\":\"A1\"}"
#define NOTE "comfy 7c9e6679 http://gpu1:8188"

struct memo_case {
	struct test_redis *redis;
	struct test_worker worker;
};

/* The task "one" is held by host:1 with the token t1. */
static void start(struct memo_case *run, void **state)
{
	run->redis = *state;
	worker_start(&run->worker, run->redis, "host:1", WORKER_LEASE_MS);
	foreign_create(run->redis, "one", A);
	assert_int_equal(worker_claim(&run->worker, 1, "t1"), 1);
	assert_string_equal(run->worker.tasks[0].memo, "");
}

static void stop(struct memo_case *run)
{
	worker_stop(&run->worker);
}

static const char *kept(struct memo_case *run)
{
	return test_redis_text(run->redis, "HGET formy:task:memos one");
}

static void keep(struct memo_case *run, const char *token)
{
	assert_int_equal(worker_memo(&run->worker, "one", token, NOTE), 1);
	assert_string_equal(kept(run), NOTE);
}

/* Claims it again, and it has the note. */
static void claim_with_note(struct memo_case *run, const char *token, unsigned attempt)
{
	assert_int_equal(worker_claim(&run->worker, 1, token), 1);
	assert_string_equal(run->worker.tasks[0].id, "one");
	assert_int_equal(run->worker.tasks[0].attempt, attempt);
	assert_string_equal(run->worker.tasks[0].memo, NOTE);
}

typedef int client_verb(const struct task_desk *desk, const char *id, struct err *err,
	enum task_status *ret_status);

/* A client's verb, which succeeds. */
static void as_client(struct memo_case *run, client_verb *verb)
{
	struct redis_conn *conn = NULL;
	struct task_keys keys;
	struct err err = {0};

	assert_int_equal(redis_conn_create(&run->redis->address, "test", 5000, &conn), 0);
	assert_int_equal(task_keys_init(&keys, "formy", NULL), 0);
	assert_int_equal(verb(&(struct task_desk){conn, &keys, 600}, "one", &err, NULL), 0);
	task_keys_finish(&keys);
	redis_conn_destroy(conn);
}

static void test_only_the_holder_notes(void **state)
{
	struct memo_case run;

	start(&run, state);
	assert_int_equal(worker_memo(&run.worker, "one", "t2", NOTE), 0);
	assert_int_equal(worker_memo(&run.worker, "two", "t1", NOTE), 0);
	assert_null(kept(&run));
	keep(&run, "t1");
	/* sent again, and changed, and taken back */
	keep(&run, "t1");
	assert_int_equal(worker_memo(&run.worker, "one", "t1", NULL), 1);
	assert_null(kept(&run));
	keep(&run, "t1");
	/* a worker that is late changes nothing of what its successor noted */
	assert_int_equal(worker_release(&run.worker, "one", "t1", true), 1);
	assert_int_equal(worker_memo(&run.worker, "one", "t1", NULL), 0);
	claim_with_note(&run, "t2", 2);
	assert_int_equal(worker_memo(&run.worker, "one", "t1", "comfy old"), 0);
	assert_string_equal(kept(&run), NOTE);
	/* nor does one whose task a foreign client has ended */
	test_redis_number(run.redis, "HSET formy:task:data:one status cancelled");
	assert_int_equal(worker_memo(&run.worker, "one", "t2", "comfy late"), 0);
	stop(&run);
}

static void test_it_is_handed_to_whoever_claims_next(void **state)
{
	struct memo_case run;

	start(&run, state);
	keep(&run, "t1");
	assert_int_equal(worker_finish(&run.worker, "one", "t1", 1, QUEUE_RETRY), QUEUE_WRITTEN);
	worker_beat(&run.worker, &(struct queue_beat){0});
	claim_with_note(&run, "t2", 2);
	assert_int_equal(worker_finish(&run.worker, "one", "t2", 2, QUEUE_CRASHED), QUEUE_WRITTEN);
	worker_beat(&run.worker, &(struct queue_beat){0});
	claim_with_note(&run, "t3", 3);
	assert_int_equal(worker_release(&run.worker, "one", "t3", false), 1);
	claim_with_note(&run, "t4", 3);
	test_redis_number(run.redis, "ZADD formy:task:lease 1 one");
	assert_int_equal(worker_reap(&run.worker), 1);
	claim_with_note(&run, "t5", 3);
	assert_int_equal(worker_reap(&run.worker), 0);
	assert_string_equal(kept(&run), NOTE);
	stop(&run);
}

static void test_it_ends_with_the_task(void **state)
{
	static const enum queue_verdict verdicts[] = {QUEUE_DONE, QUEUE_FAILED};
	struct memo_case run;
	char token[] = "t1";

	start(&run, state);
	for (size_t i = 0; i < 2; i++) {
		keep(&run, token);
		assert_int_equal(
			worker_finish(&run.worker, "one", token, 1, verdicts[i]), QUEUE_WRITTEN);
		assert_null(kept(&run));
		test_redis_number(run.redis, "DEL formy:task:data:one");
		foreign_create(run.redis, "one", A);
		token[1]++;
		assert_int_equal(worker_claim(&run.worker, 1, token), 1);
		assert_string_equal(run.worker.tasks[0].memo, "");
	}
	stop(&run);
}

/* A person who retries a failed task wants it run anew, whatever was left. */
static void test_clients_leave_none(void **state)
{
	struct memo_case run;

	start(&run, state);
	keep(&run, "t1");
	as_client(&run, task_cancel);
	assert_null(kept(&run));
	test_redis_number(run.redis, "HSET formy:task:memos one old");
	as_client(&run, task_delete);
	assert_null(kept(&run));
	foreign_create(run.redis, "one", A);
	assert_int_equal(worker_claim(&run.worker, 1, "t2"), 1);
	assert_int_equal(worker_finish(&run.worker, "one", "t2", 1, QUEUE_FAILED), QUEUE_WRITTEN);
	test_redis_number(run.redis, "HSET formy:task:memos one old");
	as_client(&run, task_retry);
	assert_null(kept(&run));
	stop(&run);
}

static void test_leftovers_are_swept(void **state)
{
	struct memo_case run;

	start(&run, state);
	keep(&run, "t1");
	/* as foreign clients do it */
	test_redis_number(run.redis, "HSET formy:task:data:one status cancelled");
	test_redis_number(run.redis, "SREM formy:task:processing one");
	assert_int_equal(worker_reap(&run.worker), 0);
	assert_null(kept(&run));
	test_redis_number(run.redis, "HSET formy:task:memos gone old");
	assert_int_equal(worker_reap(&run.worker), 0);
	assert_int_equal(test_redis_number(run.redis, "EXISTS formy:task:memos"), 0);
	/* the second crash of a worker fails a task, which takes its note along */
	foreign_create(run.redis, "two", A);
	test_redis_number(run.redis, "HSET formy:task:data:two crashes 1 attempts 1");
	assert_int_equal(worker_claim(&run.worker, 1, "t2"), 1);
	assert_true(worker_renew(&run.worker, "two", "t2", 10, "half way"));
	assert_int_equal(worker_memo(&run.worker, "two", "t2", NOTE), 1);
	test_redis_number(run.redis, "ZADD formy:task:lease 1 two");
	assert_int_equal(worker_reap(&run.worker), 0);
	assert_status(run.redis, "two", "failed");
	assert_int_equal(test_redis_number(run.redis, "EXISTS formy:task:memos"), 0);
	stop(&run);
}

/* Put off as often as need be, each time as if it had not been tried; its place is given back. */
static void test_later_spends_no_attempt(void **state)
{
	struct memo_case run;
	char token[] = "t1";

	start(&run, state);
	for (int i = 0; i < 4; i++) {
		assert_true(worker_renew(&run.worker, "one", token, 40, "Waiting"));
		assert_int_equal(
			worker_finish(&run.worker, "one", token, 1, QUEUE_LATER), QUEUE_WRITTEN);
		assert_int_equal(
			worker_finish(&run.worker, "one", token, 1, QUEUE_LATER), QUEUE_ALREADY);
		assert_status(run.redis, "one", "pending");
		assert_null(task_field_of(run.redis, "one", "attempts"));
		assert_null(task_field_of(run.redis, "one", "crashes"));
		assert_null(task_field_of(run.redis, "one", "worker"));
		assert_null(task_field_of(run.redis, "one", "progress"));
		assert_null(task_field_of(run.redis, "one", "current_step"));
		assert_non_null(test_redis_text(run.redis, "ZSCORE formy:task:delayed one"));
		assert_consistent(run.redis, "one");
		worker_beat(&run.worker, &(struct queue_beat){0});
		token[1]++;
		assert_int_equal(worker_claim(&run.worker, 1, token), 1);
		assert_int_equal(run.worker.tasks[0].attempt, 1);
		assert_int_equal(run.worker.tasks[0].tries, 1);
	}
	assert_int_equal(worker_finish(&run.worker, "one", token, 1, QUEUE_RETRY), QUEUE_WRITTEN);
	assert_string_equal(task_field_of(run.redis, "one", "attempts"), "1");
	worker_beat(&run.worker, &(struct queue_beat){0});
	assert_int_equal(worker_claim(&run.worker, 1, "t9"), 1);
	assert_int_equal(run.worker.tasks[0].attempt, 2);
	assert_int_equal(worker_finish(&run.worker, "one", "t9", 2, QUEUE_LATER), QUEUE_WRITTEN);
	assert_string_equal(task_field_of(run.redis, "one", "attempts"), "1");
	/* a task that was cancelled meanwhile stays so */
	worker_beat(&run.worker, &(struct queue_beat){0});
	assert_int_equal(worker_claim(&run.worker, 1, "ta"), 1);
	as_client(&run, task_cancel);
	assert_int_equal(worker_finish(&run.worker, "one", "ta", 2, QUEUE_LATER), QUEUE_REFUSED);
	assert_status(run.redis, "one", "cancelled");
	stop(&run);
}

#define test(name) cmocka_unit_test_setup_teardown(name, redis_setup, redis_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_only_the_holder_notes),
		test(test_it_is_handed_to_whoever_claims_next),
		test(test_it_ends_with_the_task),
		test(test_clients_leave_none),
		test(test_leftovers_are_swept),
		test(test_later_spends_no_attempt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
