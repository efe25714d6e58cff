/* Calls of scripts on their way to Redis and back: what the files of queue.h share.
 *
 * Nobody else includes this. Loop's thread only. */
#ifndef FORMY_TASK_QUEUE_REQUEST_H
#define FORMY_TASK_QUEUE_REQUEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "task/keys.h"
#include "task/queue.h"

struct args;
struct script;

enum request_kind { REQUEST_TURN, REQUEST_TAKE, REQUEST_BEAT, REQUEST_COUNT, REQUEST_CLEAN };

/* A script call whose answer is to come. */
struct queue_request {
	struct queue *queue; /* NULL: the queue was destroyed, nobody is called */
	struct queue_request *next;
	struct queue_request **before;
	enum request_kind kind;
	union {
		queue_turn_fn *turn;
		queue_beat_fn *beat;
		queue_count_fn *count;
		queue_clean_fn *clean;
	} cb;
	void *arg;
	size_t outcome_count; /* of a turn, and in which order they were sent */
	unsigned char order[LIMIT_BATCH];
	unsigned refs; /* answers that are to come: two behind a BLMOVE */
	int moved;     /* what became of the BLMOVE: 0 or a negative errno with why */
	struct err why;
};

struct queue {
	struct link *link;
	struct task_keys keys;
	char *worker;
	struct buf inbox;
	struct buf unserved; /* the index of pending tasks of modes that no worker ever had */
	uint32_t lease_ms;
	struct queue_policy policy;
	uint32_t claimed;    /* tasks, so far */
	uint64_t checked_ms; /* when a turn last looked at all keys; 0: the next one does */
	struct queue_request *requests;
};

/* A script call as it goes out. */
struct queue_call {
	struct link *link;
	const struct script *script;
	const struct str *keys;
	size_t key_count;
	const struct args *args;
	const struct str *first; /* a command in front of it on the same connection, or NULL */
	size_t first_count;      /* its words */
};

/* Sends it; `what` says whom its answer goes to. 0, or a negative errno, and nobody is called. */
int queue_request_call(
	struct queue *queue, const struct queue_call *call, const struct queue_request *what);

/* The same for a script on the queue's own connection that takes all keys of task/keys.h. */
int queue_request_send(struct queue *queue, const struct script *script, const struct args *args,
	const struct queue_request *what);

/* Calls back all that wait, as the queue is closed. */
void queue_request_cancel_all(struct queue *queue);

/* Three arguments for each mode: its name, room and limit. */
void queue_add_modes(struct args *args, const struct queue_mode *modes, size_t count);

#endif
