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
#include "daemon/leave.h"
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

void results_drop(struct supervisor *sup, struct job *job)
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
	leave_check(sup);
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

void results_give_back(struct supervisor *sup, struct job *job)
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
	leave_check(sup);
}

struct json_object *results_context(const struct job *job)
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

void results_fail(
	struct supervisor *sup, struct job *job, const struct outcome *outcome, bool again)
{
	struct outcome whole = *outcome;

	whole.context = results_context(job);
	job_fail(job, &whole, again);
	end_failed(sup, job, &whole);
	json_object_put(whole.context);
}

void results_crashed(struct supervisor *sup, struct job *job, const struct outcome *outcome)
{
	job_crash(job, outcome);
	end_failed(sup, job, outcome);
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

void results_succeed(struct supervisor *sup, struct job *job, const char *metadata,
	const struct store_published *published)
{
	compose_result(job, metadata, published);
	if (buf_failed(&job->json)) {
		const struct outcome outcome = {.status = FORMY_E_NOMEM};

		results_fail(sup, job, &outcome, true);
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

		results_fail(sup, job, &outcome, false);
	} else {
		/* if it is not ours any more, Redis says so when it has the outcome, and what is to
		 * become of the files */
		job->published = true;
		results_succeed(sup, job, metadata, published);
	}
	leave_check(sup);
}

void results_unpublished(struct supervisor *sup, struct job *job)
{
	job->mode->running--;
	results_drop(sup, job);
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
