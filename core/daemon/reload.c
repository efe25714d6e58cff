#include "daemon/reload.h"

#include <string.h>

#include "base/log.h"
#include "daemon/behind.h"
#include "daemon/catalog.h"
#include "daemon/claimer.h"
#include "daemon/dispatch.h"
#include "daemon/lease.h"
#include "daemon/load.h"
#include "daemon/manager.h"
#include "daemon/place.h"
#include "daemon/route.h"
#include "daemon/supervisor.h"
#include "daemon/watch.h"
#include "plugin/descriptor.h"
#include "plugin/registry.h"
#include "plugin/version.h"
#include "task/queue.h"

/* Gives a place's executor, and the jobs that it may have, to the new catalog's route. */
static void move_place(struct place *place, struct route *to)
{
	struct route *from = place->route;
	struct job *job = place->slot.job;

	place->slot.mode = mode_hold(to->mode);
	place->route = to;
	if (job && job->check) {
		/* the check is of the old one, and ends with it */
		slot_cancel(&place->slot, CONTROL_SHUTDOWN);
	} else if (job) {
		from->mode->running--;
		from->running--;
		to->mode->running++;
		to->running++;
		job->mode = mode_hold(to->mode);
		job->route = to;
		mode_release(from->mode);
	}
	for (unsigned i = 0; i < place->slot.next_count; i++) {
		job = place->slot.next[i].job;
		job->mode = mode_hold(to->mode);
		job->route = to;
		mode_release(from->mode);
	}
	to->mode->mean_us = from->mode->mean_us;
	mode_release(from->mode);
}

/* The same way in the new catalog, if it still is the same. */
static struct route *find_heir(const struct catalog *catalog, struct route *route)
{
	struct mode *mode = catalog_find_mode(catalog, route->mode->name);
	struct route *heir = NULL;

	if (mode) {
		heir = route->engine ? route_find(mode, route_engine_name(route))
				     : &mode->routes[0];
	}
	return heir && route_same(route, heir) ? heir : NULL;
}

/* What is known of the engines stays known. */
static void inherit(const struct catalog *from, const struct catalog *to)
{
	for (size_t i = 0; i < from->mode_count; i++) {
		struct mode *mode = from->modes[i];

		for (size_t k = 0; k < mode->route_count; k++) {
			struct route *heir = find_heir(to, &mode->routes[k]);

			if (heir) {
				route_inherit(heir, &mode->routes[k]);
			}
		}
	}
}

static bool same_ways(const struct catalog *catalog, struct mode *from, const struct mode *to)
{
	bool same = from->route_count == to->route_count;

	for (size_t i = 0; i < from->route_count && same; i++) {
		same = find_heir(catalog, &from->routes[i]) != NULL;
	}
	return same;
}

/* Jobs that no executor has begun stay where their mode stays as it was; others go back into the
 * queue, as they were checked against what the mode was. */
static void move_waiting(struct catalog *old, struct catalog *catalog)
{
	for (size_t i = 0; i < old->mode_count; i++) {
		struct mode *from = old->modes[i];
		struct mode *to = catalog_find_mode(catalog, from->name);
		struct job *job;

		if (from->waiting.count == 0 || !to || !same_ways(catalog, from, to) ||
			from->config->timeout_ms != to->config->timeout_ms) {
			continue;
		}
		while ((job = job_list_first(&from->waiting))) {
			job_list_remove(&from->waiting, job);
			job->mode = mode_hold(to);
			job_list_push(&to->waiting, job);
			mode_release(from);
		}
	}
}

static void put_in_force(struct supervisor *sup, struct catalog *catalog)
{
	struct catalog *old = sup->catalog;
	const struct config *config = catalog->config;
	const struct queue_policy policy = catalog_queue_policy(catalog);

	behind_take_back(sup);
	move_waiting(old, catalog);
	dispatch_return_waiting(sup);
	inherit(old, catalog);
	sup->catalog = catalog;
	for (unsigned i = 0; i < sup->place_count; i++) {
		struct place *place = &sup->places[i];
		struct route *from = place->route;
		struct route *to = from ? find_heir(catalog, from) : NULL;

		if (to) {
			move_place(place, to);
		} else if (from) {
			slot_drain(&place->slot);
		}
	}
	log_init(config->worker.log_level, config->worker.log_format);
	queue_set_policy(sup->queue, &policy);
	catalog_release(old);
	place_warm_up(sup);
	watch_follow(sup);
	claimer_wake(sup);
	sup->last_registration_ms = 0;
	lease_beat(sup);
}

