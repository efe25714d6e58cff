#include "config/value.h"

#include "base/buf.h"
#include "base/err.h"
#include "config/options.h"

#include <errno.h>
#include <string.h>

#include "lib/test.h"

static const struct {
	const char *section;
	const char *name;
	const char *text;
	int64_t value;
	const char *written; /* as it is printed */
} good[] = {
	{"tasks", "retry_delay", "0", 0, "0"},
	{"tasks", "retry_delay", "2", 2000, "2s"},
	{"tasks", "retry_delay", "250ms", 250, "250ms"},
	{"tasks", "retry_delay", "1500ms", 1500, "1500ms"},
	{"tasks", "retry_delay", "2 s", 2000, "2s"},
	{"tasks", "retry_delay", "90s", 90000, "90s"},
	{"tasks", "retry_delay", "5m", 300000, "5m"},
	{"tasks", "retry_delay", "5min", 300000, "5m"},
	{"tasks", "retry_delay", "1h", 3600000, "1h"},
	{"tasks", "retry_delay", "24h", 86400000, "1d"},
	{"storage", "max_upload_size", "1024", 1024, "1KiB"},
	{"storage", "max_upload_size", "1025B", 1025, "1025B"},
	{"storage", "max_upload_size", "10MiB", 10485760, "10MiB"},
	{"storage", "max_upload_size", "10 MB", 10000000, "10MB"},
	{"storage", "max_upload_size", "2GiB", INT64_C(2147483648), "2GiB"},
	{"redis", "port", "65535", 65535, "65535"},
	{"mode", "enabled", "yes", 1, "true"},
	{"mode", "enabled", "off", 0, "false"},
	{"worker", "log_level", "error", 3, "error"},
};

static const struct {
	const char *section;
	const char *name;
	const char *text;
} bad[] = {
	{"tasks", "retry_delay", ""},
	{"tasks", "retry_delay", "s"},
	{"tasks", "retry_delay", "-1s"},
	{"tasks", "retry_delay", "1.5s"},
	{"tasks", "retry_delay", "01s"},
	{"tasks", "retry_delay", "1 s "},
	{"tasks", "retry_delay", "2d"},
	{"tasks", "retry_delay", "9223372036854775807h"},
	{"tasks", "retry_delay", "99999999999999999999"},
	{"storage", "max_upload_size", "10mb"},
	{"storage", "max_upload_size", "3GiB"},
	{"redis", "port", "0x10"},
	{"redis", "port", "+1"},
	{"redis", "port", "--1"},
	{"redis", "port", "1s"},
	{"redis", "db", "-1"},
	{"mode", "enabled", "True"},
	{"worker", "log_level", ""},
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const struct option *option = option_find(good[i].section, good[i].name);
		struct buf written = {0};
		int64_t value = -1;

		assert_int_equal(value_parse(option, good[i].text, NULL, &value), 0);
		assert_int_equal(value, good[i].value);
		value_format(option, value, &written);
		assert_string_equal(buf_cstr(&written), good[i].written);
		buf_finish(&written);
	}
}

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct option *option = option_find(bad[i].section, bad[i].name);
		struct err err = {0};
		int64_t value = 77;

		assert_int_equal(value_parse(option, bad[i].text, &err, &value), -EINVAL);
		assert_int_equal(value, 77);
		assert_memory_equal(err.text, bad[i].name, strlen(bad[i].name));
	}
}

/* What is written with the default in the shipped file is what the default is. */
static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < option_count; i++) {
		const struct option *option = &options[i];

		assert_ptr_equal(option_find(option->section, option->name), option);
		assert_non_null(option->help);
		assert_true(option->type == OPTION_CHOICE || option->type == OPTION_BOOL ||
			option->type == OPTION_URL || option->max > 0);
	}
	assert_null(option_find("redis", "hots"));
	assert_null(option_find("hots", "redis"));
}

static void test_quotes(void **state)
{
	struct buf out = {0};

	(void)state;
	value_quote("a\"b\\c${d}\n\t\x01z", &out);
	assert_string_equal(buf_cstr(&out), "\"a\\\"b\\\\c\\${d}\\n\\x09\\x01z\"");
	buf_finish(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_quotes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
