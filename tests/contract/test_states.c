/* Walks every pair of state and event through the scripts and compares with task/state.c. */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "contract/worker.h"
#include "lib/test.h"
#include "redis/conn.h"
#include "task/keys.h"

#define ID "task_20261117_0000000000"
#define TOKEN "token1"
#define DATA "{\"mode\":\"A1\"}"

struct bench {
	struct test_redis *redis;
	struct test_worker worker;
	struct redis_conn *conn;
	struct task_keys keys;
	struct task_desk desk;
};

static void claim(struct bench *bench)
{
	assert_int_equal(worker_claim(&bench->worker, 1, TOKEN), 1);
}

static void finish(struct bench *bench, enum queue_verdict verdict)
{
	(void)worker_finish(&bench->worker, ID, TOKEN, 1, verdict);
}

static void bring_to(struct bench *bench, enum task_status status)
{
	freeReplyObject(test_redis_command(bench->redis, "FLUSHALL"));
	if (status == TASK_GONE) {
		return;
	}
	foreign_create(bench->redis, ID, DATA);
	if (status == TASK_PENDING) {
		return;
	}
	claim(bench);
	switch (status) {
	case TASK_DONE:
		finish(bench, QUEUE_DONE);
		break;
	case TASK_FAILED:
		finish(bench, QUEUE_FAILED);
		break;
	case TASK_CANCELLED:
		assert_int_equal(task_cancel(&bench->desk, ID, NULL, NULL), 0);
		break;
	default:
		break;
	}
}

/* A lease of this worker that ran out, whatever became of its task. */
static void lose_lease(struct bench *bench, const char *crashes)
{
	const char *status = task_field_of(bench->redis, ID, "status");

	if (status && strcmp(status, "processing") == 0) {
		(void)worker_renew(&bench->worker, ID, TOKEN, -1, NULL);
	}
	if (status) {
		test_redis_number(bench->redis, "HSET formy:task:data:%s crashes %s", ID, crashes);
	}
	test_redis_number(bench->redis, "ZADD formy:task:lease 1 %s", ID);
	(void)worker_reap(&bench->worker);
}

static void happen(struct bench *bench, enum task_event event)
{
	switch (event) {
	case TASK_EVENT_CLAIM:
		/* the id on the queue is all that a claim goes by */
		test_redis_number(bench->redis, "RPUSH formy:task:queue %s", ID);
		(void)worker_claim(&bench->worker, 1, "token2");
		break;
	case TASK_EVENT_SUCCEED:
		finish(bench, QUEUE_DONE);
		break;
	case TASK_EVENT_FAIL:
		finish(bench, QUEUE_FAILED);
		break;
	case TASK_EVENT_RETRY_LATER:
		finish(bench, QUEUE_RETRY);
		break;
	case TASK_EVENT_GIVE_BACK:
		(void)worker_release(&bench->worker, ID, TOKEN, true);
		break;
	case TASK_EVENT_LOSE_LEASE:
		lose_lease(bench, "0");
		break;
	case TASK_EVENT_USE_UP:
		lose_lease(bench, "1");
		break;
	case TASK_EVENT_CANCEL:
		(void)task_cancel(&bench->desk, ID, NULL, NULL);
		break;
	case TASK_EVENT_RETRY:
		(void)task_retry(&bench->desk, ID, NULL, NULL);
		break;
	case TASK_EVENT_DELETE:
		(void)task_delete(&bench->desk, ID, NULL, NULL);
		break;
	case TASK_EVENT_COUNT:
		break;
	}
}

static void test_scripts_keep_the_table(void **state)
{
	struct bench bench = {.redis = *state};
	struct err err;

	worker_start(&bench.worker, bench.redis, "host:1", WORKER_LEASE_MS);
	assert_int_equal(redis_conn_create(&bench.redis->address, "test", 5000, &bench.conn), 0);
	assert_int_equal(task_keys_init(&bench.keys, "formy", &err), 0);
	bench.desk = (struct task_desk){bench.conn, &bench.keys, 600};

	for (int from = 0; from < TASK_STATUS_COUNT; from++) {
		for (int event = 0; event < TASK_EVENT_COUNT; event++) {
			int to = task_state_next((enum task_status)from, (enum task_event)event);
			const char *expected;
			const char *found;

			bring_to(&bench, (enum task_status)from);
			assert_status(bench.redis, ID, task_status_name((enum task_status)from));
			happen(&bench, (enum task_event)event);
			expected = task_status_name(
				(enum task_status)(to == TASK_REFUSED ? from : to));
			found = task_field_of(bench.redis, ID, "status");
			if (strcmp(found ? found : "gone", expected) != 0) {
				fail_msg("%s and %s: found %s, not %s",
					task_status_name((enum task_status)from),
					task_event_name((enum task_event)event),
					found ? found : "gone", expected);
			}
			assert_consistent(bench.redis, ID);
		}
	}
	task_keys_finish(&bench.keys);
	redis_conn_destroy(bench.conn);
	worker_stop(&bench.worker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_scripts_keep_the_table, redis_setup, redis_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
