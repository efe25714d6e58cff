#include "lib/test.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "cli/args.h"
#include "cli/task_config.h"

/* formy submit M s and these words. */
static int make(char **words, struct err *err, struct json_object **ret_config)
{
	char *argv[16] = {(char *)"formy", (char *)"submit", (char *)"M", (char *)"s"};
	struct args args;
	int argc = 4;
	int result;

	for (; *words; words++) {
		argv[argc++] = *words;
	}
	assert_int_equal(args_parse(&args, argc, argv, err), 0);
	result = task_config_make(&args, err, ret_config);
	args_finish(&args);
	return result;
}

static void assert_config(char **words, const char *expected)
{
	struct json_object *config = NULL;
	struct err err = {{0}};

	if (make(words, &err, &config) < 0) {
		fail_msg("%s", err.text);
	}
	assert_string_equal(json_text(config), expected);
	json_object_put(config);
}

#define ASSERT_CONFIG(expected, ...) assert_config((char *[]){__VA_ARGS__, NULL}, (expected))

static void test_values_keep_their_type(void **state)
{
	(void)state;
	ASSERT_CONFIG("{\"a\":true,\"b\":0.8,\"c\":-3}", "--set", "a=true", "--set", "b=0.8",
		"--set", "c=-3");
	ASSERT_CONFIG("{\"a\":[1,[2]],\"b\":{\"x\":null}}", "--set", "a=[1,[2]]", "--set",
		"b={\"x\":null}");
	ASSERT_CONFIG("{\"a\":\"remove\",\"b\":\"#ff0000\",\"c\":\"\",\"d\":\"x=y\"}", "--set",
		"a=remove", "--set", "b=#ff0000", "--set", "c=", "--set", "d=x=y");
	ASSERT_CONFIG("{\"a\":\"true\",\"b\":\"True\",\"c\":\"012\"}", "--set", "a=\"true\"",
		"--set", "b=True", "--set", "c=012");
}

static void test_later_ones_win(void **state)
{
	(void)state;
	ASSERT_CONFIG("{\"a\":2,\"b\":1}", "--config", "{\"a\":1,\"b\":1}", "--set", "a=2");
	ASSERT_CONFIG("{\"a\":1}", "--set", "a=2", "--config", "{\"a\":1}");
}

static void assert_refused(char **words, const char *sentence)
{
	struct json_object *config = NULL;
	struct err err = {{0}};

	assert_int_equal(make(words, &err, &config), -EINVAL);
	assert_null(config);
	if (!strstr(err.text, sentence)) {
		fail_msg("\"%s\", not \"%s\"", err.text, sentence);
	}
}

static void test_what_is_no_config_is_refused(void **state)
{
	(void)state;
	assert_refused((char *[]){(char *)"--set", (char *)"edge_blur", NULL}, "NAME=VALUE");
	assert_refused((char *[]){(char *)"--set", (char *)"=1", NULL}, "NAME=VALUE");
	assert_refused((char *[]){(char *)"--config", (char *)"{", NULL}, "--config: not JSON");
	assert_refused((char *[]){(char *)"--config", (char *)"[1]", NULL}, "must be an object");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_keep_their_type),
		cmocka_unit_test(test_later_ones_win),
		cmocka_unit_test(test_what_is_no_config_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
