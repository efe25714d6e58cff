/* The queue as a worker uses it: claim, renew, finish, give back, over an asynchronous link.
 *
 * Every verb is one script call. Its callback is called exactly once, on the loop's thread, never
 * from within the call: with result 0 and a reply, or with a negative errno and a sentence.
 * -ECONNRESET means that nobody knows whether the script ran; every verb may then be repeated with
 * the same arguments, a turn only after queue_release_token() of its token, or without claiming.
 * What a reply points to lives during the callback. Arguments are sent before the call returns. */
#ifndef FORMY_TASK_QUEUE_H
#define FORMY_TASK_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "task/keys.h"
#include "task/task.h"

struct err;
struct link;
struct queue;

/* What holds for all tasks, and may change with a reload. */
struct queue_policy {
	uint32_t retention_s; /* how long an ended task is kept */
	uint32_t user_limit;  /* tasks of one user that are held at once; 0: any number */
	uint32_t fair_share;  /* one claim in so many is for the lower priorities; 0: none */
	uint32_t grace_ms;    /* that a task waits for a mode which no worker has ever had */
};

struct queue_options {
	const char *prefix;
	const char *worker; /* "<host>:<pid>" */
	uint32_t lease_ms;  /* a task whose lease was not renewed for so long is somebody else's */
	struct queue_policy policy;
};

/* The strings are copied; the link must outlive the queue. 0, -EINVAL or -ENOMEM. */
int queue_create(struct link *link, const struct queue_options *options, struct err *err,
	struct queue **ret_queue);

/* Answers that are still to come call back with -ECANCELED, now. Takes NULL. */
void queue_destroy(struct queue *queue);

/* After a reload. */
void queue_set_policy(struct queue *queue, const struct queue_policy *policy);

const struct task_keys *queue_keys(const struct queue *queue);

/* ------------------------------------------------------------------------------------- turn -- */

enum queue_verdict {
	QUEUE_DONE,
	QUEUE_FAILED,
	QUEUE_RETRY,   /* to be tried again: it spent an attempt */
	QUEUE_LATER,   /* to be tried again: no attempt is spent */
	QUEUE_CRASHED, /* to be tried again: counted as a crash, not as one of max_attempts */
	QUEUE_CANCELLED,
	/* Its worker was killed while its files were on their way, and nobody knows how it ended: always
	 * refused, and what is still held by that claim comes back when its lease ends. */
	QUEUE_LEFT
};

struct queue_outcome {
	const char *id;
	const char *token;  /* that the task was claimed with */
	int64_t created_ms; /* as it was claimed with */
	unsigned attempt;   /* that it was claimed as */
	enum queue_verdict verdict;
	const char *json;        /* done: `result`; failed: `error`; else not read */
	uint32_t retry_delay_ms; /* retry, later, crashed */
	uint64_t processing_us;
	bool told_step; /* its current_step is to be "Done" */
};

/* A mode that this worker serves. */
struct queue_mode {
	const char *name;
	unsigned room;  /* tasks of it that may be claimed now */
	unsigned limit; /* tasks of it that all workers together may hold; 0: any number */
};

struct queue_turn {
	const struct queue_outcome *outcomes;
	size_t outcome_count; /* at most LIMIT_BATCH */
	const struct queue_mode *modes;
	size_t mode_count;
	unsigned want; /* tasks in all, at most LIMIT_BATCH; 0: none, and the inbox is left alone */
	const char *token; /* new for every turn that claims: ident_random() */
};

enum queue_fate {
	QUEUE_WRITTEN,
	QUEUE_ALREADY, /* this very outcome was written before: the answer had been lost */
	QUEUE_REFUSED  /* the task is not ours any more: delete what was published for it */
};

struct queue_answer {
	enum queue_fate fate;
	const char *reason; /* refused: "cancelled", "gone", "taken", "done", "failed", "pending" */
};

struct queue_task {
	const char *id;
	unsigned attempt; /* in all, as the hash counts them */
	unsigned tries; /* since a person's last retry, without crashes: what max_attempts bounds */
	unsigned crashes; /* since a person's last retry: what LIMIT_CRASHES bounds */
	enum task_priority priority;
	const char *mode;
	const char *user_id; /* NULL: none */
	const char *memo;    /* what an earlier attempt left; NULL: nothing */
	struct str data;
	int64_t created_ms; /* since 1970; 0: the task does not say, or not in words of a time */
};

/* Something in Redis that a person should know of: a key of the wrong type, an id that is none, a
 * task that failed before any executor saw it. */
struct queue_problem {
	const char *what; /* the id or the key */
	const char *code; /* the contract's code when a task failed by it, or NULL */
	const char *text;
};

struct queue_turn_reply {
	const struct queue_answer *answers; /* as many as outcomes, in their order */
	size_t answer_count;
	const struct queue_task *tasks; /* claimed with the turn's token */
	size_t task_count;
	const struct queue_problem *problems;
	size_t problem_count;
	unsigned waiting; /* tasks left in the queues, and waiting for modes that had room */
};

typedef void queue_turn_fn(
	int result, const char *why, const struct queue_turn_reply *reply, void *arg);

/* Finishes and claims. */
int queue_turn(struct queue *queue, const struct queue_turn *turn, queue_turn_fn *cb, void *arg);

/* Seconds that a wait lasts: less than a registration, by which the reaper knows whose inbox to look
 * into when a worker is no more. A longer one could fill it after the reaper has been there. */
