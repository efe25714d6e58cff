#include "daemon/leave.h"

#include <sysexits.h>

#include "base/log.h"
#include "daemon/catalog.h"
#include "daemon/claimer.h"
#include "daemon/connect.h"
#include "daemon/deadline.h"
#include "daemon/dispatch.h"
#include "daemon/janitor.h"
#include "daemon/load.h"
#include "daemon/manager.h"
#include "daemon/publish.h"
#include "daemon/supervisor.h"
#include "daemon/watch.h"
#include "task/queue.h"

/* For the last outcomes, when nothing runs any more: an absent Redis does not keep us for ever. */
#define LEAVING_MS 5000

/* Those that are idle at once, busy ones after their job, or all now. */
static void end_executors(struct supervisor *sup, bool now)
{
	for (unsigned i = 0; i < sup->place_count; i++) {
		struct slot *slot = &sup->places[i].slot;

		if (now) {
			slot_kill(slot);
		} else {
			const struct job *job = slot->job;

			slot_drain(slot);
			if (job && job->check) {
				slot_cancel(slot, CONTROL_SHUTDOWN);
			}
		}
	}
}

static bool all_dead(const struct supervisor *sup)
{
	for (unsigned i = 0; i < sup->place_count; i++) {
		if (sup->places[i].slot.state != SLOT_DEAD) {
			return false;
		}
	}
	return true;
}

static void on_slot_closed(uv_handle_t *handle)
{
	(void)handle;
}

void leave_close(struct supervisor *sup, int exit_status)
{
	if (sup->phase == PHASE_CLOSING) {
		return;
	}
	sup->phase = PHASE_CLOSING;
	sup->exit_status = exit_status;
	load_cancel(sup->loading);
	sup->loading = NULL;
	catalog_release(sup->next_catalog);
	sup->next_catalog = NULL;
	watch_close(sup);
	connect_close(sup);
	for (unsigned i = 0; i < sup->place_count; i++) {
		struct slot *slot = &sup->places[i].slot;

		if (slot->job && ((struct job *)slot->job)->check) {
			job_destroy(slot->job);
		}
		if (slot->mode && slot->state != SLOT_DEAD) {
			mode_release(slot->mode);
		}
		slot_finish(slot, on_slot_closed);
	}
	for (size_t i = 0; i < sizeof(sup->signals) / sizeof(sup->signals[0]); i++) {
		uv_close((uv_handle_t *)&sup->signals[i], NULL);
	}
	uv_close((uv_handle_t *)&sup->turn, NULL);
	uv_close((uv_handle_t *)&sup->gather, NULL);
	uv_close((uv_handle_t *)&sup->beat, NULL);
	uv_close((uv_handle_t *)&sup->overtake, NULL);
	uv_close((uv_handle_t *)&sup->quota, NULL);
	janitor_close(sup);
	uv_close((uv_handle_t *)&sup->deadline, NULL);
}

static void on_bye(int result, const char *why, const struct queue_count_reply *reply, void *arg)
{
	(void)reply;
	if (result < 0) {
		log_warning("could not sign off; the registration will expire", LOG_S("why", why));
	}
	leave_close(arg, EX_OK);
}

static void on_leaving_deadline(uv_timer_t *timer)
{
	struct supervisor *sup = timer->data;

	log_error("Redis did not take the last results; the next formyd to start tells it",
		LOG_I("results", sup->ended.count), LOG_S("folder", sup->outcomes));
	leave_close(sup, EX_OK);
}

void leave_check(struct supervisor *sup)
{
	if (sup->phase == PHASE_DRAINING && sup->running.count == 0 && sup->publishing.count == 0 &&
		all_dead(sup)) {
		sup->phase = PHASE_LEAVING;
		deadline_start(&sup->deadline, on_leaving_deadline, LEAVING_MS);
	}
	if (sup->phase == PHASE_LEAVING && !sup->said_bye && claimer_is_quiet(sup)) {
		sup->said_bye = queue_bye(sup->queue, on_bye, sup) == 0;
	}
}

/* Nothing is waited for any more: not for tasks, nor for Redis to say whose their files are. */
static void end_at_once(struct supervisor *sup)
{
	end_executors(sup, true);
	publish_go_on(sup);
}

static void on_drain_deadline(uv_timer_t *timer)
{
	struct supervisor *sup = timer->data;

	log_warning("tasks did not end in time and go back into the queue",
		LOG_I("tasks", sup->running.count));
	end_at_once(sup);
}

static void drain(struct supervisor *sup)
{
	int64_t most_ms = sup->catalog->config->worker.shutdown_timeout_ms;

	log_info("stopping: no new tasks, the running ones may end",
		LOG_I("running", sup->running.count), LOG_I("at_most_ms", most_ms));
	sup->phase = PHASE_DRAINING;
	manager_stopping(sup);
	deadline_start(&sup->deadline, on_drain_deadline, most_ms > 0 ? (uint64_t)most_ms : 0);
	claimer_stop(sup);
	dispatch_return_waiting(sup);
	end_executors(sup, false);
	leave_check(sup);
}

void leave_begin(struct supervisor *sup)
{
	if (sup->phase == PHASE_STARTING) {
		leave_close(sup, EX_OK);
	} else if (sup->phase == PHASE_SERVING) {
		drain(sup);
	} else if (sup->phase == PHASE_DRAINING) {
		log_warning("stopping at once: running tasks go back into the queue",
			LOG_I("tasks", sup->running.count));
		end_at_once(sup);
	}
}
