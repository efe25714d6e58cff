#include "daemon/dispatch.h"

#include <errno.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "daemon/behind.h"
#include "daemon/catalog.h"
#include "daemon/child.h"
#include "daemon/lease.h"
#include "daemon/memo.h"
#include "daemon/orphan.h"
#include "daemon/place.h"
#include "daemon/prepare.h"
#include "daemon/quota.h"
#include "daemon/results.h"
#include "daemon/room.h"
#include "daemon/route.h"
#include "daemon/supervisor.h"
#include "formy/plugin.h"
#include "redis/link.h"
#include "task/outcome.h"
#include "wire/channel.h"

#define SURPLUS_US 1000000 /* that a task waits here for room that is not there any more */
#define STRANDED_MS 5000   /* until a task looks again whether the one engine for it is up */

static void on_returned(
	int result, const char *why, const struct queue_count_reply *reply, void *arg)
{
	(void)arg;
	(void)reply;
	if (result < 0 && result != -ECANCELED) {
		/* their leases end, and any worker takes them up again */
		log_warning(
			"tasks could not be given back; their leases will end", LOG_S("why", why));
	}
}

static void give_back(struct supervisor *sup, struct job *job)
{
	const struct queue_return task = {job->id, job->token, false};

	(void)queue_release(sup->queue, &task, 1, on_returned, sup);
	job_destroy(job);
}

void dispatch_accept(
	struct supervisor *sup, const struct queue_task *task, const char token[IDENT_RANDOM_SIZE])
{
	struct mode *mode = catalog_find_mode(sup->catalog, task->mode);
	struct outcome outcome = {0};
	struct job *job = NULL;
	struct err err = {0};

	if (job_create(task, token, &job) < 0) {
		log_error("out of memory: a task waits for its lease to end",
			LOG_S("task", task->id));
		return;
	}
	if (!mode || sup->phase != PHASE_SERVING) {
		give_back(sup, job);
		return;
	}
	job->mode = mode_hold(mode);
	job->timeout_ms = mode->config->timeout_ms;
	if (prepare_job(job, task, &err, &outcome) < 0) {
		results_fail(sup, job, &outcome, outcome.status == FORMY_E_NOMEM);
		return;
	}
	log_debug("task claimed", LOG_S("task", job->id), LOG_S("mode", mode->name),
		LOG_I("attempt", job->attempt));
	job->state = JOB_WAITING;
	job_list_push(&mode->waiting, job);
	dispatch_strand(sup, job);
}

void dispatch_again(struct supervisor *sup, struct job *job)
{
	log_info("an executor ended before it began its task; another one gets it",
		LOG_S("task", job->id), LOG_S("mode", job->mode->name));
	job->misses++;
	dispatch_wait_again(sup, job);
}

void dispatch_wait_again(struct supervisor *sup, struct job *job)
{
	if (job->stop != JOB_WANTED) {
		log_info("task stopped before it began", LOG_S("task", job->id),
			LOG_S("mode", job->mode->name));
		job_destroy(job);
		return;
	}
	if (sup->phase != PHASE_SERVING || job->mode->catalog != sup->catalog) {
		give_back(sup, job);
		return;
	}
	job->part = MSG_PART_MODE;
	job->pid = 0;
	job->started_us = 0;
	job->route = NULL;
	job->state = JOB_WAITING;
	job_list_push_front(&job->mode->waiting, job);
	dispatch_strand(sup, job);
}

void dispatch_strand(struct supervisor *sup, struct job *job)
{
	struct mode *mode = job->mode;

	if (route_choose(mode, job) || route_is_awaited(mode, job)) {
		return;
	}
	job_list_remove(&mode->waiting, job);
	if (route_is_orphan(mode, job)) {
		orphan_take(sup, job);
	} else if (job->memo || job->engine_wanted[0] != '\0') {
		/* at the front of its queue it would be claimed again at once */
		results_put_off(sup, job, STRANDED_MS, "the engine that it needs is down");
	} else {
		give_back(sup, job);
	}
}

