/* The turns: ended jobs are written to Redis and new tasks claimed in the same script call.
 *
 * Up to LIMIT_BATCH each way, at most two calls in flight, the second only when a full batch of
 * outcomes waits. When there is nothing to do, a BLMOVE on a connection of its own waits for the
 * next push: no polling. An outcome whose answer was lost is written again; what such a call may
 * have claimed is given back by its token. */
#ifndef FORMY_DAEMON_CLAIMER_H
#define FORMY_DAEMON_CLAIMER_H

#include <stdbool.h>
#include <stddef.h>

struct queue_problem;
struct supervisor;

/* Before the loop runs. 0 or a negative errno. */
int claimer_init(struct supervisor *sup);

/* Once a turn of the loop, after its events: sends what is to be sent, waits when there is
 * nothing. */
void claimer_turn(struct supervisor *sup);

/* There may be tasks in Redis: asks at the next turn. */
void claimer_wake(struct supervisor *sup);

/* Takes no more tasks; a wait is ended. */
void claimer_stop(struct supervisor *sup);

/* True when no outcome waits and no call is under way. */
bool claimer_is_quiet(const struct supervisor *sup);

/* Logs what a script found in Redis that a person should know of. */
void claimer_report(const struct queue_problem *problems, size_t count);

/* Gives back what turns with a lost answer may have claimed. Call it when Redis is there again. */
void claimer_recover(struct supervisor *sup);

#endif
