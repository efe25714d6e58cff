/* Which way a job goes: by the mode's own engine, its fallback, one that it chose, or none yet. */
#include "daemon/route.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "daemon/catalog.h"
#include "lib/test.h"

#define FALLBACK_AFTER 30000

/* A mode with the engine "one", the fallback "two", and "three", which tasks may choose. */
struct ways {
	struct config_engine engines[3];
	struct config_mode config;
	struct mode mode;
	struct route *one, *two, *three;
	struct job job;
};

static void make(struct ways *ways)
{
	static const char *const names[] = {"one", "two", "three"};

	memset(ways, 0, sizeof(*ways));
	ways->config.fallback_after_ms = FALLBACK_AFTER;
	ways->mode.name = "MODE";
	ways->mode.config = &ways->config;
	ways->mode.route_count = 3;
	job_list_init(&ways->mode.waiting);
	for (size_t i = 0; i < 3; i++) {
		ways->engines[i].name = (char *)names[i];
		ways->mode.routes[i] = (struct route){
			.mode = &ways->mode, .engine = &ways->engines[i], .health = ROUTE_UP};
	}
	ways->one = &ways->mode.routes[0];
	ways->two = &ways->mode.routes[1];
	ways->three = &ways->mode.routes[2];
	ways->mode.fallback = ways->two;
}

static struct route *chosen(struct ways *ways)
{
	return route_choose(&ways->mode, &ways->job);
}

static void busy_since(struct route *route, uint64_t ago_ms)
{
	route_note_busy(route);
	route->busy_since_ms = clock_mono_ms() - ago_ms;
}

static void the_modes_own_engine_comes_first(void **state)
{
	struct ways ways;

	(void)state;
	make(&ways);
	assert_ptr_equal(chosen(&ways), ways.one);
	assert_true(route_mode_is_open(&ways.mode));
	assert_ptr_equal(route_find(&ways.mode, "two"), ways.two);
	assert_null(route_find(&ways.mode, "four"));
	assert_null(route_find(&ways.mode, NULL));
	assert_string_equal(route_health_name(ways.one), "up");
	/* nobody needed to know yet how the fallback does */
	assert_false(ways.two->wanted);
}

static void what_is_not_known_is_waited_for(void **state)
{
	struct ways ways;

	(void)state;
	make(&ways);
	ways.one->health = ROUTE_UNKNOWN;
	assert_null(chosen(&ways));
	assert_false(route_mode_is_open(&ways.mode));
	assert_true(route_is_awaited(&ways.mode, &ways.job));
	assert_true(ways.one->wanted);
	assert_string_equal(route_health_name(ways.one), "unknown");
	/* it is down, and the fallback is not known */
	ways.one->health = ROUTE_DOWN;
	ways.two->health = ROUTE_UNKNOWN;
	assert_null(chosen(&ways));
	assert_true(ways.two->wanted);
	assert_false(route_is_awaited(&ways.mode, &ways.job));
}

static void the_fallback_works_while_the_engine_is_down(void **state)
{
	struct ways ways;

	(void)state;
	make(&ways);
	route_set_down(ways.one, "ENGINE_CONNECTION_FAILED", "Nobody answers.");
	assert_ptr_equal(chosen(&ways), ways.two);
	assert_true(route_mode_is_open(&ways.mode));
	assert_string_equal(route_health_name(ways.one), "down");
	route_set_down(ways.two, "ENGINE_AUTH_FAILED", "The key is refused.");
	assert_null(chosen(&ways));
	assert_false(route_mode_is_open(&ways.mode));
	/* "three" is there to be chosen, and not for trouble */
	route_set_up(ways.one);
	assert_ptr_equal(chosen(&ways), ways.one);
	ways.mode.fallback = NULL;
	route_set_down(ways.one, "ENGINE_CONNECTION_FAILED", "Nobody answers.");
	route_set_up(ways.two);
	assert_null(chosen(&ways));
}

