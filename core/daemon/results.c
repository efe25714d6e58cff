#include "daemon/results.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "daemon/catalog.h"
#include "daemon/dispatch.h"
#include "daemon/health.h"
#include "daemon/place.h"
#include "daemon/publish.h"
#include "daemon/route.h"
#include "daemon/spool.h"
#include "daemon/supervisor.h"
#include "formy/plugin.h"
#include "plugin/descriptor.h"
#include "plugin/registry.h"
#include "task/outcome.h"

#define FRESH_MS 5000

/* The job ends: it is written to Redis at the next turn. In no list before. */
static void end(struct supervisor *sup, struct job *job)
{
	uint64_t begun = job->started_us ? job->started_us : job->claimed_us;

	job->processing_us = clock_mono_us() - begun;
	job->state = JOB_ENDED;
	job_list_push(&sup->ended, job);
}

/* Redis knows already how the task ended, or who ends it: nothing is to be written, and what an
 * attempt of it may have published goes, unless somebody else's files have these names. */
static void drop(struct supervisor *sup, struct job *job)
{
	static const char *const why[] = {
		[JOB_CANCELLED] = "cancelled", [JOB_GONE] = "deleted", [JOB_TAKEN] = "taken over"};

	log_info("task stopped", LOG_S("task", job->id), LOG_S("mode", job->mode->name),
		LOG_S("why", why[job->stop]), LOG_I("attempt", job->attempt),
		LOG_I("ms", (clock_mono_us() - job->claimed_us) / 1000));
	if (job->stop != JOB_TAKEN) {
		(void)store_remove_results(&sup->store, job->id, NULL);
	}
	job_destroy(job);
	supervisor_check_leaving(sup);
}

static void on_given_back(
	int result, const char *why, const struct queue_count_reply *reply, void *arg)
{
	(void)arg;
	(void)reply;
	if (result < 0) {
		log_warning(
			"a task could not be given back; its lease will end", LOG_S("why", why));
	}
}

/* A running job that the worker could not finish before it goes down. */
static void give_back(struct supervisor *sup, struct job *job)
{
	const struct queue_return task = {job->id, job->token, false};

	log_info("task put back into the queue", LOG_S("task", job->id),
		LOG_S("mode", job->mode->name));
	if (queue_release(sup->queue, &task, 1, on_given_back, sup) == 0) {
		job_destroy(job);
	} else {
		/* Redis is away: as an outcome it is kept until Redis takes it */
		job_put_off(job, 0);
		end(sup, job);
	}
	supervisor_check_leaving(sup);
}

static struct json_object *context_of(const struct job *job)
{
	struct json_object *context = json_object_new_object();

	if (context && job->mode) {
		json_object_object_add(context, "mode", json_object_new_string(job->mode->name));
		json_object_object_add(
			context, "plugin", json_object_new_string(mode_plugin_id(job->mode)));
		json_object_object_add(
			context, "attempt", json_object_new_int((int32_t)job->attempt));
		if (job_engine(job)) {
			json_object_object_add(
				context, "engine", json_object_new_string(job_engine(job)));
		}
		if (job->step[0] != '\0') {
			json_object_object_add(context, "step", json_object_new_string(job->step));
		}
	}
	return context;
}

static const char *plugin_of(const struct job *job)
{
	return job->mode ? job->mode->plugin->descriptor->id : NULL;
}

/* Left out for a task that no executor had. */
static struct log_field pid_of(const struct job *job)
{
	return (struct log_field){.name = "pid", .number = job->pid, .absent = job->pid == 0};
}

/* Its outcome is set. */
static void end_failed(struct supervisor *sup, struct job *job, const struct outcome *outcome)
{
	log_at(outcome->status <= -300 ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
		job->verdict == QUEUE_FAILED ? "task failed" : "task will be tried again",
		LOG_S("task", job->id), LOG_S("mode", job->mode ? job->mode->name : NULL),
		LOG_S("plugin", plugin_of(job)), pid_of(job), LOG_S("code", outcome_code(outcome)),
		LOG_S("why", outcome_message(outcome)), LOG_S("details", outcome->details),
		LOG_I("attempt", job->attempt),
		LOG_I("ms", (clock_mono_us() - job->claimed_us) / 1000));
	end(sup, job);
}

