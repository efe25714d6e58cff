#include "task/args.h"

#include <string.h>

#include "lib/test.h"

static void assert_argument(const struct args *args, size_t index, const char *text)
{
	assert_true(index < args->count);
	assert_int_equal(args->list[index].len, strlen(text));
	assert_memory_equal(args->list[index].data, text, strlen(text));
}

static void test_texts_and_numbers(void **state)
{
	struct args args;

	(void)state;
	assert_int_equal(args_init(&args, 4), 0);
	args_add_text(&args, "a b");
	args_add_text(&args, NULL);
	args_add_number(&args, -17);
	args_add_number(&args, INT64_MAX);
	/* there is no room for it */
	args_add_number(&args, 1);
	assert_int_equal(args.count, 4);
	assert_argument(&args, 0, "a b");
	assert_argument(&args, 1, "");
	assert_argument(&args, 2, "-17");
	assert_argument(&args, 3, "9223372036854775807");
	args_finish(&args);
}

static void test_seconds(void **state)
{
	static const struct {
		uint64_t us;
		const char *text;
	} cases[] = {
		{0, "0.000000"},
		{123, "0.000123"},
		{999999, "0.999999"},
		{1000000, "1.000000"},
		{61000001, "61.000001"},
		/* years enough; what is more is cut, not written beyond its place */
		{UINT64_MAX, "446744073709.551615"},
	};
	struct args args;

	(void)state;
	assert_int_equal(args_init(&args, 6), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		args_add_seconds(&args, cases[i].us);
		assert_argument(&args, i, cases[i].text);
	}
	args_finish(&args);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts_and_numbers),
		cmocka_unit_test(test_seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