static void the_fallback_works_when_there_is_no_room_for_long(void **state)
{
	struct ways ways;

	(void)state;
	make(&ways);
	busy_since(ways.one, FALLBACK_AFTER - 5000);
	assert_ptr_equal(chosen(&ways), ways.one);
	assert_string_equal(route_health_name(ways.one), "busy");
	busy_since(ways.one, FALLBACK_AFTER + 1);
	assert_ptr_equal(chosen(&ways), ways.two);
	/* now and then it gets one all the same, to hear whether it still has none */
	ways.one->try_again_ms = clock_mono_ms();
	assert_ptr_equal(chosen(&ways), ways.one);
	busy_since(ways.one, FALLBACK_AFTER + 1);
	assert_ptr_equal(chosen(&ways), ways.two);
	/* where nobody else can do it, it goes on as before */
	ways.two->health = ROUTE_DOWN;
	assert_ptr_equal(chosen(&ways), ways.one);
	ways.two->health = ROUTE_UP;
	ways.mode.fallback = NULL;
	assert_ptr_equal(chosen(&ways), ways.one);
	ways.mode.fallback = ways.two;
	route_note_answer(ways.one);
	assert_ptr_equal(chosen(&ways), ways.one);
	assert_string_equal(route_health_name(ways.one), "up");
	/* the first refusal is when it began */
	route_note_busy(ways.one);
	ways.one->busy_since_ms -= 1000;
	route_note_busy(ways.one);
	assert_true(clock_mono_ms() - ways.one->busy_since_ms >= 1000);
}

static void what_was_submitted_stays_where_it_is(void **state)
{
	struct ways ways;

	(void)state;
	make(&ways);
	ways.job.memo = (char *)"one job-1";
	assert_ptr_equal(chosen(&ways), ways.one);
	ways.one->health = ROUTE_DOWN;
	assert_null(chosen(&ways));
	assert_false(route_is_awaited(&ways.mode, &ways.job));
	assert_false(route_is_orphan(&ways.mode, &ways.job));
	ways.one->health = ROUTE_UNKNOWN;
	assert_true(route_is_awaited(&ways.mode, &ways.job));
	ways.one->health = ROUTE_UP;
	busy_since(ways.one, FALLBACK_AFTER + 1);
	assert_ptr_equal(chosen(&ways), ways.one);
	/* the memo counts more than what the task chose */
	(void)strcpy(ways.job.engine_wanted, "three");
	assert_ptr_equal(chosen(&ways), ways.one);
	/* by the fallback, too */
	ways.job.memo = (char *)"two job-1";
	assert_ptr_equal(chosen(&ways), ways.two);
	/* an engine that the mode has not: nobody runs it */
	ways.job.memo = (char *)"four job-1";
	assert_null(chosen(&ways));
	assert_true(route_is_orphan(&ways.mode, &ways.job));
	ways.one->health = ROUTE_UNKNOWN;
	assert_false(route_is_awaited(&ways.mode, &ways.job));
	ways.job.memo = NULL;
	assert_false(route_is_orphan(&ways.mode, &ways.job));
}

static void a_task_chooses_its_engine(void **state)
{
	struct ways ways;

	(void)state;
	make(&ways);
	(void)strcpy(ways.job.engine_wanted, "three");
	assert_ptr_equal(chosen(&ways), ways.three);
	ways.three->health = ROUTE_DOWN;
	assert_null(chosen(&ways));
	ways.three->health = ROUTE_UNKNOWN;
	assert_null(chosen(&ways));
	assert_true(route_is_awaited(&ways.mode, &ways.job));
	/* which keeps nobody else from being claimed */
	assert_true(route_mode_is_open(&ways.mode));
}

