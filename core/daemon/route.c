#include "daemon/route.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "daemon/catalog.h"
#include "daemon/job.h"
#include "daemon/memo.h"
#include "plugin/descriptor.h"
#include "plugin/registry.h"

#define CHECK_FIRST_MS 1000 /* after it went down; doubled with each failed check */
#define CHECK_MOST_MS 60000
#define CHECK_IDLE_MS 30000 /* while it is up */
#define TRY_AGAIN_MS 10000  /* a busy engine gets a task in so long, at least */

void route_init(struct route *route, struct mode *mode, const struct config_engine *engine,
	const struct plugin_file *engine_plugin)
{
	const struct descriptor_engine *description =
		engine ? descriptor_find_engine(engine_plugin->descriptor, engine->type) : NULL;

	*route = (struct route){
		.mode = mode,
		.engine = engine,
		.engine_plugin = engine_plugin,
		.has_check = description && description->has_check,
		.whole_config = description && description->whole_config,
		.since_ms = clock_mono_ms(),
	};
	route->health = route->has_check ? ROUTE_UNKNOWN : ROUTE_UP;
}

void route_inherit(struct route *to, const struct route *from)
{
	to->wanted = to->wanted || from->wanted;
	to->health = from->health;
	to->since_ms = from->since_ms;
	memcpy(to->code, from->code, sizeof(to->code));
	memcpy(to->reason, from->reason, sizeof(to->reason));
	memcpy(to->report, from->report, sizeof(to->report));
	to->next_check_ms = from->next_check_ms;
	to->checked_ms = from->checked_ms;
	to->checks = from->checks;
	to->failures = from->failures;
	to->busy_since_ms = from->busy_since_ms;
	to->try_again_ms = from->try_again_ms;
}

const char *route_engine_name(const struct route *route)
{
	return route->engine ? route->engine->name : NULL;
}

const char *route_health_name(const struct route *route)
{
	if (route->health == ROUTE_UP) {
		return route->busy_since_ms > 0 ? "busy" : "up";
	}
	return route->health == ROUTE_DOWN ? "down" : "unknown";
}

struct route *route_find(struct mode *mode, const char *engine)
{
	for (size_t i = 0; i < mode->route_count; i++) {
		const char *name = route_engine_name(&mode->routes[i]);

		if (name && engine && strcmp(name, engine) == 0) {
			return &mode->routes[i];
		}
	}
	return NULL;
}

static bool is_ready(struct route *route)
{
	route->wanted = true;
	return route->health == ROUTE_UP;
}

/* It refuses for capacity for so long that another may do its work; now and then it gets a task
 * all the same, to hear whether it still does. */
static bool is_busy_too_long(const struct route *route)
{
	uint64_t now = clock_mono_ms();

	return route->busy_since_ms > 0 &&
		now - route->busy_since_ms >= (uint64_t)route->mode->config->fallback_after_ms &&
		now < route->try_again_ms;
}

static struct route *choose_default(struct mode *mode)
{
	struct route *first = &mode->routes[0];
	bool ready = is_ready(first);

	if (ready && !is_busy_too_long(first)) {
		return first;
	}
	/* what is not yet known is known soon, and is no reason to go elsewhere */
	if (mode->fallback && first->health != ROUTE_UNKNOWN && is_ready(mode->fallback)) {
		return mode->fallback;
	}
	return ready ? first : NULL;
}

/* The one way that the job can go: by the engine whose memo it brings, which knows what became of it,
 * or by the one that it chose. *ret_only is NULL when that is none of the mode's. False: any. */
static bool find_only(struct mode *mode, const struct job *job, struct route **ret_only)
{
	char engine[LIMIT_ENGINE_NAME + 1];

	if (memo_engine(job, engine)) {
		*ret_only = route_find(mode, engine);
		return true;
	}
	if (job->engine_wanted[0] != '\0') {
		*ret_only = route_find(mode, job->engine_wanted);
		return true;
	}
	return false;
}

