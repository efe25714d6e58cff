#include "daemon/reload.h"

#include "base/log.h"
#include "daemon/catalog.h"
#include "daemon/claimer.h"
#include "daemon/dispatch.h"
#include "daemon/lease.h"
#include "daemon/load.h"
#include "daemon/manager.h"
#include "daemon/place.h"
#include "daemon/supervisor.h"
#include "task/queue.h"

/* Gives a place's executor, and the job that it may have, to the new catalog's mode. */
static void move_place(struct supervisor *sup, struct place *place, struct mode *to)
{
	struct mode *from = place->slot.mode;
	struct job *job = place->slot.job;

	(void)sup;
	place->slot.mode = mode_hold(to);
	if (job) {
		from->running--;
		to->running++;
		job->mode = mode_hold(to);
		mode_release(from);
	}
	to->mean_us = from->mean_us;
	mode_release(from);
}

static void put_in_force(struct supervisor *sup, struct catalog *catalog)
{
	struct catalog *old = sup->catalog;
	const struct config *config = catalog->config;
	const struct queue_policy policy = catalog_queue_policy(catalog);

	dispatch_return_waiting(sup);
	sup->catalog = catalog;
	for (unsigned i = 0; i < sup->place_count; i++) {
		struct place *place = &sup->places[i];
		struct mode *from = place->slot.mode;
		struct mode *to = from ? catalog_find_mode(catalog, from->name) : NULL;

		if (to && mode_same(from, to) && !place->publishing) {
			move_place(sup, place, to);
		} else if (from) {
			slot_drain(&place->slot);
		}
	}
	log_init(config->worker.log_level, config->worker.log_format);
	queue_set_policy(sup->queue, &policy);
	catalog_release(old);
	place_warm_up(sup);
	claimer_wake(sup);
	sup->last_registration_ms = 0;
	lease_beat(sup);
}

static void on_loaded(const struct config_problems *problems, void *arg)
{
	struct supervisor *sup = arg;
	struct catalog *catalog = sup->next_catalog;
	struct buf names = {0};

	sup->loading = NULL;
	sup->next_catalog = NULL;
	if (sup->phase != PHASE_SERVING) {
		catalog_release(catalog);
		return;
	}
	load_report(catalog, problems);
	config_restart_needed(sup->catalog->config, catalog->config, &names);
	if (names.len > 0 && !buf_failed(&names)) {
		log_warning(
			"options that only a restart changes", LOG_S("options", buf_cstr(&names)));
	}
	buf_finish(&names);
	put_in_force(sup, catalog);
	manager_ready(sup);
	log_info("reloaded", LOG_I("modes", catalog->mode_count));
}

void reload_begin(struct supervisor *sup)
{
	struct config_problems problems = {0};
	struct config *config = NULL;

	if (sup->phase != PHASE_SERVING || sup->loading) {
		log_warning("reload refused: the worker is starting, stopping or reloading");
		return;
	}
	manager_reloading(sup);
	if (config_load(sup->config_path, sup->flags, &problems, &config) < 0) {
		for (size_t i = 0; i < problems.count; i++) {
			log_error(problems.texts[i]);
		}
		log_error("reload refused: the configuration is wrong, the running one stays");
		config_problems_finish(&problems);
		manager_ready(sup);
		return;
	}
	config_problems_finish(&problems);
	sup->next_catalog = catalog_create(config);
	if (!sup->next_catalog ||
		load_begin(sup->loop, sup->executor, sup->next_catalog, on_loaded, sup,
			&sup->loading) < 0) {
		catalog_release(sup->next_catalog);
		sup->next_catalog = NULL;
		manager_ready(sup);
		log_error("reload refused: out of memory");
	}
}
