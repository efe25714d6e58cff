/* How jobs end: an executor's answer, or its death, becomes what Redis is told.
 * Loop's thread only. */
#ifndef FORMY_DAEMON_RESULTS_H
#define FORMY_DAEMON_RESULTS_H

#include <stdint.h>

#include <stdbool.h>

struct err;
struct job;
struct msg_outcome;
struct outcome;
struct place;
struct queue_answer;
struct slot_exit;
struct store_published;
struct supervisor;

/* The executor answered. The job leaves the running ones. */
void results_answered(struct supervisor *sup, struct place *place, struct job *job,
	const struct msg_outcome *answer);

/* The executor died with it. */
void results_lost(
	struct supervisor *sup, struct place *place, struct job *job, const struct slot_exit *end);

/* Its files are in the store (0), or are not: a negative errno with its sentence. The job is in no
 * list. */
void results_published(struct supervisor *sup, struct job *job, const char *metadata, int result,
	const struct err *err, const struct store_published *published);

/* It is not ours any more, and nothing was moved. The job is in no list. */
void results_unpublished(struct supervisor *sup, struct job *job);

/* It ends without having run: in no list, or in its mode's waiting ones no more. */
void results_refuse(
	struct supervisor *sup, struct job *job, const struct outcome *outcome, bool again);

/* Redis answered to its outcome, which was sent then: it is logged and destroyed, or sent again. */
void results_written(struct supervisor *sup, struct job *job, const struct queue_answer *answer,
	uint64_t sent_ms);

/* Ends a job, which is in no list, so that its task comes back after a while. Spends no attempt. */
void results_put_off(struct supervisor *sup, struct job *job, uint64_t delay_ms, const char *why);

#endif
