#include "base/buf.h"

#include <errno.h>
#include <string.h>

#include "lib/test.h"

static void test_empty_is_ready(void **state)
{
	struct buf buf = {0};

	(void)state;
	assert_string_equal(buf_cstr(&buf), "");
	buf_add(&buf, NULL, 0);
	buf_add_text(&buf, "");
	assert_int_equal(buf.len, 0);
	assert_false(buf_failed(&buf));
	buf_finish(&buf);
	buf_finish(&buf);
	buf_finish(NULL);
}

static void test_appends_at_every_length(void **state)
{
	struct buf buf = {0};

	(void)state;
	for (size_t i = 0; i < 300; i++) {
		buf_add_char(&buf, (char)('a' + i % 26));
		assert_int_equal(strlen(buf_cstr(&buf)), i + 1);
	}
	for (size_t i = 0; i < 300; i++) {
		assert_int_equal(buf.data[i], 'a' + (int)(i % 26));
	}
	buf_finish(&buf);
}

static void test_numbers(void **state)
{
	static const struct {
		int64_t number;
		const char *text;
	} cases[] = {
		{0, "0"},
		{7, "7"},
		{10, "10"},
		{-1, "-1"},
		{1795000000000, "1795000000000"},
		{INT64_MAX, "9223372036854775807"},
		{INT64_MIN, "-9223372036854775808"},
	};
	struct buf buf = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[TEXT_NUMBER_SIZE];

		assert_int_equal(text_number(text, cases[i].number), strlen(cases[i].text));
		assert_string_equal(text, cases[i].text);
		buf_clear(&buf);
		buf_add_number(&buf, cases[i].number);
		assert_string_equal(buf_cstr(&buf), cases[i].text);
	}
	buf_finish(&buf);
}

static void test_printf_at_the_edge(void **state)
{
	(void)state;
	for (int width = 55; width < 70; width++) {
		struct buf buf = {0};

		buf_printf(&buf, "%*d", width, 7);
		assert_int_equal(buf.len, (size_t)width);
		assert_int_equal(buf.data[width - 1], '7');
		assert_int_equal(buf_cstr(&buf)[width], '\0');
		buf_finish(&buf);
	}
}

static void test_failure_lasts_until_cleared(void **state)
{
	struct buf buf = {0};

	(void)state;
	buf_add_text(&buf, "kept");
	assert_int_equal(buf_reserve(&buf, SIZE_MAX - 2), -ENOMEM);
	assert_true(buf_failed(&buf));
	buf_add_text(&buf, "dropped");
	buf_printf(&buf, "%d", 1);
	assert_int_equal(buf.len, 4);
	assert_null(buf_cstr(&buf));
	buf_clear(&buf);
	buf_add_text(&buf, "again");
	assert_string_equal(buf_cstr(&buf), "again");
	buf_finish(&buf);
}

static void test_views(void **state)
{
	struct str nothing = str_of(NULL);

	(void)state;
	assert_true(str_eq(nothing, ""));
	assert_false(str_eq(nothing, "a"));
	assert_true(str_eq(STR("word"), "word"));
	assert_false(str_eq(STR("word"), "words"));
	assert_false(str_eq(STR("words"), "word"));
	assert_true(str_eq(str_of("abc"), "abc"));
}

static void test_text_copy(void **state)
{
	char small[4];

	(void)state;
	assert_true(text_copy(small, sizeof(small), "abc"));
	assert_string_equal(small, "abc");
	assert_false(text_copy(small, sizeof(small), "wxyz"));
	assert_string_equal(small, "wxy");
	/* a character of several bytes is never cut in its middle */
	assert_false(text_copy(small, sizeof(small), "ab\xc3\xa9"));
	assert_string_equal(small, "ab");
	assert_false(text_copy(small, sizeof(small), "\xe2\x82\xac\xe2\x82\xac"));
	assert_string_equal(small, "\xe2\x82\xac");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_is_ready),
		cmocka_unit_test(test_appends_at_every_length),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_printf_at_the_edge),
		cmocka_unit_test(test_failure_lasts_until_cleared),
		cmocka_unit_test(test_views),
		cmocka_unit_test(test_text_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
