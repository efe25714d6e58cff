/* Jobs behind others: each executor has one that runs and, where tasks are short, some more that wait
 * in its channel, so that it need not wait for the supervisor, nor be woken, in between.
 *
 * One that is behind a job which takes longer than tasks of its mode do is taken back, and the next
 * executor that is free gets it: none waits for a slow one. Loop's thread only. */
#ifndef FORMY_DAEMON_BEHIND_H
#define FORMY_DAEMON_BEHIND_H

#include <stdbool.h>

struct job;
struct place;
struct supervisor;

/* Before the loop runs. */
void behind_init(struct supervisor *sup);

/* Whether the place's executor can take a job behind the one that it runs. */
bool behind_fits(const struct place *place);

/* A job, in no list, was sent to an executor that is at another one. */
void behind_sent(struct supervisor *sup, struct job *job);

/* It was taken back. */
void behind_returned(struct supervisor *sup, struct job *job);

/* Takes back what can be. Not from within an event of a slot. */
void behind_take_back(struct supervisor *sup);

#endif
