#include "daemon/answer.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "daemon/catalog.h"
#include "daemon/dispatch.h"
#include "daemon/health.h"
#include "daemon/place.h"
#include "daemon/publish.h"
#include "daemon/results.h"
#include "daemon/route.h"
#include "daemon/supervisor.h"
#include "formy/plugin.h"
#include "image/store.h"
#include "plugin/descriptor.h"
#include "plugin/registry.h"
#include "task/outcome.h"
#include "wire/msg.h"

/* Moves the job's files into the store, or ends it when it has none. */
static void take_result(struct supervisor *sup, struct place *place, struct job *job,
	const struct msg_outcome *answer)
{
	const struct store_published nothing = {0};

	if (!answer->output) {
		job->mode->running--;
		results_succeed(sup, job, answer->metadata ? answer->metadata : "{}", &nothing);
	} else if (publish_begin(sup, place, job, answer) < 0) {
		const struct outcome outcome = {
			.status = FORMY_E_INTERNAL,
			.details = "the executor named files that no result can have",
		};

		job->mode->running--;
		results_fail(sup, job, &outcome, false);
	}
}

static bool metadata_is_sane(const char *text)
{
	struct json_object *value = NULL;
	bool sane = !text || strcmp(text, "{}") == 0;

	if (!sane && json_parse(text, strlen(text), LIMIT_TASK_RESULT / 2, NULL, &value) == 0) {
		sane = json_object_is_type(value, json_type_object);
	}
	json_object_put(value);
	return sane;
}

/* An answer that says "cancelled" although nobody wanted that is the plugin's mistake. */
static void answer_failure(
	struct supervisor *sup, struct job *job, const struct msg_outcome *answer)
{
	struct outcome outcome = {
		.status = (int32_t)answer->status,
		.code = answer->code,
		.message = answer->message,
		.details = answer->details,
	};

	if (outcome.status == FORMY_E_CANCELLED) {
		outcome.status = FORMY_E_INTERNAL;
		outcome.code = "PIPELINE_ERROR";
		outcome.message = "The plugin stopped although nobody told it to.";
	}
	results_fail(sup, job, &outcome, outcome_is_passing(outcome.status));
}

static void fail_by_timeout(struct supervisor *sup, struct job *job)
{
	char details[200];
	struct outcome outcome = {
		.status = FORMY_E_INTERNAL,
		.code = "PIPELINE_TIMEOUT",
		.message = "The task took longer than it may.",
		.details = details,
	};

	(void)snprintf(details, sizeof(details), "limit: %lld ms; step: %s",
		(long long)job->timeout_ms, job->step[0] ? job->step : "none");
	results_fail(sup, job, &outcome, false);
}

/* The running job leaves the running ones; its mode counts it until its files are published. */
static void leave_running(struct supervisor *sup, struct job *job)
{
	job->route->running--;
	job_list_remove(&sup->running, job);
}

/* What the outcome tells of the engine, beside how the task ended. */
static void hear_of_engine(
	struct supervisor *sup, const struct job *job, const struct msg_outcome *answer)
{
	const struct outcome down = {
		.status = FORMY_E_UNREACHABLE,
		.code = answer->down_code,
		.message = answer->down_reason,
	};

	if (!job_engine(job)) {
		return;
	}
	if (answer->down_code) {
		health_down(sup, job_engine(job), outcome_code(&down), outcome_message(&down));
	} else if (answer->status == FORMY_E_BUSY && answer->retry_ms > 0) {
		route_note_busy(job->route);
	} else if (answer->status == FORMY_OK) {
		route_note_answer(job->route);
	}
}

void answer_came(struct supervisor *sup, struct place *place, struct job *job,
	const struct msg_outcome *answer)
{
	const struct slot *slot = &place->slot;
	bool late = slot->state == SLOT_CANCELLING && slot->end == SLOT_END_TIMEOUT;

	leave_running(sup, job);
	hear_of_engine(sup, job, answer);
	if (!answer->output || job_is_unwanted(job)) {
		place_tidy(place, job);
	}
	if (job_is_unwanted(job)) {
		job->mode->running--;
		results_drop(sup, job);
	} else if (answer->status == FORMY_OK && metadata_is_sane(answer->metadata)) {
		take_result(sup, place, job, answer);
	} else if (answer->status == FORMY_OK) {
		const struct outcome outcome = {
			.status = FORMY_E_INTERNAL,
			.details = "the result's metadata is not a JSON object of a sane size",
		};

		job->mode->running--;
		results_fail(sup, job, &outcome, false);
	} else {
		job->mode->running--;
		if (answer->status == FORMY_E_CANCELLED && job->stop == JOB_RETURNED) {
			results_give_back(sup, job);
		} else if (answer->status == FORMY_E_CANCELLED && late) {
			fail_by_timeout(sup, job);
		} else if (answer->status == FORMY_E_BUSY && answer->retry_ms > 0) {
			results_put_off(sup, job, answer->retry_ms, answer->message);
		} else {
			answer_failure(sup, job, answer);
		}
	}
}

static void fail_by_crash(struct supervisor *sup, struct job *job, const struct slot_exit *exit)
{
	const char *plugin = job_culprit(job)->descriptor->id;
	char details[400];
	struct outcome outcome = {
		.status = FORMY_E_INTERNAL,
		.code = "PIPELINE_CRASHED",
		.message = "The plugin crashed while it worked on the task.",
		.details = details,
		.context = results_context(job),
	};

	if (exit->end == SLOT_END_GREEDY || exit->end == SLOT_END_THREADS) {
		(void)snprintf(details, sizeof(details), "%s, plugin %s, step: %s",
			slot_end_name(exit->end), plugin, job->step[0] ? job->step : "none");
	} else if (exit->signal) {
		(void)snprintf(details, sizeof(details), "signal %d (%s), plugin %s, step: %s",
			exit->signal, strsignal(exit->signal), plugin,
			job->step[0] ? job->step : "none");
	} else {
		(void)snprintf(details, sizeof(details), "%s %lld, plugin %s, step: %s",
			exit->end == SLOT_END_GARBAGE ? "broke the protocol; exit status"
						      : "exit status",
			(long long)exit->status, plugin, job->step[0] ? job->step : "none");
	}
	if (outcome.context) {
		json_object_object_add(
			outcome.context, "signal", json_object_new_int(exit->signal));
		json_object_object_add(outcome.context, "plugin", json_object_new_string(plugin));
	}
	results_crashed(sup, job, &outcome);
	json_object_put(outcome.context);
}

void answer_lost(struct supervisor *sup, struct job *job, const struct slot_exit *exit)
{
	leave_running(sup, job);
	job->mode->running--;
	if (job_is_unwanted(job)) {
		results_drop(sup, job);
	} else if (job->stop == JOB_RETURNED || exit->end == SLOT_END_KILLED) {
		results_give_back(sup, job);
	} else if (exit->unstarted && job->misses < LIMIT_MISSES) {
		dispatch_again(sup, job);
	} else if (exit->end == SLOT_END_TIMEOUT) {
		fail_by_timeout(sup, job);
	} else {
		fail_by_crash(sup, job, exit);
	}
}
