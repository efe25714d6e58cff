#include "lib/test.h"

#include <string.h>

#include "base/buf.h"
#include "cli/text.h"

static void assert_safe(const char *text, const char *expected)
{
	struct buf out = {0};

	text_add_safe(&out, text);
	assert_string_equal(buf_cstr(&out), expected);
	buf_finish(&out);
}

static void test_what_acts_on_a_terminal_is_escaped(void **state)
{
	(void)state;
	assert_safe("plain", "plain");
	assert_safe(NULL, "");
	assert_safe("a\nb\tc", "a\\nb\\tc");
	assert_safe("\x1b[31mred", "\\x1b[31mred");
	assert_safe("\xc2\x9b"
		    "31m",
		"\\u009b31m");
	assert_safe("\xe2\x80\xae"
		    "gpj.exe",
		"\\u202egpj.exe");
	assert_safe("caf\xc3\xa9 \xe4\xba\xba", "caf\xc3\xa9 \xe4\xba\xba");
}

static void test_bytes_that_are_no_utf8_are_escaped(void **state)
{
	(void)state;
	assert_safe("a\xff", "a\\xff");
	assert_safe("\xc3", "\\xc3");
	assert_safe("\xc0\x80", "\\xc0\\x80");
	assert_safe("\xed\xa0\x80", "\\xed\\xa0\\x80");
	assert_safe("\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80");
}

static void test_json_stays_json(void **state)
{
	struct buf out = {0};

	(void)state;
	text_add_safe_json(&out, "{\"a\": \"\xc2\x9b\x7f\xff\xe2\x80\xae\xf3\xa0\x81\xa1\"}\n");
	assert_string_equal(
		buf_cstr(&out), "{\"a\": \"\\u009b\\u007f\\ufffd\\u202e\\udb40\\udc61\"}\n");
	buf_finish(&out);
}

static void test_width_counts_columns(void **state)
{
	(void)state;
	assert_int_equal(text_width("abc", 3), 3);
	assert_int_equal(text_width("\xc3\xa9", 2), 1);
	assert_int_equal(text_width("\xe4\xba\xba", 3), 2);
	assert_int_equal(text_width("e\xcc\x81", 3), 1);
}

static void assert_cut(const char *text, size_t columns, const char *expected)
{
	struct buf out = {0};

	text_add_cut(&out, text, columns);
	assert_string_equal(buf_cstr(&out), expected);
	buf_finish(&out);
}

static void test_cut_keeps_characters_whole(void **state)
{
	(void)state;
	assert_cut("finding", 7, "finding");
	assert_cut("finding", 6, "fin...");
	assert_cut("\xe4\xba\xba\xe4\xba\xba\xe4\xba\xba", 5, "\xe4\xba\xba...");
	assert_cut("\xe4\xba\xba\xe4\xba\xba\xe4\xba\xba", 4, "...");
	assert_cut("abc", 2, "..");
}

static void assert_duration(double seconds, const char *expected)
{
	struct buf out = {0};

	text_duration(&out, seconds);
	assert_string_equal(buf_cstr(&out), expected);
	buf_finish(&out);
}

static void test_durations_and_times(void **state)
{
	char text[CLOCK_TEXT_SIZE];

	(void)state;
	assert_duration(0.44, "0.4 s");
	assert_duration(59, "59 s");
	assert_duration(185, "3 min 05 s");
	assert_duration(7800, "2 h 10 min");
	assert_duration(86400 * 3, "3 days");
	assert_duration(-1, "0.0 s");
	text_time(0, text);
	assert_string_equal(text, "-");
	text_time(1000000, text);
	assert_string_equal(text, "1970-01-01T00:00:01.000Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_acts_on_a_terminal_is_escaped),
		cmocka_unit_test(test_bytes_that_are_no_utf8_are_escaped),
		cmocka_unit_test(test_json_stays_json),
		cmocka_unit_test(test_width_counts_columns),
		cmocka_unit_test(test_cut_keeps_characters_whole),
		cmocka_unit_test(test_durations_and_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
