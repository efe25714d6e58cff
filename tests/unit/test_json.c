#include "base/json.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "lib/test.h"

static int parse(const char *text, struct json_object **ret_value)
{
	return json_parse(text, strlen(text), 4096, NULL, ret_value);
}

static void test_takes_json(void **state)
{
	static const char *const texts[] = {"{}", " [1, 2.5, -3e2, true, false, null] ", "\"a\"",
		"0", "-0", "12", "null", "{\"a\":{\"a\":\"a:b\"},\"b\":[{\"a\":1}]}",
		"\"\\u00e4\\ud83d\\ude00\\n\"", "\"\xc3\xa4\"", "\"\\ud800\"",
		"{\"N\":\"NaN, 'I'\"}", "\t\r\n{}\n", "\"a\\\"b\"", "{\"a\\\"\":\":\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct json_object *value = NULL;

		if (parse(texts[i], &value) != 0) {
			fail_msg("refused: %s", texts[i]);
		}
		json_object_put(value);
	}
}

static void test_refuses_what_is_not(void **state)
{
	static const char *const texts[] = {"", " ", "{", "[1", "\"a", "nul", "tru", "TRUE",
		"{'a':1}", "[NaN]", "[Infinity]", "[-Infinity]", "[nan]", "[infinity]", "// a\n{}",
		"/* a */{}", "{}/* a */", "{} {}", "{}x", "1 2", "[1,]", "{\"a\":1,}", "[,1]",
		"[01]", "[-01]", "[+1]", "[1.]", "[.5]", "[1e]", "[-]", "[0x10]", "{a:1}",
		"{\"a\" 1}", "{\"a\":}", "\"\n\"", "\"\\x\"", "\"\\u12\"", "\"\xff\"", "\"\xc3\"",
		"\"a\\u0000b\"", "{\"a\":1,\"a\":2}", "[1e999]", "\f{}", "\v{}", "\xef\xbb\xbf{}"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct json_object *value = (void *)&texts;
		struct err err = {0};

		if (json_parse(texts[i], strlen(texts[i]), 4096, &err, &value) != -EINVAL ||
			value != (void *)&texts || err.text[0] == '\0') {
			print_error("taken: %s\n", texts[i]);
			fail();
		}
	}
}

static void test_limits(void **state)
{
	struct json_object *value = NULL;
	char deep[101];

	(void)state;
	assert_int_equal(json_parse("[1,2]", 5, 4, NULL, &value), -EFBIG);
	assert_int_equal(json_parse("[1]\0", 4, 9, NULL, &value), -EINVAL);
	memset(deep, '[', 50);
	memset(deep + 50, ']', 50);
	deep[100] = '\0';
	assert_int_equal(parse(deep, &value), -EINVAL);
	assert_int_equal(parse(deep + 30, &value), -EINVAL);
	deep[70] = '\0';
	assert_int_equal(parse(deep + 30, &value), 0);
	json_object_put(value);
}

static void test_getters(void **state)
{
	struct json_object *value = NULL;
	const char *text = "x";
	int64_t number = -7;
	double real = -7;
	bool flag = false;

	(void)state;
	assert_int_equal(parse("{\"s\":\"text\",\"i\":9007199254740993,\"d\":2.5,\"b\":true,"
			       "\"n\":null,\"big\":99999999999999999999}",
				 &value),
		0);
	assert_int_equal(json_get_string(value, "s", &text), 0);
	assert_string_equal(text, "text");
	assert_int_equal(json_get_int(value, "i", &number), 0);
	assert_true(number == 9007199254740993);
	assert_int_equal(json_get_double(value, "d", &real), 0);
	assert_true(real == 2.5);
	assert_int_equal(json_get_bool(value, "b", &flag), 0);
	assert_true(flag);
	/* null is absent, another type is an error, nothing is converted */
	assert_int_equal(json_get_string(value, "n", &text), -ENOENT);
	assert_int_equal(json_get_string(value, "none", &text), -ENOENT);
	assert_int_equal(json_get_string(value, "i", &text), -EINVAL);
	assert_int_equal(json_get_int(value, "d", &number), -EINVAL);
	assert_int_equal(json_get_int(value, "s", &number), -EINVAL);
	assert_int_equal(json_get_int(value, "big", &number), -EINVAL);
	assert_int_equal(json_get_bool(value, "i", &flag), -EINVAL);
	assert_int_equal(json_get_double(value, "s", &real), -EINVAL);
	assert_int_equal(json_get_double(value, "i", &real), 0);
	assert_string_equal(text, "text");
	assert_true(number == 9007199254740993);
	assert_null(json_member(NULL, "s"));
	assert_null(json_member(json_member(value, "s"), "s"));
	assert_string_equal(json_type_name(json_member(value, "d")), "a number");
	assert_string_equal(json_type_name(NULL), "null");
	json_object_put(value);
}

/* A number that is longer than any type is not made into another one. */
static void test_large_numbers(void **state)
{
	struct json_object *value = NULL;

	(void)state;
	assert_int_equal(parse("[99999999999999999999,-99999999999999999999]", &value), 0);
	assert_true(json_object_get_double(json_object_array_get_idx(value, 0)) == 1e20);
	assert_true(json_object_get_double(json_object_array_get_idx(value, 1)) == -1e20);
	json_object_put(value);
	assert_int_equal(
		parse("[9223372036854775808, 1.99999999999999999999, \"99999999999999999999\"]",
			&value),
		0);
	assert_string_equal(json_text(value),
		"[9223372036854775808e0,1.99999999999999999999,\"99999999999999999999\"]");
	json_object_put(value);
	assert_int_equal(parse("[9223372036854775807]", &value), 0);
	assert_string_equal(json_text(value), "[9223372036854775807]");
	json_object_put(value);
}

static void test_text(void **state)
{
	struct json_object *value = NULL;

	(void)state;
	assert_int_equal(parse("{ \"a/b\" : [ 1 , \"\xc3\xa4\" ] }", &value), 0);
	assert_string_equal(json_text(value), "{\"a/b\":[1,\"\xc3\xa4\"]}");
	json_object_put(value);
}

static void test_add_string(void **state)
{
	static const struct {
		const char *text;
		const char *want;
	} cases[] = {
		{"", "\"\""},
		{"plain", "\"plain\""},
		{"a\"b\\c", "\"a\\\"b\\\\c\""},
		{"a\nb\x7f", "\"a\\u000ab\\u007f\""},
		{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
			"\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""},
		{"a\xffz", "\"a\xef\xbf\xbdz\""},
		{"\xc3", "\"\xef\xbf\xbd\""},
		{"\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
		/* too long a form, half of a pair, beyond the last character */
		{"\xc0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
		{"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
		{"\xf5\x80\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct json_object *value = NULL;
		struct buf out = {0};

		json_add_string(&out, cases[i].text);
		assert_string_equal(buf_cstr(&out), cases[i].want);
		assert_int_equal(parse(buf_cstr(&out), &value), 0);
		json_object_put(value);
		buf_finish(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_takes_json),
		cmocka_unit_test(test_refuses_what_is_not),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_getters),
		cmocka_unit_test(test_large_numbers),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_add_string),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
