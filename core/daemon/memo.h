/* What engines note of a job, so that an attempt which follows goes on where one was lost: to Redis,
 * and the acknowledgement back to the executor that waits for it. Loop's thread only. */
#ifndef FORMY_DAEMON_MEMO_H
#define FORMY_DAEMON_MEMO_H

#include <stdbool.h>

#include "base/limits.h"

struct job;
struct msg_memo;
struct place;
struct supervisor;

/* An executor wants its job's memo kept. */
void memo_take(struct supervisor *sup, struct place *place, const struct msg_memo *memo);

/* Redis answers again: sends what it may not have heard of. */
void memo_go_on(struct supervisor *sup);

/* The name of the engine that wrote the job's memo. False: there is no memo. */
bool memo_engine(const struct job *job, char engine[LIMIT_ENGINE_NAME + 1]);

/* The job's memo as its engine wrote it, or NULL. */
const char *memo_text(const struct job *job);

#endif