static void fail(struct supervisor *sup, struct job *job, struct outcome outcome, bool again)
{
	if (!outcome.context) {
		outcome.context = context_of(job);
	}
	job_fail(job, &outcome, again);
	end_failed(sup, job, &outcome);
	json_object_put(outcome.context);
}

void results_refuse(
	struct supervisor *sup, struct job *job, const struct outcome *outcome, bool again)
{
	fail(sup, job, *outcome, again);
}

void results_put_off(struct supervisor *sup, struct job *job, uint64_t delay_ms, const char *why)
{
	uint64_t most_ms = LIMIT_RETRY_AFTER_S * UINT64_C(1000);

	delay_ms = delay_ms < most_ms ? delay_ms : most_ms;
	job_put_off(job, (uint32_t)delay_ms);
	log_info("task put off", LOG_S("task", job->id), LOG_S("mode", job->mode->name),
		LOG_S("engine", job_engine(job)), LOG_S("why", why),
		LOG_I("retry_in_ms", (int64_t)delay_ms));
	end(sup, job);
}

/* Writes the contract's `result` into the job: metadata goes in as the executor made it. */
static void compose_result(
	struct job *job, const char *metadata, const struct store_published *published)
{
	const char *const names[] = {"output_image", "thumbnail", "comparison_image"};
	const char *const files[] = {published->output, published->thumb, published->comparison};
	char path[STORE_NAME_SIZE + sizeof("/results/")];

	buf_clear(&job->json);
	buf_add_char(&job->json, '{');
	for (size_t i = 0; i < 3; i++) {
		buf_printf(&job->json, "\"%s\":", names[i]);
		if (files[i][0] != '\0' && store_result_path(files[i], path, sizeof(path)) == 0) {
			json_add_string(&job->json, path);
		} else {
			buf_add_text(&job->json, "null");
		}
		buf_add_char(&job->json, ',');
	}
	buf_printf(&job->json, "\"metadata\":%s}", metadata);
}

static void succeed(struct supervisor *sup, struct job *job, const char *metadata,
	const struct store_published *published)
{
	compose_result(job, metadata, published);
	if (buf_failed(&job->json)) {
		const struct outcome outcome = {.status = FORMY_E_NOMEM};

		fail(sup, job, outcome, true);
		return;
	}
	job->verdict = QUEUE_DONE;
	end(sup, job);
}

void results_published(struct supervisor *sup, struct job *job, const char *metadata, int result,
	const struct err *err, const struct store_published *published)
{
	job->mode->running--;
	if (result < 0) {
		const bool full = store_is_full(result);
		const struct outcome outcome = {
			.status = FORMY_E_STORAGE,
			.code = full ? "STORAGE_FULL" : "RESULT_SAVE_FAILED",
			.message = full ? "The disk of the results is full."
					: "The result could not be saved.",
			.details = err->text,
		};

		fail(sup, job, outcome, false);
	} else {
		/* if it is not ours any more, Redis says so when it has the outcome, and what is to
		 * become of the files */
		job->published = true;
		succeed(sup, job, metadata, published);
	}
	supervisor_check_leaving(sup);
}

void results_unpublished(struct supervisor *sup, struct job *job)
{
	job->mode->running--;
	drop(sup, job);
}

