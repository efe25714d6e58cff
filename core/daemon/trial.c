#include "daemon/trial.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "daemon/catalog.h"
#include "daemon/slot.h"
#include "formy/plugin.h"
#include "task/outcome.h"

#define LINES_MAX 20 /* that are kept of one trial */

static const struct slot_times times = {.start = 60000, .grace = 2000, .finish = 3000};

struct running {
	struct slot slot;
	struct route *route;
	struct trial *trial;
	uint64_t check_ms;
	struct buf room;
	char *key;     /* of the engine; NULL: it has none */
	bool answered; /* how it ended is known */
};

static void conclude(struct running *run, enum trial_end end, const char *code, const char *message)
{
	struct trial *trial = run->trial;

	if (!run->answered) {
		run->answered = true;
		trial->end = end;
		(void)text_copy(trial->code, sizeof(trial->code), code);
		(void)text_copy(trial->message, sizeof(trial->message), message);
	}
}

static void conclude_late(struct running *run, const char *more)
{
	char text[LIMIT_ERROR_MESSAGE];

	(void)snprintf(text, sizeof(text), "Its check did not end within %.1f s%s.",
		(double)run->check_ms / 1000, more);
	conclude(run, TRIAL_LATE, "ENGINE_TIMEOUT", text);
}

static void on_ready(void *owner, struct slot *slot)
{
	struct running *run = owner;

	(void)slot;
	if (run->check_ms == 0 || !run->route->has_check) {
		conclude(run, TRIAL_OPENED, "", "");
	}
}

static void on_refused(void *owner, struct slot *slot, const char *code, const char *message)
{
	(void)slot;
	conclude(owner, TRIAL_REFUSED, code, message);
}

/* It can be used: for the check, or for nothing more. */
static void on_free(void *owner, struct slot *slot)
{
	struct running *run = owner;
	struct msg_job msg = {
		.task_id = "check",
		.attempt = 1,
		.time_ms = run->check_ms,
		.config = "{}",
		.roles = "",
		.check = 1,
	};

	if (slot->state != SLOT_IDLE) {
		return;
	}
	if (!run->answered && !run->trial->checking) {
		run->trial->checking = true;
		if (slot_run(slot, run, &msg, NULL, 0, run->check_ms, &run->room) == 0) {
			return;
		}
	}
	slot_drain(slot);
}

static void on_outcome(void *owner, struct slot *slot, const struct msg_outcome *answer)
{
	struct running *run = owner;
	struct trial *trial = run->trial;
	const struct outcome outcome = {
		.status = (int32_t)answer->status,
		.code = answer->code,
		.message = answer->message,
	};

	(void)text_copy(
		trial->report, sizeof(trial->report), answer->metadata ? answer->metadata : "");
	if (answer->status == FORMY_OK) {
		conclude(run, TRIAL_PASSED, "", "");
	} else if (answer->status == FORMY_E_CANCELLED && slot->state == SLOT_CANCELLING) {
		conclude_late(run, "");
	} else {
		conclude(run, TRIAL_FAILED, outcome_code(&outcome), outcome_message(&outcome));
		(void)text_copy(trial->details, sizeof(trial->details),
			answer->details ? answer->details : "");
	}
}

static void on_lost(void *owner, struct slot *slot, const struct slot_exit *end)
{
	char text[LIMIT_ERROR_MESSAGE];

	(void)slot;
	if (end->end == SLOT_END_TIMEOUT) {
		conclude_late(owner, ", nor when it was told to stop, and was killed");
	} else if (end->end == SLOT_END_GARBAGE) {
		conclude(owner, TRIAL_CRASHED, "PIPELINE_CRASHED",
			"Its check sent what no executor may send.");
	} else if (end->signal) {
		(void)snprintf(text, sizeof(text), "Its check crashed: signal %d, %s.", end->signal,
			strsignal(end->signal));
		conclude(owner, TRIAL_CRASHED, "PIPELINE_CRASHED", text);
	} else {
		(void)snprintf(text, sizeof(text),
			"Its check ended the process, with exit code %d.", (int)end->status);
		conclude(owner, TRIAL_CRASHED, "PIPELINE_CRASHED", text);
	}
}

static void on_ended(void *owner, struct slot *slot, const struct slot_exit *end)
{
	(void)slot;
	if (end->end == SLOT_END_START) {
		conclude(owner, TRIAL_LATE, "PIPELINE_INIT_FAILED",
			"its plugin does not get ready in time");
	} else {
		conclude(owner, TRIAL_CRASHED, "PIPELINE_INIT_FAILED",
			"its plugin crashes when it is opened");
	}
}

static void on_confined(void *owner, struct slot *slot, const struct msg_confined *confined)
{
	(void)owner;
	mode_confined(slot->mode, confined->in_force, confined->lacks);
}

/* What a library prints, nobody has looked through. */
static void add_without(struct buf *out, const char *text, const char *secret)
{
	const char *found;

	while (secret && (found = strstr(text, secret))) {
		buf_add(out, text, (size_t)(found - text));
		buf_add_text(out, "***");
		text = found + strlen(secret);
	}
	buf_add_text(out, text);
}

