#include "job.h"

#include <errno.h>

bool job_stopped(const struct job *job)
{
	return job->host && job->host->cancelled(job->task);
}

static int place(const struct job *job, int permille)
{
	return job->to > 0 ? job->from + (job->to - job->from) * permille / 1000 : permille;
}

struct job job_part(const struct job *job, int from, int to, const char *words)
{
	struct job part = *job;

	part.from = place(job, from);
	part.to = place(job, to);
	part.words = words ? words : job->words;
	return part;
}

void job_progress(const struct job *job, int permille, const char *step)
{
	if (job->host) {
		job->host->progress(
			job->task, place(job, permille), job->words ? job->words : step);
	}
}

void job_progress_rows(const struct job *job, int from, int to, int done, int all)
{
	const int step = all / 16 + 1;

	if (done % step == 0) {
		job_progress(job, from + (int)((long)(to - from) * done / all), NULL);
	}
}

formy_status job_fail(const struct job *job, int error, const char *text)
{
	if (error == -ECANCELED) {
		return FORMY_E_CANCELLED;
	}
	if (error == -ENOMEM) {
		return job->host->fail(job->task, FORMY_E_NOMEM, NULL,
			"There is not enough memory for this picture", text);
	}
	return job->host->fail(job->task, FORMY_E_ENGINE, "PROCESSING_FAILED",
		"The picture could not be processed", text);
}