/* Moves the job's files into the store, or ends it when it has none. */
static void take_result(struct supervisor *sup, struct place *place, struct job *job,
	const struct msg_outcome *answer)
{
	const struct store_published nothing = {0};

	if (!answer->output) {
		job->mode->running--;
		succeed(sup, job, answer->metadata ? answer->metadata : "{}", &nothing);
	} else if (publish_begin(sup, place, job, answer) < 0) {
		const struct outcome outcome = {
			.status = FORMY_E_INTERNAL,
			.details = "the executor named files that no result can have",
		};

		job->mode->running--;
		fail(sup, job, outcome, false);
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
	fail(sup, job, outcome, outcome_is_passing(outcome.status));
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
	fail(sup, job, outcome, false);
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

void results_answered(struct supervisor *sup, struct place *place, struct job *job,
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
		drop(sup, job);
	} else if (answer->status == FORMY_OK && metadata_is_sane(answer->metadata)) {
		take_result(sup, place, job, answer);
	} else if (answer->status == FORMY_OK) {
		const struct outcome outcome = {
			.status = FORMY_E_INTERNAL,
			.details = "the result's metadata is not a JSON object of a sane size",
		};

		job->mode->running--;
		fail(sup, job, outcome, false);
	} else {
		job->mode->running--;
		if (answer->status == FORMY_E_CANCELLED && job->stop == JOB_RETURNED) {
			give_back(sup, job);
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
		.context = context_of(job),
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
	job_crash(job, &outcome);
	end_failed(sup, job, &outcome);
	json_object_put(outcome.context);
}

void results_lost(
	struct supervisor *sup, struct place *place, struct job *job, const struct slot_exit *exit)
{
	(void)place;
	leave_running(sup, job);
	job->mode->running--;
	if (job_is_unwanted(job)) {
		drop(sup, job);
	} else if (job->stop == JOB_RETURNED || exit->end == SLOT_END_KILLED) {
		give_back(sup, job);
	} else if (exit->unstarted && job->misses < LIMIT_MISSES) {
		dispatch_again(sup, job);
	} else if (exit->end == SLOT_END_TIMEOUT) {
		fail_by_timeout(sup, job);
	} else {
		fail_by_crash(sup, job, exit);
	}
}

/* Files of a task that ended badly, by what Redis answered to a call that was sent then. Of an old
 * answer nothing is done, as this process may have stood still: meanwhile a person may have made the
 * task pending again, and it is done now. Returns whether the answer was fresh. */
static bool remove_files(struct supervisor *sup, const struct job *job, uint64_t sent_ms)
{
	bool fresh = clock_mono_ms() - sent_ms < FRESH_MS;

	if (fresh) {
		(void)store_remove_results(&sup->store, job->id, NULL);
	}
	return fresh;
}

static bool ended_badly(const char *reason)
{
	return strcmp(reason, "cancelled") == 0 || strcmp(reason, "gone") == 0 ||
		strcmp(reason, "failed") == 0;
}

void results_written(struct supervisor *sup, struct job *job, const struct queue_answer *answer,
	uint64_t sent_ms)
{
	if (answer->fate == QUEUE_REFUSED) {
		log_at(job->verdict == QUEUE_LEFT ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING,
			"result refused: the task is not ours any more", LOG_S("task", job->id),
			LOG_S("why", answer->reason));
		/* whoever took the task over writes files of the same names */
		if (job->published && ended_badly(answer->reason) &&
			!remove_files(sup, job, sent_ms)) {
			/* the janitor may have been there before these files were: Redis is asked again */
			job_list_push(&sup->ended, job);
			return;
		}
	} else if (job->verdict == QUEUE_DONE) {
		sup->done_count++;
		log_info("task done", LOG_S("task", job->id),
			LOG_S("mode", job->mode ? job->mode->name : NULL),
			LOG_S("plugin", plugin_of(job)), pid_of(job),
			LOG_I("attempt", job->attempt), LOG_I("ms", job->processing_us / 1000));
	} else if (job->verdict == QUEUE_FAILED) {
		sup->failed_count++;
		/* a worker that was killed may have published what it could not write any more */
		(void)remove_files(sup, job, sent_ms);
	}
	spool_forget(sup, job);
	job_destroy(job);
}
