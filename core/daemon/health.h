/* Whether the engines can work: their check() in idle executors, and what tasks tell of them.
 *
 * A route whose engine has a check takes no task before that was passed. While one is down it is
 * checked again, ever less often; an idle executor is used, and made if there is none. */
#ifndef FORMY_DAEMON_HEALTH_H
#define FORMY_DAEMON_HEALTH_H

struct job;
struct msg_outcome;
struct place;
struct route;
struct slot_exit;
struct supervisor;

/* Starts the checks that are due. Once a turn of the loop. */
void health_turn(struct supervisor *sup);

/* A check ended, by an answer or (answer NULL) with its process. Frees the job. */
void health_checked(struct supervisor *sup, struct job *check, const struct msg_outcome *answer);

/* The engine cannot work for anybody: all routes that use it are down. */
void health_down(struct supervisor *sup, const char *engine, const char *code, const char *reason);

/* Jobs that have nowhere to go any more are given back: they wait in Redis, for any worker. */
void health_return_stranded(struct supervisor *sup);

/* The file of an engine's places, for its executors: -1 when it cannot be had. */
int health_places(struct supervisor *sup, const struct route *route);

/* Frees what this part has. */
void health_finish(struct supervisor *sup);

#endif
