#include "daemon/health.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/log.h"
#include "daemon/catalog.h"
#include "daemon/claimer.h"
#include "daemon/dispatch.h"
#include "daemon/place.h"
#include "daemon/route.h"
#include "daemon/supervisor.h"
#include "formy/plugin.h"
#include "task/outcome.h"
#include "wire/msg.h"

#define CHECK_MS 20000   /* plugin.h promises this to check() */
#define OVERDUE_MS 10000 /* a check that waits so long for a free executor gets one made free */

static bool is_due(struct route *route, uint64_t now)
{
	if (route->check || !route->engine || !route->wanted) {
		return false;
	}
	return route->health == ROUTE_UNKNOWN || now >= route->next_check_ms;
}

static int send_check(struct supervisor *sup, struct place *place, struct route *route)
{
	struct msg_job msg = {
		.task_id = "check",
		.attempt = 1,
		.time_ms = CHECK_MS,
		.config = "{}",
		.roles = "",
		.check = 1,
	};
	struct job *check = calloc(1, sizeof(*check));

	if (!check) {
		return -ENOMEM;
	}
	check->check = true;
	check->state = JOB_RUNNING;
	check->started_us = clock_mono_us();
	if (slot_run(&place->slot, check, &msg, NULL, 0, CHECK_MS, &sup->room) < 0) {
		free(check);
		return -EBUSY;
	}
	check->mode = mode_hold(route->mode);
	check->route = route;
	route->check = check;
	return 0;
}

static struct place *find_place(struct supervisor *sup, const struct route *route)
{
	for (unsigned i = 0; i < sup->place_count; i++) {
		if (sup->places[i].route == route && place_is_idle(&sup->places[i])) {
			return &sup->places[i];
		}
	}
	return NULL;
}

static bool is_coming(const struct supervisor *sup, const struct route *route)
{
	for (unsigned i = 0; i < sup->place_count; i++) {
		const struct place *place = &sup->places[i];

		if (place->slot.state == SLOT_DRAINING ||
			(place->route == route && place->slot.state == SLOT_STARTING)) {
			return true;
		}
	}
	return false;
}

/* All places have work: the next to end its task makes room. */
static void make_room(struct supervisor *sup)
{
	for (unsigned i = 0; i < sup->place_count; i++) {
		struct slot *slot = &sup->places[i].slot;

		if (slot->drain_after) {
			return;
		}
	}
	for (unsigned i = 0; i < sup->place_count; i++) {
		if (sup->places[i].slot.state == SLOT_RUNNING) {
			slot_drain(&sup->places[i].slot);
			return;
		}
	}
}

/* An engine that is up is looked at again only where that disturbs nobody. */
static void check(struct supervisor *sup, struct route *route, uint64_t now)
{
	struct place *place = find_place(sup, route);

	if (place) {
		(void)send_check(sup, place, route);
		return;
	}
	if (route->health == ROUTE_UP || is_coming(sup, route) ||
		route->mode->blocked_until_ms > now) {
		return;
	}
	place = place_find_dead(sup);
	if (place) {
		(void)place_start(sup, place, route);
		return;
	}
	place = dispatch_find_unused(sup);
	if (place) {
		slot_drain(&place->slot);
	} else if (now >= route->next_check_ms + OVERDUE_MS &&
		now >= route->since_ms + OVERDUE_MS) {
		make_room(sup);
	}
}

void health_turn(struct supervisor *sup)
{
	struct catalog *catalog = sup->catalog;
	uint64_t now = clock_mono_ms();

	if (sup->phase != PHASE_SERVING || !catalog) {
		return;
	}
	for (size_t i = 0; i < catalog->mode_count; i++) {
		struct mode *mode = catalog->modes[i];

		for (size_t k = 0; k < mode->route_count; k++) {
			struct route *route = &mode->routes[k];

			if (!is_due(route, now)) {
				continue;
			}
			if (route->has_check) {
				check(sup, route, now);
			} else if (route->health == ROUTE_DOWN) {
				/* nothing but a task can tell */
				route_set_up(route);
				claimer_wake(sup);
			}
		}
	}
}

static void keep_report(struct route *route, const char *report)
{
	struct json_object *value = NULL;

	route->report[0] = '\0';
	if (report && strlen(report) <= LIMIT_ENGINE_REPORT &&
		json_parse(report, strlen(report), LIMIT_ENGINE_REPORT, NULL, &value) == 0) {
		if (json_object_is_type(value, json_type_object)) {
			(void)text_copy(route->report, sizeof(route->report), report);
		}
		json_object_put(value);
	}
}

void health_checked(struct supervisor *sup, struct job *check, const struct msg_outcome *answer)
{
	struct route *route = check->route;
	struct outcome outcome = {.status = FORMY_E_UNREACHABLE};

	route->check = NULL;
	route->checks++;
	route->checked_ms = clock_mono_ms();
	if (answer) {
		keep_report(route, answer->metadata);
		outcome.status = (int32_t)answer->status;
		outcome.code = answer->code;
		outcome.message = answer->message;
	} else {
		outcome.message = "Its check ended its process, or did not end in time.";
	}
	if (answer && answer->status == FORMY_OK) {
		route_set_up(route);
		claimer_wake(sup);
	} else if (sup->phase == PHASE_SERVING && route->mode->catalog == sup->catalog) {
		route_set_down(route, outcome_code(&outcome), outcome_message(&outcome));
		health_return_stranded(sup);
	}
	sup->last_registration_ms = 0;
	job_destroy(check);
}

void health_down(struct supervisor *sup, const char *engine, const char *code, const char *reason)
{
	for (size_t i = 0; i < sup->catalog->mode_count; i++) {
		struct route *route = route_find(sup->catalog->modes[i], engine);

		if (route) {
			route_set_down(route, code, reason);
		}
	}
	sup->last_registration_ms = 0;
	health_return_stranded(sup);
}

void health_return_stranded(struct supervisor *sup)
{
	for (size_t i = 0; i < sup->catalog->mode_count; i++) {
		struct mode *mode = sup->catalog->modes[i];
		struct job *job = mode->waiting.count > 0 ? mode->waiting.ends.prev : NULL;

		/* each goes to the front: the last one first keeps their order */
		while (job && job != &mode->waiting.ends) {
			struct job *before = job->prev;

			dispatch_strand(sup, job);
			job = before;
		}
	}
}

int health_places(struct supervisor *sup, const struct route *route)
{
	const char *name = route_engine_name(route);
	struct engine_places *places;

	if (!name) {
		return -1;
	}
	for (size_t i = 0; i < sup->engine_places_count; i++) {
		if (strcmp(sup->engine_places[i].name, name) == 0) {
			return sup->engine_places[i].fd;
		}
	}
	places = realloc(sup->engine_places, (sup->engine_places_count + 1) * sizeof(*places));
	if (!places) {
		return -1;
	}
	sup->engine_places = places;
	places = &places[sup->engine_places_count];
	(void)text_copy(places->name, sizeof(places->name), name);
	places->fd = memfd_create("formy-places", MFD_CLOEXEC);
	if (places->fd >= 0) {
		sup->engine_places_count++;
	}
	return places->fd;
}

void health_finish(struct supervisor *sup)
{
	while (sup->engine_places_count > 0) {
		fs_close(sup->engine_places[--sup->engine_places_count].fd);
	}
	free(sup->engine_places);
	sup->engine_places = NULL;
}
