#include "daemon/lease.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/catalog.h"
#include "daemon/claimer.h"
#include "daemon/connect.h"
#include "daemon/dispatch.h"
#include "daemon/memo.h"
#include "daemon/manager.h"
#include "daemon/publish.h"
#include "daemon/room.h"
#include "daemon/spool.h"
#include "daemon/status.h"
#include "daemon/supervisor.h"
#include "redis/link.h"

#define BEAT_MS 1000
/* While nothing is held. Each beat wakes us twice, and no silence of Redis is long enough for a PING. */
#define IDLE_BEAT_MS 2800
#define PROGRESS_MS 200 /* between two beats, when progress waits */
#define REGISTRATION_EVERY_MS 3000
#define REGISTRATION_LASTS_MS 12000
#define REAP_EVERY_MS 2000
#define OUTAGE_MS 3000
#define REAP_AFTER_MS 5000  /* an outage: all workers have a connection again by then */
#define SPOOL_AFTER_MS 1000 /* of trouble */

struct held {
	struct queue_held *items;
	size_t count;
	size_t room;
};

static void hold(struct supervisor *sup, struct job *job, void *arg)
{
	struct held *held = arg;

	(void)sup;
	/* one that was left by a killed worker is not held: its lease is to end */
	if (held->count == held->room || job->verdict == QUEUE_LEFT) {
		return;
	}
	held->items[held->count++] = (struct queue_held){
		.id = job->id,
		.token = job->token,
		.started = job->started_us != 0,
		.progress = job->progress_new ? job->progress : -1,
		.step = job->progress_new && job->step[0] ? job->step : NULL,
	};
	job->progress_new = false;
}

/* Nobody knows whether Redis heard of it. */
static void tell_again(struct supervisor *sup, struct job *job, void *arg)
{
	(void)sup;
	(void)arg;
	job->progress_new = job->progress_new || job->progress > 0 || job->step[0] != '\0';
}

static void stop_lost(struct supervisor *sup, const struct queue_lost *lost)
{
	static const enum job_stop stops[] = {
		[QUEUE_LOST_CANCELLED] = JOB_CANCELLED,
		[QUEUE_LOST_GONE] = JOB_GONE,
		[QUEUE_LOST_TAKEN] = JOB_TAKEN,
	};
	struct job *job = supervisor_find_job(sup, lost->id, lost->token);

	if (job) {
		supervisor_stop_job(sup, job, stops[lost->loss]);
	}
}

static void on_beat_timer(uv_timer_t *timer)
{
	struct supervisor *sup = timer->data;

	manager_beat(sup);
	if (sup->trouble_since_ms > 0 &&
		clock_mono_ms() - sup->trouble_since_ms >= SPOOL_AFTER_MS) {
		spool_keep(sup);
	}
	dispatch_return_surplus(sup);
	lease_beat(sup);
}

static void on_beat(int result, const char *why, const struct queue_beat_reply *reply, void *arg)
{
	struct supervisor *sup = arg;
	uint64_t next_ms = supervisor_job_count(sup) > 0 ? BEAT_MS : IDLE_BEAT_MS;

	sup->beat_in_flight = false;
	if (result < 0) {
		supervisor_each_job(sup, tell_again, NULL);
		if (result != -ECONNRESET && result != -ECANCELED) {
			connect_refused(sup, why);
			publish_go_on(sup);
		}
		return;
	}
	sup->sure_ms = sup->last_beat_ms;
	connect_accepted(sup);
	if (!sup->registered) {
		sup->registered = true;
		supervisor_announce(sup);
	}
	claimer_report(reply->problems, reply->problem_count);
	memo_go_on(sup);
	for (size_t i = 0; i < reply->lost_count; i++) {
		stop_lost(sup, &reply->lost[i]);
	}
	if (reply->waiting > 0 || reply->promoted > 0) {
		claimer_wake(sup);
	}
	if (reply->next_due_ms > 0 && reply->next_due_ms < next_ms) {
		next_ms = reply->next_due_ms;
	}
	if (lease_is_sure(sup)) {
		publish_go_on(sup);
	}
	if (sup->beat_again || sup->unsure) {
		lease_beat(sup);
		return;
	}
	if (sup->beat_wanted && PROGRESS_MS < next_ms) {
		next_ms = PROGRESS_MS;
	}
	(void)uv_timer_start(&sup->beat, on_beat_timer, next_ms, BEAT_MS);
}

