#include "base/ident.h"

#include <string.h>

#include "base/clock.h"
#include "lib/test.h"

static bool task_id(const char *text)
{
	return ident_is_task_id(text, strlen(text));
}

static bool image_id(const char *text)
{
	return ident_is_image_id(text, strlen(text));
}

static void test_ids(void **state)
{
	char text[140];

	(void)state;
	assert_true(task_id("task_20261117_abcdefghij"));
	assert_true(task_id("a"));
	assert_true(task_id("..."));
	assert_true(task_id("A.b-c_9"));
	assert_false(task_id(""));
	assert_false(task_id("."));
	assert_false(task_id(".."));
	assert_true(task_id(".a"));
	assert_true(task_id("a."));
	assert_false(task_id("a/b"));
	assert_false(task_id("a b"));
	assert_false(task_id("a\n"));
	assert_false(task_id("{a}"));
	assert_false(task_id("\xc3\xa4"));
	assert_false(ident_is_task_id("a\0b", 3));
	assert_true(image_id("img_20261117_abcdefghij"));
	assert_true(image_id("-"));
	assert_false(image_id("a.png"));
	assert_false(image_id("../a"));
	assert_false(image_id(""));
	memset(text, 'x', sizeof(text));
	assert_true(ident_is_task_id(text, 128));
	assert_false(ident_is_task_id(text, 129));
	assert_true(ident_is_image_id(text, 128));
	assert_false(ident_is_image_id(text, 129));
}

static void test_names(void **state)
{
	(void)state;
	assert_true(ident_is_mode("HEAD_SWAP", 9));
	assert_true(ident_is_mode("A1", 2));
	assert_false(ident_is_mode("A", 1));
	assert_false(ident_is_mode("1A", 2));
	assert_false(ident_is_mode("Head", 4));
	assert_false(ident_is_mode("A-B", 3));
	assert_true(ident_is_name("source", 6));
	assert_true(ident_is_name("a-b_1", 5));
	assert_false(ident_is_name("", 0));
	assert_false(ident_is_name("Source", 6));
	assert_false(ident_is_name("1a", 2));
}

static int64_t some_day(void)
{
	return 1795910400000000; /* 2026-11-29 */
}

static void test_made_ids(void **state)
{
	int64_t (*clock)(void) = clock_wall_us;
	char first[IDENT_ID_SIZE];
	char second[IDENT_ID_SIZE];

	(void)state;
	clock_wall_us = some_day;
	ident_make("task", first);
	ident_make("img", second);
	clock_wall_us = clock;
	assert_memory_equal(first, "task_20261129_", 14);
	assert_memory_equal(second, "img_20261129_", 13);
	assert_int_equal(strlen(first), 14 + 12);
	assert_int_equal(strspn(first + 14, "abcdefghijklmnopqrstuvwxyz0123456789"), 12);
	assert_true(image_id(second));
	assert_string_not_equal(first + 14, second + 13);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_made_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
