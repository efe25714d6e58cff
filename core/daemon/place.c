#include "daemon/place.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "daemon/answer.h"
#include "daemon/behind.h"
#include "daemon/catalog.h"
#include "daemon/dispatch.h"
#include "daemon/health.h"
#include "daemon/lease.h"
#include "daemon/leave.h"
#include "daemon/memo.h"
#include "daemon/results.h"
#include "daemon/route.h"
#include "daemon/supervisor.h"
#include "formy/plugin.h"
#include "plugin/descriptor.h"
#include "plugin/registry.h"
#include "task/outcome.h"

#define START_MS 60000 /* networks of a hundred megabytes are read from a cold disk */
#define GRACE_MS 2000  /* plugin.h promises this to plugins that are told to stop */
#define FINISH_MS 3000 /* for close() */
#define LINES_A_SECOND 50
#define KILLS_BORNE 2 /* of executors that start, in a row, before their tasks suffer for it */

static struct place *place_of(struct slot *slot)
{
	return (struct place *)((char *)slot - offsetof(struct place, slot));
}

static struct mode *mode_of(const struct slot *slot)
{
	return slot->mode;
}

static void on_ready(void *owner, struct slot *slot)
{
	struct mode *mode = mode_of(slot);

	(void)owner;
	mode_started(mode);
	log_info("executor ready", LOG_S("mode", mode->name), LOG_S("plugin", mode_plugin_id(mode)),
		LOG_I("slot", slot->index));
}

/* Its executors cannot start: the jobs that wait for one end, or are tried again later. */
static void refuse_waiting(
	struct supervisor *sup, struct mode *mode, const char *code, const char *message)
{
	const struct outcome outcome = {
		.status = FORMY_E_UNREACHABLE,
		.code = code,
		.message = message,
	};
	struct job *job;

	mode_failed_to_start(mode);
	log_error("executor cannot serve its mode", LOG_S("mode", mode->name),
		LOG_S("plugin", mode_plugin_id(mode)), LOG_S("code", code), LOG_S("why", message),
		LOG_I("retry_in_ms", (int64_t)(mode->blocked_until_ms - clock_mono_ms())));
	while ((job = job_list_first(&mode->waiting))) {
		job_list_remove(&mode->waiting, job);
		results_fail(sup, job, &outcome, true);
	}
}

static void on_refused(void *owner, struct slot *slot, const char *code, const char *message)
{
	struct route *route = place_of(slot)->route;

	if (strcmp(code, "ENGINE_NOT_AVAILABLE") == 0 && route->engine) {
		route_set_down(route, code, message);
		route->wanted = true;
		health_return_stranded(owner);
	} else {
		refuse_waiting(owner, mode_of(slot), code, message);
	}
}

static void on_confined(void *owner, struct slot *slot, const struct msg_confined *confined)
{
	(void)owner;
	mode_confined(mode_of(slot), confined->in_force, confined->lacks);
}

static void on_progress(void *owner, struct slot *slot, const struct msg_progress *progress)
{
	struct job *job = slot->job;
	int percent = (int)(progress->permille / 10);

	job->part = progress->part;
	job->used_engine = job->used_engine || job->part == MSG_PART_ENGINE;
	job->used_helper = job->used_helper || job->part == MSG_PART_HELPER;
	if (percent > 99) {
		/* 100 is written with the result */
		percent = 99;
	}
	if (percent > job->progress) {
		job->progress = percent;
		job->progress_new = true;
	}
	if (progress->step && strcmp(progress->step, job->step) != 0) {
		(void)text_copy(job->step, sizeof(job->step), progress->step);
		job->progress_new = true;
	}
	if (job->progress_new) {
		lease_beat_soon(owner);
	}
}

static void on_log(void *owner, struct slot *slot, const struct msg_log *log)
{
	const struct mode *mode = mode_of(slot);
	const struct job *job = slot->job;
	enum log_level level =
		log->level <= LOG_LEVEL_ERROR ? (enum log_level)log->level : LOG_LEVEL_ERROR;

	(void)owner;
	log_at(level, log->text, LOG_S("mode", mode->name), LOG_S("plugin", mode_plugin_id(mode)),
		LOG_S("task", job && log->job == slot->number ? job->id : NULL));
}

static void on_memo(void *owner, struct slot *slot, const struct msg_memo *memo)
{
	memo_take(owner, place_of(slot), memo);
}

