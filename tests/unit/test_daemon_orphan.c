/* Since when a task is nobody's, and what a memo says of its engine. */
#include "daemon/orphan.h"

#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "daemon/catalog.h"
#include "daemon/memo.h"
#include "lib/test.h"

#define GAP 1000

static void tasks_are_remembered(void **state)
{
	struct orphans orphans = {0};

	(void)state;
	assert_int_equal(orphans_meet(&orphans, "a", 100, GAP), 100);
	assert_int_equal(orphans_meet(&orphans, "b", 200, GAP), 200);
	assert_int_equal(orphans_meet(&orphans, "a", 900, GAP), 100);
	assert_int_equal(orphans_meet(&orphans, "a", 1900, GAP), 100);
	/* it was somebody's meanwhile, and is met anew */
	assert_int_equal(orphans_meet(&orphans, "b", 1900, GAP), 1900);
	orphans_forget(&orphans, "a");
	orphans_forget(&orphans, "never met");
	assert_int_equal(orphans_meet(&orphans, "a", 2000, GAP), 2000);
	assert_int_equal(orphans_meet(&orphans, "b", 2100, GAP), 1900);
}

static void the_least_recent_makes_room(void **state)
{
	struct orphans orphans = {0};
	char id[LIMIT_TASK_ID + 1];

	(void)state;
	for (unsigned i = 0; i < ORPHANS; i++) {
		(void)snprintf(id, sizeof(id), "task-%u", i);
		assert_int_equal(orphans_meet(&orphans, id, 100 + i, GAP), 100 + i);
	}
	assert_int_equal(orphans_meet(&orphans, "task-0", 300, GAP), 100);
	assert_int_equal(orphans_meet(&orphans, "one more", 301, GAP), 301);
	assert_int_equal(orphans_meet(&orphans, "task-0", 302, GAP), 100);
	assert_int_equal(orphans_meet(&orphans, "task-2", 303, GAP), 102);
	assert_int_equal(orphans_meet(&orphans, "task-1", 304, GAP), 304);
	/* the longest id there is */
	memset(id, 'x', LIMIT_TASK_ID);
	id[LIMIT_TASK_ID] = '\0';
	assert_int_equal(orphans_meet(&orphans, id, 400, GAP), 400);
	assert_int_equal(orphans_meet(&orphans, id, 500, GAP), 400);
}

static void memos_name_their_engine(void **state)
{
	struct config_engine comfy = {.name = (char *)"comfy"};
	struct config_engine com = {.name = (char *)"com"};
	struct route route = {.engine = &comfy};
	struct job job = {.route = &route};
	char engine[LIMIT_ENGINE_NAME + 1];
	char endless[LIMIT_ENGINE_NAME + 4];

	(void)state;
	assert_false(memo_engine(&job, engine));
	assert_null(memo_text(&job));
	job.memo = (char *)"comfy 7c9e http://gpu1";
	assert_true(memo_engine(&job, engine));
	assert_string_equal(engine, "comfy");
	assert_string_equal(memo_text(&job), "7c9e http://gpu1");
	/* another engine cannot read it */
	route.engine = &com;
	assert_null(memo_text(&job));
	route.engine = NULL;
	assert_null(memo_text(&job));
	job.route = NULL;
	assert_null(memo_text(&job));
	/* what somebody else may have written there */
	job.route = &route;
	route.engine = &comfy;
	job.memo = (char *)"comfy";
	assert_null(memo_text(&job));
	job.memo = (char *)"";
	assert_false(memo_engine(&job, engine));
	job.memo = (char *)" text";
	assert_false(memo_engine(&job, engine));
	memset(endless, 'e', sizeof(endless) - 1);
	endless[sizeof(endless) - 1] = '\0';
	job.memo = endless;
	assert_false(memo_engine(&job, engine));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tasks_are_remembered),
		cmocka_unit_test(the_least_recent_makes_room),
		cmocka_unit_test(memos_name_their_engine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
