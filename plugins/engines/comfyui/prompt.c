#include <json-c/json.h>

#include "base/clock.h"
#include "base/json.h"
#include "comfyui.h"

#define POLL_FIRST_MS 100
#define POLL_MOST_MS 1000
#define QUEUE_EVERY_MS 2000 /* GET /queue carries whole graphs */

const char *const comfyui_codes[FAULTS] = {
	[FAULT_NOT_SENT] = "COMFYUI_NOT_AVAILABLE",
	[FAULT_UNKNOWN] = "COMFYUI_CONNECTION_TIMEOUT",
	[FAULT_CAPACITY] = "RESOURCE_LIMIT_EXCEEDED",
	[FAULT_CONTENT] = "PROCESSING_FAILED",
	[FAULT_AUTH] = "ENGINE_AUTH_FAILED",
	[FAULT_MONEY] = "INSUFFICIENT_CREDITS",
	[FAULT_REQUEST] = "COMFYUI_WORKFLOW_ERROR",
	[FAULT_SERVER] = "COMFYUI_PROCESSING_FAILED",
	[FAULT_ANSWER] = "ENGINE_RESPONSE_ERROR",
	[FAULT_LATE] = "COMFYUI_CONNECTION_TIMEOUT",
};

static void tell(
	struct job *job, const struct watch *watch, enum prompt_state state, unsigned polls)
{
	if (watch->permille > 0) {
		/* again, as the host drops what comes too fast */
		job->host->progress(job->task, watch->permille, watch->step);
		return;
	}
	/* how far a graph is, the history does not say: nearer and nearer to the end */
	job->host->progress(job->task, 950 - (int32_t)(800 / (1 + polls / 20)),
		state == PROMPT_WAITING ? "Waiting in ComfyUI's queue" : "ComfyUI is working");
}

/* Waits until the prompt has ended. False when it is lost: the server has forgotten it, or cannot
 * be reached for too long. */
static bool wait_for(struct comfyui *engine, struct job *job, const struct prompt *prompt,
	struct watch *watch, struct json_object **ret_entry)
{
	uint32_t pause = POLL_FIRST_MS;
	uint64_t begin_ms = clock_mono_ms();
	uint64_t seen_ms = begin_ms;
	uint64_t queue_ms = prompt->resumed ? 0 : clock_mono_ms();
	enum prompt_state shown = PROMPT_WAITING;
	unsigned gone = 0;

	for (unsigned polls = 0; watch_wait(watch, pause); polls++) {
		uint64_t now = clock_mono_ms();
		bool queue = gone > 0 || now - queue_ms >= QUEUE_EVERY_MS;
		enum prompt_state state = history_look(engine, prompt, queue, 0, ret_entry);

		if (state == PROMPT_ENDED) {
			return true;
		}
		queue_ms = queue ? now : queue_ms;
		seen_ms = state == PROMPT_UNKNOWN ? seen_ms : clock_mono_ms();
		gone = state == PROMPT_GONE ? gone + 1 : 0;
		shown = queue && state != PROMPT_UNKNOWN ? state : shown;
		tell(job, watch, shown, polls);
		if (gone >= 2 || clock_mono_ms() - seen_ms >= (uint64_t)engine->lost_after_ms) {
			return http_should_stop(engine->remote.http) != HTTP_ANSWERED;
		}
		/* late by a twentieth at most: its place at the server is empty for so long */
		pause = (uint32_t)((now - begin_ms) / 20);
		pause = pause < POLL_FIRST_MS ? POLL_FIRST_MS : pause;
		pause = pause > POLL_MOST_MS ? POLL_MOST_MS : pause;
	}
	return true;
}

/* One prompt from the server that is chosen to its end. *ret_again: it is to be sent once more. */
static formy_status follow(
	struct comfyui *engine, struct job *job, struct prompt *prompt, bool *ret_again)
{
	struct json_object *entry = NULL;
	struct watch watch;
	formy_status status;
	bool kept;

	*ret_again = false;
	watch_begin(&watch, engine, job, prompt);
	kept = wait_for(engine, job, prompt, &watch, &entry);
	watch_end(&watch);
	if (!kept) {
		*ret_again = true;
		status = job_refuse(job, FORMY_E_ENGINE, "COMFYUI_NOT_AVAILABLE",
			"The ComfyUI server lost the task twice.", prompt->server->url);
	} else if (!entry) {
		cancel_prompt(engine, job, prompt);
		status = job_fail(job,
			http_should_stop(engine->remote.http) == HTTP_LATE ? FAULT_LATE
									   : FAULT_STOPPED,
			"ComfyUI did not end the task in time.", prompt->server->url, -1);
	} else {
		status = history_result(engine, job, prompt, entry, ret_again);
		*ret_again = *ret_again && prompt->resumed;
	}
	json_object_put(entry);
	return status;
}

static formy_status send_somewhere(struct comfyui *engine, struct job *job, struct prompt *prompt)
{
	for (;;) {
		formy_status status = servers_take(engine, job, &prompt->server);
		enum fault fault;

		if (status != FORMY_OK) {
			return status;
		}
		fault = prompt_send(engine, job, prompt, &status);
		if (fault != FAULT_NOT_SENT) {
			return status;
		}
		servers_give(job, prompt->server);
		servers_sick(prompt->server);
		job_log(job, FORMY_LOG_WARNING,
			"ComfyUI at %s did not get the task; trying another", prompt->server->url);
	}
}

formy_status prompt_run(struct comfyui *engine, struct job *job)
{
	struct prompt prompt = {.seed = -1};
	bool again = true;
	formy_status status = FORMY_OK;

	if (prompt_recall(engine, job, &prompt)) {
		job_log(job, FORMY_LOG_INFO, "Goes on with prompt %s at %s", prompt.id,
			prompt.server->url);
		status = follow(engine, job, &prompt, &again);
		prompt.resubmitted += again;
	}
	while (again && prompt.resubmitted <= 1) {
		if (prompt.server) {
			job_log(job, FORMY_LOG_WARNING, "%s lost prompt %s; it is sent once more",
				prompt.server->url, prompt.id);
			/* who comes next does not wait for it again */
			status = prompt_forget(job, &prompt);
			if (status != FORMY_OK) {
				return status;
			}
		}
		servers_give(job, prompt.server);
		prompt.resumed = false;
		status = send_somewhere(engine, job, &prompt);
		if (status != FORMY_OK) {
			return status;
		}
		status = follow(engine, job, &prompt, &again);
		prompt.resubmitted += again;
	}
	if (status == FORMY_OK) {
		job_fact(job, "server", json_object_new_string(prompt.server->url));
		job_fact(job, "prompt_id", json_object_new_string(prompt.id));
		if (workflow_has_param(&engine->workflow, "seed")) {
			job_fact(job, "seed", json_object_new_int64(prompt.seed));
		}
	} else {
		job_settle(job, status);
	}
	return status;
}