static void on_line(void *owner, struct slot *slot, const char *text)
{
	struct place *place = place_of(slot);
	const struct mode *mode = mode_of(slot);
	uint64_t second = clock_mono_ms() / 1000;

	(void)owner;
	if (second != place->line_second) {
		if (place->lines > LINES_A_SECOND) {
			log_warning("lines that a plugin printed were dropped",
				LOG_S("mode", mode->name),
				LOG_I("lines", place->lines - LINES_A_SECOND));
		}
		place->line_second = second;
		place->lines = 0;
	}
	if (++place->lines <= LINES_A_SECOND) {
		log_info("plugin printed", LOG_S("text", text), LOG_S("mode", mode->name),
			LOG_S("plugin", mode_plugin_id(mode)));
	}
}

static void on_outcome(void *owner, struct slot *slot, const struct msg_outcome *outcome)
{
	struct job *job = slot->job;

	if (job->check) {
		health_checked(owner, job, outcome);
		return;
	}
	mode_measure(job->mode, clock_mono_us() - job->started_us);
	job_absolve(job);
	answer_came(owner, place_of(slot), job, outcome);
}

static void on_begun(void *owner, struct slot *slot)
{
	struct job *job = slot->job;

	job_list_remove(&((struct supervisor *)owner)->sent, job);
	dispatch_begun(owner, place_of(slot));
	if (job->stop != JOB_WANTED && slot->state == SLOT_RUNNING) {
		slot_cancel(slot, CONTROL_CANCELLED);
	}
}

static void on_returned(void *owner, struct slot *slot, void *job)
{
	(void)slot;
	behind_returned(owner, job);
}

static void on_lost(void *owner, struct slot *slot, const struct slot_exit *end)
{
	struct mode *mode = mode_of(slot);
	struct job *job = slot->job;

	/* who sent a SIGKILL that is not ours, nobody knows: the system, short of memory, or a person */
	if (end->end == SLOT_END_ITSELF && end->signal != SIGKILL && !end->unstarted &&
		job_blame(job)) {
		log_error("plugin quarantined: its process died on several tasks in a row",
			LOG_S("plugin", job_culprit(job)->descriptor->id),
			LOG_S("mode", mode->name), LOG_I("tasks", LIMIT_PLUGIN_CRASHES),
			LOG_S("hint", plugin_state_hint(PLUGIN_QUARANTINED)));
		reload_begin(owner, RELOAD_PLUGINS);
	}
	if (job->check) {
		health_checked(owner, job, NULL);
	} else {
		answer_lost(owner, job, end);
	}
}

/* It ended before it was ready. */
static void end_of_start(struct supervisor *sup, struct mode *mode, const struct slot_exit *end)
{
	if (end->end == SLOT_END_ITSELF && end->signal == SIGKILL &&
		mode->failed_starts < KILLS_BORNE) {
		/* by whom, nobody knows; the tasks that wait for one have not begun, and wait on */
		mode_failed_to_start(mode);
	} else {
		refuse_waiting(sup, mode, "PIPELINE_INIT_FAILED",
			end->end == SLOT_END_START
				? "The plugin did not get ready in time."
				: "The plugin's process ended while it was being prepared.");
	}
}

static void on_ended(void *owner, struct slot *slot, const struct slot_exit *end)
{
	struct supervisor *sup = owner;
	struct mode *mode = mode_of(slot);
	bool well = end->end == SLOT_END_ITSELF && end->signal == 0 && end->status == 0;

	if (well || end->end == SLOT_END_KILLED) {
		log_debug("executor ended", LOG_S("mode", mode->name), LOG_I("slot", slot->index));
	} else {
		log_warning("executor died", LOG_S("mode", mode->name),
			LOG_S("plugin", mode_plugin_id(mode)),
			LOG_S("signal", end->signal ? strsignal(end->signal) : NULL),
			LOG_I("status", end->status), LOG_S("why", slot_end_name(end->end)));
	}
	if (!end->ready && !well && sup->phase <= PHASE_SERVING) {
		end_of_start(sup, mode, end);
	}
	if (mode->catalog != sup->catalog) {
		(void)text_copy(place_of(slot)->renew, sizeof(place_of(slot)->renew), mode->name);
	}
	place_of(slot)->route = NULL;
	mode_release(mode);
	slot->mode = NULL;
}

