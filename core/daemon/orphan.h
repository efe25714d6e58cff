/* Tasks that an engine has submitted which their mode has not here, as after a change of formy.conf.
 *
 * No other engine may run them: they would be done, and paid, twice. Another worker may have the
 * engine, so they are put off again and again, for as long as an attempt of their mode may take, and
 * then they fail. Loop's thread only. */
#ifndef FORMY_DAEMON_ORPHAN_H
#define FORMY_DAEMON_ORPHAN_H

#include <stdint.h>

#include "base/limits.h"

struct job;
struct supervisor;

#define ORPHANS 64 /* that one worker remembers */

/* When each was met. A zeroed one remembers nothing. */
struct orphans {
	struct orphan {
		char id[LIMIT_TASK_ID + 1];
		uint64_t first_ms;
		uint64_t last_ms;
	} items[ORPHANS];
};

/* A task is met now, which is not 0; returns since when it is. What was not met for gap_ms is met
 * for the first time; when there are too many, the one that was met least recently is forgotten. */
uint64_t orphans_meet(struct orphans *orphans, const char *id, uint64_t now_ms, uint64_t gap_ms);
void orphans_forget(struct orphans *orphans, const char *id);

/* Puts the job off, or ends it. It is in no list. */
void orphan_take(struct supervisor *sup, struct job *job);

#endif
