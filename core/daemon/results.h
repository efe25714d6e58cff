/* How jobs end: what Redis is told of them, and what becomes of their files. A job that is ended here
 * is in no list before. Loop's thread only. */
#ifndef FORMY_DAEMON_RESULTS_H
#define FORMY_DAEMON_RESULTS_H

#include <stdint.h>

#include <stdbool.h>

struct err;
struct job;
struct json_object;
struct outcome;
struct queue_answer;
struct store_published;
struct supervisor;

/* Its files are in the store (0), or are not: a negative errno with its sentence. */
void results_published(struct supervisor *sup, struct job *job, const char *metadata, int result,
	const struct err *err, const struct store_published *published);

/* It is not ours any more, and nothing was moved. */
void results_unpublished(struct supervisor *sup, struct job *job);

/* It is done; its files, if it has any, are in the store. */
void results_succeed(struct supervisor *sup, struct job *job, const char *metadata,
	const struct store_published *published);

/* It failed: for good, or to be tried again. The outcome's context is made here. */
void results_fail(
	struct supervisor *sup, struct job *job, const struct outcome *outcome, bool again);

/* Its executor died on it. The outcome has its context. */
void results_crashed(struct supervisor *sup, struct job *job, const struct outcome *outcome);

/* What an outcome's context says of a job; the caller's. NULL without memory. */
struct json_object *results_context(const struct job *job);

/* Redis knows already how the task ended, or who ends it: nothing is to be written, and what an
 * attempt of it may have published goes, unless somebody else's files have these names. */
void results_drop(struct supervisor *sup, struct job *job);

/* A running job that the worker could not finish before it goes down. */
void results_give_back(struct supervisor *sup, struct job *job);

/* Redis answered to its outcome, which was sent then: it is logged and destroyed, or sent again. */
void results_written(struct supervisor *sup, struct job *job, const struct queue_answer *answer,
	uint64_t sent_ms);

/* Ends a job, which is in no list, so that its task comes back after a while. Spends no attempt. */
void results_put_off(struct supervisor *sup, struct job *job, uint64_t delay_ms, const char *why);

#endif
