/* Tasks to executors: a claimed task becomes a job, a job waits in its mode, a slot takes it.
 *
 * A slot serves one mode at a time and is kept warm. When no slot of a mode is free an idle one of
 * another mode makes place. Running starts from the loop's turn, never from within an event. */
#ifndef FORMY_DAEMON_DISPATCH_H
#define FORMY_DAEMON_DISPATCH_H

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

/* The job of the place's executor begins: sent to an idle one, or behind another that has ended. */
void dispatch_begun(struct supervisor *sup, struct place *place);

/* Gives back all jobs that no executor has begun. */
void dispatch_return_waiting(struct supervisor *sup);

/* A job, in no list, whose executor ended before it began it: another one gets it, and no attempt is
 * spent. */
void dispatch_again(struct supervisor *sup, struct job *job);

/* A job, in no list, that no executor has begun waits as before; or is given back, when this worker
 * does not serve its mode any more. */
void dispatch_wait_again(struct supervisor *sup, struct job *job);

/* Gives back what waits here although nobody has room for it any more, as tasks that run turned out
 * to be long: another worker may have. */
void dispatch_return_surplus(struct supervisor *sup);

/* A waiting job that has nowhere to go leaves the waiting ones: back to the queue, or, when only one
 * engine will do for it, to be tried again later. Neither spends an attempt. */
void dispatch_strand(struct supervisor *sup, struct job *job);

/* An idle executor that nobody waits for, so that it can make place for another; or NULL. */
struct place *dispatch_find_unused(struct supervisor *sup);

#endif
