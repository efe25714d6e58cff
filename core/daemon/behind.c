#include "daemon/behind.h"

#include "base/clock.h"
#include "daemon/catalog.h"
#include "daemon/dispatch.h"
#include "daemon/place.h"
#include "daemon/route.h"
#include "daemon/supervisor.h"

/* Work that may wait in an executor. What is saved is two wakings for each task, some 50 us: tasks that
 * take longer than this gain nothing. */
#define SHORT_US 2000

/* A job that takes longer than this is slow, and nothing stays behind it. */
#define SLOW_US 10000
#define LOOK_MS 5

static bool is_slow(const struct job *job, uint64_t now_us)
{
	return now_us - job->started_us > SLOW_US;
}

/* An engine's executor waits for other packets during a job. And where a mode's tasks are limited in
 * number, those that begin are counted before they do. */
bool behind_fits(const struct place *place)
{
	const struct slot *slot = &place->slot;
	const struct mode *mode = slot->mode;

	return slot->state == SLOT_RUNNING && slot->next_count < SLOT_NEXT_MOST &&
		!slot->drain_after && !place->route->engine && mode->config->concurrency == 0 &&
		mode->mean_us > 0 && (slot->next_count + 1) * mode->mean_us < SHORT_US &&
		/* else it rests for a moment, so that its scratch folder can be emptied */
		place->untidied < PLACE_MOST_UNTIDIED && mode->waiting.count > 0 &&
		!is_slow(slot->job, clock_mono_us());
}

static void on_look(uv_timer_t *timer)
{
	struct supervisor *sup = timer->data;
	uint64_t now_us = clock_mono_us();

	if (sup->sent.count == 0) {
		(void)uv_timer_stop(timer);
		return;
	}
	for (unsigned i = 0; i < sup->place_count; i++) {
		struct slot *slot = &sup->places[i].slot;

		if (slot->next_count > 0 && is_slow(slot->job, now_us)) {
			slot_take_back(slot);
		}
	}
}

void behind_init(struct supervisor *sup)
{
	(void)uv_timer_init(sup->loop, &sup->overtake);
	sup->overtake.data = sup;
}

void behind_sent(struct supervisor *sup, struct job *job)
{
	job->state = JOB_SENT;
	job_list_push(&sup->sent, job);
	if (!uv_is_active((uv_handle_t *)&sup->overtake)) {
		(void)uv_timer_start(&sup->overtake, on_look, LOOK_MS, LOOK_MS);
	}
}

void behind_returned(struct supervisor *sup, struct job *job)
{
	job_list_remove(&sup->sent, job);
	dispatch_wait_again(sup, job);
}

void behind_take_back(struct supervisor *sup)
{
	for (unsigned i = 0; i < sup->place_count; i++) {
		struct slot *slot = &sup->places[i].slot;

		slot_take_back(slot);
		if (slot->next_count > 0) {
			slot_catch_up(slot);
		}
	}
}
