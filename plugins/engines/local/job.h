/* The request that an operation works on, as its steps see it: stop when asked to, say how far it
 * is. A struct job without a host (as in tests) is never stopped and says nothing. */
#ifndef FORMY_LOCAL_JOB_H
#define FORMY_LOCAL_JOB_H

#include <stdbool.h>
#include <stddef.h>

#include <formy/plugin.h>

struct job {
	const formy_host *host;
	formy_task *task;

	/* A step that is given a part of the request: its 0 and 1000 lie here. Both 0: all of it. */
	int from;
	int to;
	const char *words; /* what it is called throughout; NULL: it says so itself */
};

/* The part of a job between two of its marks. words: as in struct job. */
struct job job_part(const struct job *job, int from, int to, const char *words);

bool job_stopped(const struct job *job);

/* permille: 0 to 1000 of the request. step: words for a person, or NULL. */
void job_progress(const struct job *job, int permille, const char *step);

/* Progress within a loop: row `done` of `all` between two marks. */
void job_progress_rows(const struct job *job, int from, int to, int done, int all);

/* Fails the request with the status and the code that go with a negative errno. text: what
 * happened, for whoever looks into it. */
formy_status job_fail(const struct job *job, int error, const char *text);

#endif
