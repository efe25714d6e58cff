/* Places: slots with their scratch folders, and what the events of their executors mean. */
#ifndef FORMY_DAEMON_PLACE_H
#define FORMY_DAEMON_PLACE_H

#include <stdbool.h>

struct err;
struct job;
struct place;
struct route;
struct supervisor;

/* Makes the places that the configuration asks for. 0 or a negative errno. */
int place_create_all(struct supervisor *sup, struct err *err);

/* Can it take a job now? */
bool place_is_idle(const struct place *place);

/* Whether nothing but this job of its executor, or its files, can be in its scratch folder, now and
 * until the place has ended with it. */
bool place_is_only_at(const struct place *place, const struct job *job);

/* Jobs that may end one after another without a look at the scratch folder. */
#define PLACE_MOST_UNTIDIED 16

/* A job of its executor has ended: empties its scratch folder, unless that is another one's too. Where
 * that goes on, and something is in it, `untidied` says so. */
void place_tidy(struct place *place, const struct job *job);

/* A place without a process, whose scratch folder is free; NULL: none. */
struct place *place_find_dead(struct supervisor *sup);

/* Starts an executor of a mode. 0 or a negative errno, which is logged. */
int place_start(struct supervisor *sup, struct place *place, struct route *route);

/* Starts an executor in every dead place, over the modes in turn, so that no task waits for one. */
void place_warm_up(struct supervisor *sup);

#endif
