/* Tasks to executors: a claimed task becomes a job, a job waits in its mode, a slot takes it.
 *
 * A slot serves one mode at a time and is kept warm. When no slot of a mode is free an idle one of
 * another mode makes place. Running starts from the loop's turn, never from within an event. */
#ifndef FORMY_DAEMON_DISPATCH_H
#define FORMY_DAEMON_DISPATCH_H

#include <stddef.h>

#include "base/ident.h"
#include "task/queue.h"

struct job;
struct place;
struct supervisor;

/* Makes a job of a claimed task; one that cannot be run ends at once, with its error. */
void dispatch_accept(
	struct supervisor *sup, const struct queue_task *task, const char token[IDENT_RANDOM_SIZE]);

/* Once a turn of the loop: gives waiting jobs to slots, starts and ends executors. */
void dispatch_turn(struct supervisor *sup);

/* Tasks that this worker can take beyond those that it holds: its free places, and some ahead
 * where tasks are so short that waiting for the next claim would cost more than they do. Negative
 * when it holds more than that. */
int dispatch_room(const struct supervisor *sup);

/* Claimed tasks that no executor has begun. */
size_t dispatch_count_waiting(const struct supervisor *sup);

/* The modes for a call that wants so many tasks, LIMIT_MODES at most. Returns their number. */
size_t dispatch_modes(const struct supervisor *sup, unsigned want, struct queue_mode *ret_modes);

/* Of so many tasks, those that the modes together have room for: LIMIT_BATCH at most. */
unsigned dispatch_want(const struct supervisor *sup, unsigned spare);

/* Gives back all jobs that no executor has begun. */
void dispatch_return_waiting(struct supervisor *sup);

/* A job, in no list, whose executor ended before it began it: another one gets it, and no attempt is
 * spent. */
void dispatch_again(struct supervisor *sup, struct job *job);

/* A waiting job that has nowhere to go leaves the waiting ones: back to the queue, or, when only one
 * engine will do for it, to be tried again later. Neither spends an attempt. */
void dispatch_strand(struct supervisor *sup, struct job *job);

/* An idle executor that nobody waits for, so that it can make place for another; or NULL. */
struct place *dispatch_find_unused(struct supervisor *sup);

#endif