/* A reload ended its executor: the next one is started at once, so that no task waits for it. */
static void renew(struct supervisor *sup, struct place *place)
{
	struct mode *mode = catalog_find_mode(sup->catalog, place->renew);

	place->renew[0] = '\0';
	if (mode && mode->blocked_until_ms <= clock_mono_ms()) {
		(void)place_start(sup, place, &mode->routes[0]);
	}
}

static void on_free(void *owner, struct slot *slot)
{
	struct supervisor *sup = owner;
	const struct mode *mode = slot->mode;

	/* what an old catalog left behind makes place */
	if (slot->state == SLOT_IDLE &&
		(mode->catalog != sup->catalog || sup->phase > PHASE_SERVING)) {
		slot_drain(slot);
	}
	if (slot->state == SLOT_DEAD && sup->phase == PHASE_SERVING && place_of(slot)->renew[0] &&
		!place_of(slot)->publishing) {
		renew(sup, place_of(slot));
	}
	leave_check(sup);
}

static const struct slot_events place_events = {
	.ready = on_ready,
	.refused = on_refused,
	.confined = on_confined,
	.progress = on_progress,
	.log = on_log,
	.memo = on_memo,
	.line = on_line,
	.outcome = on_outcome,
	.begun = on_begun,
	.returned = on_returned,
	.lost = on_lost,
	.ended = on_ended,
	.free = on_free,
};

int place_create_all(struct supervisor *sup, struct err *err)
{
	const struct slot_times times = {START_MS, GRACE_MS, FINISH_MS};
	unsigned count = (unsigned)sup->catalog->config->worker.executors;

	sup->places = calloc(count, sizeof(*sup->places));
	if (!sup->places) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	for (unsigned i = 0; i < count; i++) {
		struct place *place = &sup->places[i];
		int result = store_scratch_dir(&sup->store, sup->worker, i, err, place->scratch);

		if (result == 0) {
			result = slot_init(&place->slot, sup->loop, i, sup->executor, &times,
				&place_events, sup);
		}
		if (result < 0) {
			return result;
		}
		sup->place_count++;
	}
	return 0;
}

bool place_is_idle(const struct place *place)
{
	return place->slot.state == SLOT_IDLE && !place->publishing;
}

bool place_is_only_at(const struct place *place, const struct job *job)
{
	const struct slot *slot = &place->slot;

	return slot->next_count == 0 && (!slot->job || slot->job == job) && place->publishing == 0;
}

void place_tidy(struct place *place, const struct job *job)
{
	if (place_is_only_at(place, job)) {
		store_scratch_tidy(place->scratch, &place->scratch_seen);
		place->untidied = 0;
	} else if (++place->untidied >= PLACE_MOST_UNTIDIED &&
		store_scratch_is_clean(place->scratch, &place->scratch_seen)) {
		place->untidied = 0;
	}
}

struct place *place_find_dead(struct supervisor *sup)
{
	for (unsigned i = 0; i < sup->place_count; i++) {
		if (sup->places[i].slot.state == SLOT_DEAD && !sup->places[i].publishing) {
			return &sup->places[i];
		}
	}
	return NULL;
}

int place_start(struct supervisor *sup, struct place *place, struct route *route)
{
	struct mode *mode = route->mode;
	struct err err = {0};
	int fds[ROUTE_FILES];
	int result = store_scratch_clear(place->scratch);

	if (result < 0) {
		(void)err_set(
			&err, result, "cannot empty %s: %s", place->scratch, strerror(-result));
	} else {
		result = route_setup(route, place->scratch, &err, &sup->room);
	}
	if (result == 0) {
		result = slot_start(&place->slot, mode, &sup->room, fds,
			route_files(route, health_places(sup, route), fds), &err);
	}
	if (result < 0) {
		mode_failed_to_start(mode);
		log_error("cannot start an executor", LOG_S("mode", mode->name),
			LOG_S("why", err.text));
		return result;
	}
	(void)mode_hold(mode);
	place->route = route;
	return 0;
}

void place_warm_up(struct supervisor *sup)
{
	const struct catalog *catalog = sup->catalog;
	size_t next = 0;
	struct place *place;

	while (next < sup->place_count && catalog->mode_count > 0 &&
		(place = place_find_dead(sup))) {
		struct mode *mode = catalog->modes[next++ % catalog->mode_count];

		if (mode->blocked_until_ms <= clock_mono_ms()) {
			(void)place_start(sup, place, &mode->routes[0]);
		}
	}
}
