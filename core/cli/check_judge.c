#include "cli/check_judge.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/check_case.h"
#include "formy/plugin.h"
#include "wire/msg.h"

#define MOST_LINES 1000

void check_blame(struct check_case *one, const char *what)
{
	if (!one->problem.text[0]) {
		(void)err_set(&one->problem, -EINVAL, "%s", what);
	}
}

/* What went wrong at the engine's is passed on as that, however it went wrong. */
static void judge_engine_failed(
	struct check_case *one, const struct check_job *job, const struct msg_outcome *outcome)
{
	char text[ERR_TEXT_MAX];
	bool senders = outcome->status < 0 && outcome->status > FORMY_E_BUSY + 1;

	if (senders && outcome->status != job->engine_status) {
		(void)snprintf(text, sizeof(text),
			"it blames the sender (%d) for what its engine did; return what call() "
			"returned, or FORMY_E_ENGINE",
			(int)outcome->status);
		check_blame(one, text);
	}
}

static bool is_engines_bug(const struct check_job *job, const struct msg_outcome *outcome)
{
	return job->engine_fails &&
		(outcome->status == job->engine_status ||
			(outcome->status == FORMY_E_INTERNAL && job->engine_status > 0));
}

void check_judge(
	struct check_case *one, const struct check_job *job, const struct msg_outcome *outcome)
{
	char text[ERR_TEXT_MAX];

	one->status = outcome->status;
	(void)text_copy(one->code, sizeof(one->code), outcome->code ? outcome->code : "");
	(void)text_copy(
		one->message, sizeof(one->message), outcome->message ? outcome->message : "");
	(void)text_copy(
		one->details, sizeof(one->details), outcome->details ? outcome->details : "");
	(void)text_copy(one->output_file, sizeof(one->output_file),
		outcome->output && !strchr(outcome->output, '/') ? outcome->output : "");
	if (job->engine_fails) {
		judge_engine_failed(one, job, outcome);
	}
	if (is_engines_bug(job, outcome)) {
		return;
	}
	if (outcome->status == FORMY_E_INTERNAL || outcome->status > 0) {
		(void)snprintf(text, sizeof(text), "%.200s%s%.200s",
			outcome->message ? outcome->message : "it failed for a reason of its own",
			outcome->details ? " " : "", outcome->details ? outcome->details : "");
		check_blame(one, text);
	} else if (outcome->status == FORMY_E_NOMEM) {
		check_blame(one, "it wants more memory than a task may have");
	}
	if (one->lines > MOST_LINES) {
		check_blame(one, "it prints more than a log can hold: over 1000 lines");
	}
}

bool check_try(const struct check_target *target, const char *mode, const struct check_job *job,
	const struct check_voice *voice, const char *of, const char *name)
{
	struct check_case one;
	bool good;

	if (check_begin(&one, target, mode)) {
		(void)check_run(&one, job);
	}
	good = check_end(&one);
	voice->told(voice->arg, of, name, good ? NULL : one.problem.text);
	return good;
}
