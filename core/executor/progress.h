/* A job's progress on its way to the supervisor: never back, and not more often than it can be
 * read. Any thread may report. */
#ifndef FORMY_EXECUTOR_PROGRESS_H
#define FORMY_EXECUTOR_PROGRESS_H

#include <pthread.h>
#include <stdint.h>

#include "base/limits.h"

struct progress {
	pthread_mutex_t lock;
	int channel;
	uint64_t job;     /* 0: none runs, reports are dropped */
	uint64_t sent_ms; /* monotonic; 0: never */
	uint32_t permille;
	uint32_t sent_permille;
	uint32_t from, to; /* the part that reports are mapped to */
	uint32_t part;     /* enum msg_part */
	char step[LIMIT_STEP_TEXT + 1];
	char sent_step[LIMIT_STEP_TEXT + 1];
};

/* 0 or a negative errno. */
int progress_init(struct progress *progress, int channel);
void progress_finish(struct progress *progress);

/* Begins at 0 for a job, or, with 0, ends. */
void progress_begin(struct progress *progress, uint64_t job);

/* Maps the reports that follow to a part of the whole. */
void progress_map(struct progress *progress, uint32_t from, uint32_t to);

/* Another plugin's code is called, or returns (enum msg_part): told at once, as it may be the last
 * that is heard of it. */
void progress_enter(struct progress *progress, uint32_t part);

/* permille of the part; step NULL keeps the last words. What comes too fast is kept and goes with
 * the next report. */
void progress_report(struct progress *progress, int32_t permille, const char *step);

#endif