bool route_is_orphan(struct mode *mode, const struct job *job)
{
	char engine[LIMIT_ENGINE_NAME + 1];

	return memo_engine(job, engine) && !route_find(mode, engine);
}

bool route_is_awaited(struct mode *mode, const struct job *job)
{
	struct route *route = &mode->routes[0];

	return (!find_only(mode, job, &route) || route) && route->health == ROUTE_UNKNOWN;
}

struct route *route_choose(struct mode *mode, const struct job *job)
{
	struct route *only = NULL;

	if (find_only(mode, job, &only)) {
		return only && is_ready(only) ? only : NULL;
	}
	return choose_default(mode);
}

bool route_mode_is_open(struct mode *mode)
{
	return choose_default(mode) != NULL;
}

unsigned route_count_waiting(struct route *route)
{
	struct mode *mode = route->mode;
	const struct job *job = job_list_first(&mode->waiting);
	unsigned count = 0;

	if (mode->route_count == 1) {
		return route->health == ROUTE_UP ? (unsigned)mode->waiting.count : 0;
	}
	for (; job; job = job_list_next(&mode->waiting, job)) {
		count += route_choose(mode, job) == route;
	}
	return count;
}

void route_set_up(struct route *route)
{
	uint64_t now = clock_mono_ms();

	if (route->health != ROUTE_UP) {
		log_info(route->health == ROUTE_DOWN ? "engine is up again" : "engine is up",
			LOG_S("engine", route_engine_name(route)), LOG_S("mode", route->mode->name),
			LOG_I("after_ms", (int64_t)(now - route->since_ms)));
		route->since_ms = now;
	}
	route->health = ROUTE_UP;
	route->failures = 0;
	route->next_check_ms = now + CHECK_IDLE_MS;
}

/* What no waiting helps against. */
static bool needs_a_person(const char *code)
{
	return strcmp(code, "ENGINE_AUTH_FAILED") == 0 ||
		strcmp(code, "INSUFFICIENT_CREDITS") == 0 ||
		strcmp(code, "PIPELINE_CONFIG_ERROR") == 0 ||
		strcmp(code, "COMFYUI_WORKFLOW_ERROR") == 0;
}

void route_set_down(struct route *route, const char *code, const char *reason)
{
	uint64_t now = clock_mono_ms();
	uint64_t pause = CHECK_FIRST_MS;
	bool news = route->health != ROUTE_DOWN || strcmp(route->reason, reason) != 0;

	for (unsigned i = 0; i < route->failures && pause < CHECK_MOST_MS; i++) {
		pause *= 2;
	}
	pause = pause < CHECK_MOST_MS ? pause : CHECK_MOST_MS;
	if (route->health != ROUTE_DOWN) {
		route->since_ms = now;
	}
	route->health = ROUTE_DOWN;
	route->failures++;
	route->next_check_ms = now + pause;
	(void)text_copy(route->code, sizeof(route->code), code);
	(void)text_copy(route->reason, sizeof(route->reason), reason);
	if (news) {
		log_at(needs_a_person(code) ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING,
			needs_a_person(code)
				? "engine is down and stays so until somebody puts it right; its "
				  "tasks wait"
				: "engine is down; its tasks wait",
			LOG_S("engine", route_engine_name(route)), LOG_S("mode", route->mode->name),
			LOG_S("code", code), LOG_S("why", reason),
			LOG_I("check_in_ms", (int64_t)pause));
	}
}

void route_note_busy(struct route *route)
{
	uint64_t now = clock_mono_ms();
	uint64_t pause = (uint64_t)route->mode->config->fallback_after_ms;

	if (route->busy_since_ms == 0) {
		route->busy_since_ms = now;
	}
	route->try_again_ms = now + (pause > TRY_AGAIN_MS ? pause : TRY_AGAIN_MS);
}

void route_note_answer(struct route *route)
{
	route->busy_since_ms = 0;
}