#define QUEUE_WAIT_S 7
#define QUEUE_WAIT_TEXT "7"

/* Waits, QUEUE_WAIT_S at the most, on a link made with LINK_BLOCKING, until a task is pushed on the queue, and
 * claims it in the same breath: a script is sent behind a BLMOVE, with the modes and the token of
 * `turn`. It takes only what is as most tasks are; the next turn finds the others. The callback may come with no task, or fail at once (-EILSEQ: the queue is no list): then
 * wait a while before the next. One at a time on one link. */
int queue_wait(struct queue *queue, struct link *blocking, const struct queue_turn *turn,
	queue_turn_fn *cb, void *arg);

/* Ends a queue_wait() early: its callback then comes with no task, or with one that arrived in
 * time. 0, or -ENOTCONN. */
int queue_stop_waiting(struct queue *queue, struct link *blocking);

/* ------------------------------------------------------------------------------------- beat -- */

struct queue_held {
	const char *id;
	const char *token;
	bool started;     /* an executor has it: to lose this worker now would be a crash */
	int progress;     /* 0..100, -1: as it was */
	const char *step; /* NULL: as it was */
};

struct queue_beat {
	const struct queue_held *held; /* running and claimed ahead alike */
	size_t held_count;
	const struct queue_mode *modes; /* as in a turn */
	size_t mode_count;
	const char *registration; /* JSON for `formy worker list`; NULL: not written this time */
	uint32_t registration_ms; /* how long it stands without another beat */
};

enum queue_loss {
	QUEUE_LOST_CANCELLED,
	QUEUE_LOST_GONE, /* deleted */
	QUEUE_LOST_TAKEN /* another worker has it, or it ended */
};

struct queue_lost {
	const char *id;
	const char *token;
	enum queue_loss loss;
};

struct queue_beat_reply {
	const struct queue_lost *lost;
	size_t lost_count;
	unsigned promoted;    /* delayed tasks that are due now and were put on their queue */
	unsigned waiting;     /* as in a turn */
	uint64_t next_due_ms; /* until the next delayed task is due; 0: there is none */
	const struct queue_problem *problems; /* tasks that failed as no worker has their mode */
	size_t problem_count;
};

typedef void queue_beat_fn(
	int result, const char *why, const struct queue_beat_reply *reply, void *arg);

/* Renews the leases of what is held, writes its progress, says what is not ours any more, puts due
 * retries on their queues, and keeps this worker in the list of workers. Must have succeeded once,
 * with a registration, before the first queue_wait(). */
int queue_beat(struct queue *queue, const struct queue_beat *beat, queue_beat_fn *cb, void *arg);

/* ---------------------------------------------------------------------------------- the rest -- */

struct queue_return {
	const char *id;
	const char *token;
	bool started; /* its attempt counts */
};

/* `count`: tasks given back (release), or recovered (reap), or returned from the inbox (bye). */
struct queue_count_reply {
	unsigned count;
	unsigned failed;  /* reap: tasks that have crashed too often with this loss */
	unsigned workers; /* reap: workers that are no more */
	bool more;        /* reap: it stopped at its bound, call again */
};

typedef void queue_count_fn(
	int result, const char *why, const struct queue_count_reply *reply, void *arg);

/* Gives tasks back to the front of their queue, in the order given (first is first). */
int queue_release(struct queue *queue, const struct queue_return *tasks, size_t count,
	queue_count_fn *cb, void *arg);

/* Gives back, as never started, everything that was claimed with a token: after -ECONNRESET. */
int queue_release_token(struct queue *queue, const char *token, queue_count_fn *cb, void *arg);

/* Recovers what other workers left: expired leases, inboxes, tasks that are nowhere. Cheap; every
 * worker does it every few seconds. */
int queue_reap(struct queue *queue, queue_count_fn *cb, void *arg);

/* Keeps a note of a held task for the attempts that follow; NULL removes it. Its end removes it too.
 * count: 1, or 0 when the task is not held with that token any more. */
int queue_memo(struct queue *queue, const char *id, const char *token, const char *text,
	queue_count_fn *cb, void *arg);

#define QUEUE_CLEAN_IMAGES 100

/* A step of the janitor (daemon/janitor.h). */
struct queue_clean {
	const char *const *removed; /* tasks of the last step, whose files are removed now */
	size_t removed_count;
	int64_t offset;     /* where the look through old tasks stands; negative: none */
	const char *cursor; /* where the search for tasks that need images stands; NULL: none */
	const char *const *images;
	size_t image_count; /* at most QUEUE_CLEAN_IMAGES */
	uint32_t lock_ms;   /* no other worker is the janitor for so long */
};

struct queue_clean_reply {
	bool mine;               /* this worker is the janitor; if not, nothing was done */
	const char *const *gone; /* tasks that are no more: their files can go */
	size_t gone_count;
	int64_t offset;            /* for the next step; -1: all old tasks were looked at */
	const char *cursor;        /* for the next step; "0": all tasks were looked at */
	const char *const *needed; /* images that tasks name which have not ended */
	size_t needed_count;
};

typedef void queue_clean_fn(
	int result, const char *why, const struct queue_clean_reply *reply, void *arg);

int queue_clean(
	struct queue *queue, const struct queue_clean *clean, queue_clean_fn *cb, void *arg);

/* Leaves: empties the inbox into the queue, removes the registration. */
int queue_bye(struct queue *queue, queue_count_fn *cb, void *arg);

#endif