static void jobs_wait_for_their_own_way(void **state)
{
	struct ways ways;
	struct job jobs[4];

	(void)state;
	make(&ways);
	memset(jobs, 0, sizeof(jobs));
	jobs[1].memo = (char *)"two job-1";
	(void)strcpy(jobs[2].engine_wanted, "three");
	for (size_t i = 0; i < 4; i++) {
		job_list_push(&ways.mode.waiting, &jobs[i]);
	}
	assert_int_equal(route_count_waiting(ways.one), 2);
	assert_int_equal(route_count_waiting(ways.two), 1);
	assert_int_equal(route_count_waiting(ways.three), 1);
	ways.one->health = ROUTE_DOWN;
	assert_int_equal(route_count_waiting(ways.one), 0);
	assert_int_equal(route_count_waiting(ways.two), 3);
	ways.mode.route_count = 1;
	assert_int_equal(route_count_waiting(ways.one), 0);
	ways.one->health = ROUTE_UP;
	assert_int_equal(route_count_waiting(ways.one), 4);
}

/* 1 s, 2 s, 4 s ... 60 s, and from the beginning once it was up. */
static void checks_become_rarer(void **state)
{
	static const unsigned seconds[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
	struct ways ways;

	(void)state;
	make(&ways);
	for (int round = 0; round < 2; round++) {
		uint64_t since = 0;

		for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
			uint64_t now = clock_mono_ms();
			uint64_t in_ms;

			route_set_down(ways.one, "ENGINE_CONNECTION_FAILED", "Nobody answers.");
			in_ms = ways.one->next_check_ms - now;
			assert_in_range(in_ms, seconds[i] * 1000, seconds[i] * 1000 + 500);
			/* it is down since it went down, and not since the last look */
			since = since ? since : ways.one->since_ms;
			assert_int_equal(ways.one->since_ms, since);
		}
		assert_int_equal(ways.one->failures, 9);
		route_set_up(ways.one);
		assert_int_equal(ways.one->failures, 0);
		assert_true(ways.one->next_check_ms > clock_mono_ms());
		/* why it was down stays known */
		assert_string_equal(ways.one->reason, "Nobody answers.");
	}
}

static void a_reload_forgets_nothing(void **state)
{
	struct ways before;
	struct ways after;

	(void)state;
	make(&before);
	make(&after);
	route_set_down(before.one, "ENGINE_AUTH_FAILED", "The key is refused.");
	route_set_down(before.one, "ENGINE_AUTH_FAILED", "The key is refused.");
	busy_since(before.two, FALLBACK_AFTER + 1);
	before.one->checks = 7;
	before.one->checked_ms = 5;
	after.one->health = ROUTE_UNKNOWN;
	route_inherit(after.one, before.one);
	route_inherit(after.two, before.two);
	assert_string_equal(route_health_name(after.one), "down");
	assert_string_equal(after.one->reason, "The key is refused.");
	assert_string_equal(after.one->code, "ENGINE_AUTH_FAILED");
	assert_int_equal(after.one->failures, 2);
	assert_int_equal(after.one->checks, 7);
	assert_int_equal(after.one->checked_ms, 5);
	assert_int_equal(after.one->next_check_ms, before.one->next_check_ms);
	assert_int_equal(after.one->since_ms, before.one->since_ms);
	assert_string_equal(route_health_name(after.two), "busy");
	assert_ptr_equal(after.one->mode, &after.mode);
}

static int setup(void **state)
{
	(void)state;
	log_init(LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_modes_own_engine_comes_first),
		cmocka_unit_test(what_is_not_known_is_waited_for),
		cmocka_unit_test(the_fallback_works_while_the_engine_is_down),
		cmocka_unit_test(the_fallback_works_when_there_is_no_room_for_long),
		cmocka_unit_test(what_was_submitted_stays_where_it_is),
		cmocka_unit_test(a_task_chooses_its_engine),
		cmocka_unit_test(jobs_wait_for_their_own_way),
		cmocka_unit_test(checks_become_rarer),
		cmocka_unit_test(a_reload_forgets_nothing),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
