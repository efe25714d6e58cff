/* A worker and a client for tests: the asynchronous verbs, each run until its answer is there.
 *
 * All functions fail the test when no answer comes within 10 s. What a verb answered is copied
 * into the struct and stands until the next call. */
#ifndef FORMY_TESTS_CONTRACT_WORKER_H
#define FORMY_TESTS_CONTRACT_WORKER_H

#include <stdbool.h>
#include <uv.h>

#include "base/limits.h"
#include "lib/redis.h"
#include "task/queue.h"
#include "task/verbs.h"

struct link;

#define WORKER_LEASE_MS 10000

struct test_task {
	char id[LIMIT_TASK_ID + 1];
	unsigned attempt;
	unsigned tries;
	unsigned crashes;
	enum task_priority priority;
	char mode[LIMIT_MODE_NAME + 1];
	char user_id[LIMIT_USER_ID + 1];
	size_t data_len;
	int64_t created_ms;
	char memo[LIMIT_MEMO + LIMIT_ENGINE_NAME + 2]; /* "": none */
};

struct test_worker {
	uv_loop_t loop;
	struct link *link;
	struct queue *queue;
	struct test_redis *redis;
	bool up;
	bool answered;

	int result;
	char why[512];
	struct test_task tasks[LIMIT_BATCH];
	size_t task_count;
	enum queue_fate fates[LIMIT_BATCH];
	char reasons[LIMIT_BATCH][32];
	size_t answer_count;
	char problem_what[LIMIT_BATCH][LIMIT_TASK_ID + 1];
	char problem_code[LIMIT_BATCH][40];
	size_t problem_count;
	unsigned waiting;
	struct queue_beat_reply beat;
	enum queue_loss losses[LIMIT_BATCH];
	struct queue_count_reply count;
};

/* Modes A1 and B2, with room for everything. */
extern const struct queue_mode worker_modes[2];

void worker_start(
	struct test_worker *worker, struct test_redis *redis, const char *name, uint32_t lease_ms);
void worker_stop(struct test_worker *worker);

/* Runs the loop until *done. */
void worker_run_until(uv_loop_t *loop, const bool *done);

/* Claims up to `want` with a token, both modes served. Returns how many. */
size_t worker_claim(struct test_worker *worker, unsigned want, const char *token);
void worker_turn(struct test_worker *worker, const struct queue_turn *turn);

/* Reports one outcome; returns its fate. */
enum queue_fate worker_finish(struct test_worker *worker, const char *id, const char *token,
	unsigned attempt, enum queue_verdict verdict);

void worker_beat(struct test_worker *worker, const struct queue_beat *beat);

/* Renews one task, as started; true when it is still held. */
bool worker_renew(struct test_worker *worker, const char *id, const char *token, int progress,
	const char *step);

/* These give back `count`. */
unsigned worker_release(
	struct test_worker *worker, const char *id, const char *token, bool started);
unsigned worker_release_token(struct test_worker *worker, const char *token);
unsigned worker_memo(
	struct test_worker *worker, const char *id, const char *token, const char *text);
/* As one of many reapers, or as one that comes with nothing before it. */
unsigned worker_reap(struct test_worker *worker);
unsigned worker_reap_alone(struct test_worker *worker);
unsigned worker_bye(struct test_worker *worker);

/* For verbs of queue.h that are called directly. */
void worker_on_turn(int result, const char *why, const struct queue_turn_reply *reply, void *arg);

/* What a foreign client does to create a task, in the contract's words. */
void foreign_create(struct test_redis *redis, const char *id, const char *data);

/* A field of a task's hash, NULL when it is absent; stands until the next call. */
const char *task_field_of(struct test_redis *redis, const char *id, const char *field);

/* Fails unless the task has that status ("gone": no hash). */
void assert_status(struct test_redis *redis, const char *id, const char *status);

/* Fails unless every task is in exactly the keys that its status allows. */
void assert_consistent(struct test_redis *redis, const char *id);

/* A pending task at the end of a queue, as a foreign client puts it there. */
void task_push(struct test_redis *redis, const char *queue, const char *id, const char *data);

#endif