static void finish_all(struct supervisor *sup, struct catalog *catalog)
{
	struct buf names = {0};

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

static void on_loaded(const struct config_problems *problems, void *arg)
{
	struct supervisor *sup = arg;
	struct catalog *catalog = sup->next_catalog;
	enum reload what = sup->reloading;

	sup->loading = NULL;
	sup->next_catalog = NULL;
	sup->reloading = RELOAD_NONE;
	if (sup->phase != PHASE_SERVING) {
		catalog_release(catalog);
		return;
	}
	watch_scanned(sup, registry_is_unsettled(catalog->registry));
	if (what == RELOAD_PLUGINS && registry_same(sup->catalog->registry, catalog->registry)) {
		catalog_release(catalog);
	} else {
		load_report(sup->catalog, catalog, problems);
		if (what == RELOAD_ALL) {
			finish_all(sup, catalog);
		} else {
			put_in_force(sup, catalog);
			log_info("plugins read again", LOG_I("modes", catalog->mode_count));
		}
	}
	reload_go_on(sup);
}

static struct config *load_config(struct supervisor *sup)
{
	struct config_problems problems = {0};
	struct config *config = NULL;

	if (config_load(sup->config_path, sup->flags, &problems, &config) < 0) {
		for (size_t i = 0; i < problems.count; i++) {
			log_error(problems.texts[i]);
		}
		log_error("reload refused: the configuration is wrong, the running one stays");
	}
	config_problems_finish(&problems);
	return config;
}

static void begin_load(struct supervisor *sup, struct config *config)
{
	enum registry_scan how = sup->reloading == RELOAD_ALL ? SCAN_ALL : SCAN_SETTLED;

	sup->next_catalog = catalog_create(config);
	if (sup->next_catalog &&
		load_begin(sup->loop, sup->executor, sup->catalog, sup->next_catalog, how,
			on_loaded, sup, &sup->loading) == 0) {
		return;
	}
	catalog_release(sup->next_catalog);
	sup->next_catalog = NULL;
	log_error("reload refused: out of memory");
	watch_scanned(sup, false);
	if (sup->reloading == RELOAD_ALL) {
		manager_ready(sup);
	}
	sup->reloading = RELOAD_NONE;
}

void reload_begin(struct supervisor *sup, enum reload what)
{
	struct config *config;

	if (sup->phase > PHASE_SERVING) {
		return;
	}
	if (sup->phase < PHASE_SERVING || sup->loading) {
		sup->reload_wanted = what > sup->reload_wanted ? what : sup->reload_wanted;
		return;
	}
	if (what == RELOAD_ALL) {
		manager_reloading(sup);
		config = load_config(sup);
		if (!config) {
			manager_ready(sup);
			return;
		}
	} else {
		config = config_share(sup->catalog->config);
	}
	sup->reloading = what;
	begin_load(sup, config);
}

void reload_go_on(struct supervisor *sup)
{
	enum reload what = sup->reload_wanted;

	sup->reload_wanted = RELOAD_NONE;
	if (what != RELOAD_NONE) {
		reload_begin(sup, what);
	}
}

void reload_release(struct supervisor *sup, const char *plugin_id)
{
	struct registry *registry = sup->catalog->registry;

	for (size_t i = 0; i < registry_count(registry); i++) {
		struct plugin_file *file = registry_at(registry, i);
		struct plugin_version *version = plugin_file_serving(file);

		if (version && version->quarantined &&
			strcmp(version->descriptor->id, plugin_id) == 0) {
			log_info("plugin released from quarantine", LOG_S("plugin", plugin_id),
				LOG_S("file", file->path));
			version_absolve(version);
			reload_begin(sup, RELOAD_PLUGINS);
		}
	}
}