static void on_reaped(int result, const char *why, const struct queue_count_reply *reply, void *arg)
{
	struct supervisor *sup = arg;

	(void)why;
	if (result < 0) {
		return;
	}
	if (reply->count > 0 || reply->failed > 0 || reply->workers > 0) {
		log_warning("tasks of a dead worker recovered", LOG_I("queued_again", reply->count),
			LOG_I("failed", reply->failed), LOG_I("dead_workers", reply->workers));
		claimer_wake(sup);
	}
	if (reply->more) {
		sup->last_reap_ms = 0;
	}
}

static void reap(struct supervisor *sup)
{
	uint64_t now = clock_mono_ms();

	if (sup->phase == PHASE_SERVING && now - sup->last_reap_ms >= REAP_EVERY_MS) {
		sup->last_reap_ms = now;
		(void)queue_reap(sup->queue, on_reaped, sup);
	}
}

void lease_beat(struct supervisor *sup)
{
	struct queue_mode modes[LIMIT_MODES];
	struct held held = {.room = supervisor_job_count(sup)};
	struct queue_beat beat = {.modes = modes, .registration_ms = REGISTRATION_LASTS_MS};
	struct buf registration = {0};
	uint64_t now = clock_mono_ms();

	if (sup->beat_in_flight || !link_is_up(sup->link) || sup->phase < PHASE_SERVING ||
		sup->phase > PHASE_LEAVING || sup->said_bye) {
		return;
	}
	held.items = held.room > 0 ? calloc(held.room, sizeof(*held.items)) : NULL;
	if (held.room > 0 && !held.items) {
		return;
	}
	supervisor_each_job(sup, hold, &held);
	beat.held = held.items;
	beat.held_count = held.count;
	beat.mode_count = room_modes(sup, LIMIT_BATCH, modes);
	if (!sup->registered || now - sup->last_registration_ms >= REGISTRATION_EVERY_MS) {
		status_registration(sup, &registration);
		beat.registration = buf_cstr(&registration);
		sup->last_registration_ms = now;
	}
	sup->last_beat_ms = now;
	sup->beat_wanted = false;
	sup->beat_again = false;
	sup->beat_in_flight = queue_beat(sup->queue, &beat, on_beat, sup) == 0;
	reap(sup);
	buf_finish(&registration);
	free(held.items);
}

void lease_beat_now(struct supervisor *sup)
{
	sup->beat_again = sup->beat_in_flight;
	lease_beat(sup);
}

uint64_t lease_sure_until(const struct supervisor *sup)
{
	return sup->sure_ms + LEASE_MS - BEAT_MS;
}

bool lease_is_sure(const struct supervisor *sup)
{
	return clock_mono_ms() < lease_sure_until(sup);
}

void lease_beat_soon(struct supervisor *sup)
{
	uint64_t since = clock_mono_ms() - sup->last_beat_ms;
	uint64_t wait = since < PROGRESS_MS ? PROGRESS_MS - since : 0;

	sup->beat_wanted = true;
	if (uv_timer_get_due_in(&sup->beat) > wait) {
		(void)uv_timer_start(&sup->beat, on_beat_timer, wait, BEAT_MS);
	}
}

int lease_init(struct supervisor *sup)
{
	int result = uv_timer_init(sup->loop, &sup->beat);

	sup->beat.data = sup;
	if (result == 0) {
		result = uv_timer_start(&sup->beat, on_beat_timer, 0, BEAT_MS);
	}
	return result;
}
