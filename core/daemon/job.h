/* A task that this worker holds: claimed, and not yet written as ended.
 *
 * A job belongs to the supervisor's list of jobs from its claim to the answer to its outcome. It
 * has one of five states, and is in the one list that goes with it: waiting in its mode, sent to an
 * executor that is at another one, running in a slot, publishing its files, or ended and waiting to be
 * written. Loop's thread only. */
#ifndef FORMY_DAEMON_JOB_H
#define FORMY_DAEMON_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/ident.h"
#include "base/limits.h"
#include "task/queue.h"

struct mode;
struct outcome;
struct plugin_file;
struct route;

enum job_state {
	JOB_WAITING,
	JOB_SENT,
	JOB_RUNNING,
	JOB_PUBLISHING,
	JOB_ENDED,
};

/* Why a job is not wanted any more. */
enum job_stop {
	JOB_WANTED,
	JOB_CANCELLED, /* in Redis it is cancelled */
	JOB_GONE,      /* in Redis it is no more */
	JOB_TAKEN,     /* in Redis somebody else has it, or had: its files may be theirs */
	JOB_RETURNED,  /* this worker goes down: back into the queue */
};

struct job_input {
	char role[LIMIT_ROLE_NAME + 1];
	char image_id[LIMIT_IMAGE_ID + 1];
};

struct job {
	struct job *next, *prev; /* in the list of its state */
	enum job_state state;
	enum job_stop stop;

	char id[LIMIT_TASK_ID + 1];
	char token[IDENT_RANDOM_SIZE];
	int64_t created_ms; /* 0: not known */
	unsigned attempt;   /* that it was claimed as: all attempts that there ever were */
	unsigned tries; /* those since a person made it pending again: max_attempts limits these */
	unsigned crashes;  /* that it has behind it; they are no tries */
	unsigned misses;   /* executors that ended before they began it */
	struct mode *mode; /* held; NULL: its outcome is one of an earlier worker's */
	char *config;      /* JSON: checked, with defaults; NULL before that */
	char *unknown;     /* JSON: members of config that the mode does not know; NULL: none */
	struct job_input inputs[LIMIT_TASK_INPUTS];
	size_t input_count;
	int64_t timeout_ms;
	bool check;          /* no task: an engine's check(), in no list and unknown to Redis */
	struct route *route; /* of its mode: by which it runs; NULL: it does not yet */
	char engine_wanted[LIMIT_ENGINE_NAME + 1]; /* by config.engine; "": any */
	char *memo;                                /* "<engine> <what it noted>"; NULL: nothing */

	int pid;             /* of the executor that it was given to; 0: not yet */
	uint64_t claimed_us; /* monotonic */
	uint64_t started_us; /* when it was given to an executor; 0: not yet */

	int progress; /* 0..100 */
	char step[LIMIT_STEP_TEXT + 1];
	uint64_t part;     /* enum msg_part: whose code runs */
	bool used_engine;  /* it has run ... */
	bool used_helper;  /* ... in this job */
	bool progress_new; /* not yet in Redis */

	/* How it ended. */
	enum queue_verdict verdict;
	struct buf json; /* `result` or `error` */
	uint32_t retry_delay_ms;
	uint64_t processing_us;
	bool published; /* its files are in the store */
	bool spooled;   /* the outcome is on disk */
	bool marked;    /* what is on disk says that its files may be in the store */
};

/* A list with a head: a zeroed one has to go through job_list_init. */
struct job_list {
	struct job ends; /* next: first, prev: last */
	size_t count;
};

void job_list_init(struct job_list *list);
void job_list_push(struct job_list *list, struct job *job);
void job_list_push_front(struct job_list *list, struct job *job);
void job_list_remove(struct job_list *list, struct job *job);
struct job *job_list_first(const struct job_list *list); /* NULL: empty */
struct job *job_list_next(const struct job_list *list, const struct job *job);

/* A job for a claimed task; *ret_job is the caller's. 0 or -ENOMEM. */
int job_create(const struct queue_task *task, const char *token, struct job **ret_job);

/* Takes NULL. Not while it is in a list. */
void job_destroy(struct job *job);

/* Sets the outcome: failed for good or, if `again` and attempts are left, to be tried again. */
void job_fail(struct job *job, const struct outcome *outcome, bool again);

/* Sets the outcome: to be tried again after this, and no attempt is spent. */
void job_put_off(struct job *job, uint32_t delay_ms);

/* The name of the engine that it runs with; NULL: none, or it does not run. */
const char *job_engine(const struct job *job);

/* The plugin whose code runs, as far as is known, for a job in an executor. */
const struct plugin_file *job_culprit(const struct job *job);

/* Its executor died on it: true when that puts that plugin into quarantine. */
bool job_blame(const struct job *job);

/* Its executor answered: the plugins that ran do not die on every task. */
void job_absolve(const struct job *job);

/* Redis knows already how its task ended, or who ends it. */
bool job_is_unwanted(const struct job *job);

/* Sets the outcome of a crash: to be tried again, until there were LIMIT_CRASHES. */
void job_crash(struct job *job, const struct outcome *outcome);

#endif