/* An input that cannot be opened: the sender's fault, but for a disk that fails. */
static void refuse_input(
	struct supervisor *sup, struct job *job, const char *role, int result, const char *why)
{
	struct outcome outcome = {.status = FORMY_E_INPUT, .message = why, .details = role};

	if (result == -ENOENT) {
		outcome.status = FORMY_E_MISSING;
		outcome.code = "IMAGE_NOT_FOUND";
	} else if (result == -EFBIG) {
		outcome.code = "IMAGE_SIZE_TOO_LARGE";
	} else {
		outcome.code = "IMAGE_LOAD_FAILED";
	}
	results_fail(sup, job, &outcome, false);
}

void dispatch_begun(struct supervisor *sup, struct place *place)
{
	struct job *job = place->slot.job;

	job_list_push(&sup->running, job);
	job->state = JOB_RUNNING;
	job->started_us = clock_mono_us();
	job->pid = place->slot.child ? (int)child_pid(place->slot.child) : 0;
	job->mode->running++;
	place->route->running++;
	quota_wake(sup);
	lease_beat_soon(sup);
}

/* Opens the inputs and sends the job. 1: it is gone from the waiting ones; 0: it still waits. */
static int run_job(struct supervisor *sup, struct place *place, struct job *job)
{
	struct mode *mode = job->mode;
	struct msg_job msg;
	int fds[LIMIT_TASK_INPUTS];
	struct buf roles = {0};
	struct err err = {0};
	size_t count = 0;
	int result = 0;

	job->route = place->route;
	msg = (struct msg_job){
		.task_id = job->id,
		.attempt = job->attempt,
		.time_ms = (uint64_t)job->timeout_ms,
		.config = job->config,
		.memo = memo_text(job),
		.unknown = place->route->whole_config ? job->unknown : NULL,
	};

	while (count < job->input_count && result == 0) {
		const struct job_input *input = &job->inputs[count];

		result = store_open_input(&sup->store, input->image_id, &err, &fds[count]);
		if (result < 0) {
			job_list_remove(&mode->waiting, job);
			refuse_input(sup, job, input->role, result, err.text);
			goto out;
		}
		store_note_use(fds[count]);
		buf_printf(&roles, "%s%s", count > 0 ? "," : "", input->role);
		count++;
	}
	msg.roles = buf_cstr(&roles);
	result = msg.roles ? slot_run(&place->slot, job, &msg, fds, count, msg.time_ms, &sup->room)
			   : -ENOMEM;
	if (result == -EMSGSIZE) {
		const struct outcome outcome = {
			.status = FORMY_E_PARAMS,
			.code = "INVALID_REQUEST",
			.message = "The task's config is too large.",
		};

		job_list_remove(&mode->waiting, job);
		results_fail(sup, job, &outcome, false);
	} else if (result == 0) {
		job_list_remove(&mode->waiting, job);
		if (place->slot.job == job) {
			dispatch_begun(sup, place);
		} else {
			behind_sent(sup, job);
		}
	} else {
		/* the executor is ending: its exit is an event that comes */
		result = 1;
	}
out:
	while (count > 0) {
		fs_close(fds[--count]);
	}
	buf_finish(&roles);
	return result <= 0;
}

static bool at_limit(const struct mode *mode)
{
	return mode->config->concurrency > 0 &&
		mode->running >= (unsigned)mode->config->concurrency;
}

static struct job *first_of_route(struct route *route)
{
	struct mode *mode = route->mode;
	struct job *job = job_list_first(&mode->waiting);

	while (job && route_choose(mode, job) != route) {
		job = job_list_next(&mode->waiting, job);
	}
	return job;
}

/* Gives an idle executor the next job of its mode. */
static void feed(struct supervisor *sup, struct place *place)
{
	struct mode *mode = place->slot.mode;

	while (place_is_idle(place) && !at_limit(mode)) {
		struct job *job = first_of_route(place->route);

		if (!job || !run_job(sup, place, job)) {
			return;
		}
	}
}