static void keep_line(const struct running *run, const char *level, const char *text)
{
	struct trial *trial = run->trial;
	struct buf clean = {0};
	struct json_object *line;

	if (!trial->lines) {
		trial->lines = json_object_new_array();
	}
	if (!trial->lines || json_object_array_length(trial->lines) >= LINES_MAX) {
		return;
	}
	add_without(&clean, text, run->key);
	line = json_object_new_object();
	json_object_object_add(line, "level", json_object_new_string(level));
	json_object_object_add(
		line, "text", json_object_new_string(buf_failed(&clean) ? "?" : buf_cstr(&clean)));
	json_object_array_add(trial->lines, line);
	buf_finish(&clean);
}

static void on_log(void *owner, struct slot *slot, const struct msg_log *log)
{
	const struct running *run = owner;
	const struct mode *mode = slot->mode;

	log_debug(log->text, LOG_S("mode", mode->name));
	if (log->level >= LOG_LEVEL_WARNING) {
		keep_line(run, log->level == LOG_LEVEL_WARNING ? "warning" : "error", log->text);
	}
}

static void on_line(void *owner, struct slot *slot, const char *text)
{
	const struct running *run = owner;
	const struct mode *mode = slot->mode;

	log_debug("plugin printed", LOG_S("text", text), LOG_S("mode", mode->name));
	keep_line(run, "printed", text);
}

static void on_progress(void *owner, struct slot *slot, const struct msg_progress *progress)
{
	(void)owner;
	(void)slot;
	(void)progress;
}

/* There is nobody to keep it, and a check has no task. */
static void on_memo(void *owner, struct slot *slot, const struct msg_memo *memo)
{
	struct running *run = owner;

	slot_kept(slot, memo->number, -EINVAL, &run->room);
}

static const struct slot_events events = {
	.ready = on_ready,
	.refused = on_refused,
	.confined = on_confined,
	.progress = on_progress,
	.log = on_log,
	.memo = on_memo,
	.line = on_line,
	.outcome = on_outcome,
	.lost = on_lost,
	.ended = on_ended,
	.free = on_free,
};

static void on_closed(uv_handle_t *handle)
{
	(void)handle;
}

int trial_run(uv_loop_t *loop, const char *program, const char *scratch, struct route *route,
	uint64_t check_ms, struct trial *ret_trial)
{
	struct running run = {.route = route, .trial = ret_trial, .check_ms = check_ms};
	int places = memfd_create("formy-places", MFD_CLOEXEC);
	uint64_t begun = clock_mono_ms();
	struct buf setup = {0};
	struct err err = {0};
	int fds[ROUTE_FILES];
	int result;

	*ret_trial = (struct trial){0};
	result = slot_init(&run.slot, loop, 0, program, &times, &events, &run);
	if (result < 0) {
		fs_close(places);
		return result;
	}
	result = route_setup(route, scratch, &err, &setup);
	if (result == 0 && route->engine) {
		(void)config_read_api_key(route->engine, NULL, &run.key);
	}
	if (result == 0) {
		size_t count = route_files(route, places, fds);

		result = slot_start(&run.slot, route->mode, &setup, fds, count, &err);
	}
	if (result < 0) {
		conclude(&run, TRIAL_REFUSED, "PIPELINE_CONFIG_ERROR", err.text);
	}
	(void)uv_run(loop, UV_RUN_DEFAULT);
	slot_finish(&run.slot, on_closed);
	(void)uv_run(loop, UV_RUN_DEFAULT);
	if (run.key) {
		explicit_bzero(run.key, strlen(run.key));
		free(run.key);
	}
	ret_trial->took_ms = clock_mono_ms() - begun;
	buf_finish(&setup);
	buf_finish(&run.room);
	fs_close(places);
	return 0;
}

void trial_finish(struct trial *trial)
{
	json_object_put(trial->lines);
	trial->lines = NULL;
}

const char *trial_end_name(enum trial_end end)
{
	static const char *const names[] = {
		[TRIAL_OPENED] = "opened",
		[TRIAL_PASSED] = "ok",
		[TRIAL_FAILED] = "failed",
		[TRIAL_REFUSED] = "refused",
		[TRIAL_CRASHED] = "crashed",
		[TRIAL_LATE] = "late",
	};

	return names[end];
}

int trial_run_all(uv_loop_t *loop, const char *program, struct catalog *catalog,
	trial_problem_fn *problem, void *arg)
{
	char scratch[] = "/tmp/formy-check-XXXXXX";
	int result = 0;

	if (!mkdtemp(scratch)) {
		return -errno;
	}
	for (size_t i = 0; i < catalog->mode_count && result == 0; i++) {
		struct mode *mode = catalog->modes[i];
		struct trial trial;

		result = trial_run(loop, program, scratch, &mode->routes[0], 0, &trial);
		if (result == 0 && trial.end != TRIAL_OPENED) {
			problem(mode, trial.message, arg);
		}
		trial_finish(&trial);
	}
	(void)fs_remove_tree(scratch);
	return result;
}
