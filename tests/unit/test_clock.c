#include "base/clock.h"

#include <errno.h>
#include <stddef.h>

#include "lib/test.h"

static const int64_t moment = 1794909600123456; /* 2026-11-17T10:00:00.123456Z */

static void test_format(void **state)
{
	char text[CLOCK_TEXT_SIZE];

	(void)state;
	clock_format(moment, text);
	assert_string_equal(text, "2026-11-17T10:00:00.123456");
	clock_format_z(moment, text);
	assert_string_equal(text, "2026-11-17T10:00:00.123Z");
	clock_format(0, text);
	assert_string_equal(text, "1970-01-01T00:00:00.000000");
	clock_format(-1, text);
	assert_string_equal(text, "1969-12-31T23:59:59.999999");
	/* nonsense is a time all the same, and fits */
	clock_format(INT64_MAX, text);
	assert_string_equal(text + 4, "-01-01T00:00:00.775807");
}

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		int64_t want_us;
	} cases[] = {
		{"2026-11-17T10:00:00.123456", moment},
		{"2026-11-17T10:00:00.123456Z", moment},
		{"2026-11-17T10:00:00.123456+00:00", moment},
		{"2026-11-17T12:30:00.123456+02:30", moment},
		{"2026-11-17T07:30:00.123456-0230", moment},
		{"2026-11-17 11:00:00.123456+01", moment},
		{"2026-11-17T10:00:00", moment - 123456},
		{"2026-11-17T10:00:00.1234567890", moment},
		{"2026-11-17T10:00:00.1", moment - 23456},
		{"2024-02-29T00:00:00", 1709164800000000},
		{"2026-12-31T23:59:60", 1798761600000000},
		{"1970-01-01T00:00:00Z", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t have_us = -7;

		if (clock_parse(cases[i].text, &have_us) != 0 || have_us != cases[i].want_us) {
			fail_msg("%s: %lld", cases[i].text, (long long)have_us);
		}
	}
}

static void test_parse_refuses(void **state)
{
	static const char *const texts[] = {"", "2026", "2026-11-17", "2026-11-17T10:00",
		"2026-13-17T10:00:00", "2026-00-17T10:00:00", "2026-02-30T10:00:00",
		"2026-02-29T10:00:00", "2026-11-17T24:00:00", "2026-11-17T10:60:00",
		"2026-11-17T10:00:61", "2026-11-17T10:00:00.", "2026-11-17T10:00:00.Z",
		"2026-11-17T10:00:00x", "2026-11-17T10:00:00Zx", "2026-11-17T10:00:00+1",
		"2026-11-17T10:00:00+01:", "2026-11-17T10:00:00+01:6", "2026-11-17T10:00:00+24:00",
		" 2026-11-17T10:00:00", "+026-11-17T10:00:00", "now"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		int64_t have_us = -7;

		if (clock_parse(texts[i], &have_us) != -EINVAL || have_us != -7) {
			fail_msg("taken: %s", texts[i]);
		}
	}
}

static void test_clocks_run(void **state)
{
	uint64_t mono_ms = clock_mono_ms();

	(void)state;
	assert_true(clock_mono_ms() >= mono_ms);
	assert_true(clock_wall_us() > 1600000000000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_clocks_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