/* Lets jobs wait behind others, one for each executor in turn. True: there may be more to do. */
static bool feed_behind(struct supervisor *sup)
{
	bool fed = false;

	for (unsigned i = 0; i < sup->place_count; i++) {
		struct place *place = &sup->places[i];
		struct job *job = behind_fits(place) ? first_of_route(place->route) : NULL;

		fed = (job && run_job(sup, place, job)) || fed;
	}
	return fed;
}

static unsigned count_places(
	const struct supervisor *sup, const struct route *route, enum slot_state state)
{
	unsigned count = 0;

	for (unsigned i = 0; i < sup->place_count; i++) {
		const struct place *place = &sup->places[i];

		count += place->slot.state == state && (!route || place->route == route);
	}
	return count;
}

struct place *dispatch_find_unused(struct supervisor *sup)
{
	for (unsigned i = 0; i < sup->place_count; i++) {
		struct place *place = &sup->places[i];

		if (place_is_idle(place) && route_count_waiting(place->route) == 0) {
			return place;
		}
	}
	return NULL;
}

/* Starts, or makes place for, as many executors as the waiting jobs of the route need. */
static void provide(struct supervisor *sup, struct route *route)
{
	const struct mode *mode = route->mode;
	unsigned coming =
		count_places(sup, route, SLOT_STARTING) + count_places(sup, NULL, SLOT_DRAINING);
	unsigned wanted = route_count_waiting(route);

	if (mode->blocked_until_ms > clock_mono_ms()) {
		return;
	}
	if (mode->config->concurrency > 0) {
		unsigned most = (unsigned)mode->config->concurrency;

		wanted = mode->running + wanted > most ? most - mode->running : wanted;
	}
	while (coming < wanted) {
		struct place *place = place_find_dead(sup);

		if (place) {
			if (place_start(sup, place, route) < 0) {
				return;
			}
		} else {
			place = dispatch_find_unused(sup);
			if (!place) {
				return;
			}
			slot_drain(&place->slot);
		}
		coming++;
	}
}

void dispatch_turn(struct supervisor *sup)
{
	struct catalog *catalog = sup->catalog;

	for (unsigned i = 0; i < sup->place_count; i++) {
		if (place_is_idle(&sup->places[i])) {
			feed(sup, &sup->places[i]);
		}
	}
	/* only then: none waits behind another while an executor is free */
	while (feed_behind(sup)) {
	}
	for (size_t i = 0; catalog && i < catalog->mode_count; i++) {
		struct mode *mode = catalog->modes[i];

		for (size_t k = 0; k < mode->route_count && mode->waiting.count > 0; k++) {
			provide(sup, &mode->routes[k]);
		}
	}
}

/* Each goes to the front of its queue: the last one first keeps their order. */
static void return_last(struct supervisor *sup, struct mode *mode)
{
	struct job *job = mode->waiting.ends.prev;

	job_list_remove(&mode->waiting, job);
	give_back(sup, job);
}

void dispatch_return_surplus(struct supervisor *sup)
{
	uint64_t old_us = clock_mono_us() - SURPLUS_US;

	if (sup->phase != PHASE_SERVING || !link_is_up(sup->link)) {
		return;
	}
	for (size_t i = 0; i < sup->catalog->mode_count; i++) {
		struct mode *mode = sup->catalog->modes[i];

		while (mode->waiting.count > 0 && mode->waiting.ends.prev->claimed_us < old_us &&
			room_of_mode(sup, mode) < 0) {
			return_last(sup, mode);
		}
	}
}

void dispatch_return_waiting(struct supervisor *sup)
{
	for (size_t i = 0; sup->catalog && i < sup->catalog->mode_count; i++) {
		while (sup->catalog->modes[i]->waiting.count > 0) {
			return_last(sup, sup->catalog->modes[i]);
		}
	}
}
