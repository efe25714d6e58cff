/* The parts of the engines' HTTP library that need no server. */
#include "lib/test.h"

#include <json-c/json.h>
#include <string.h>

#include "http/fault.h"
#include "http/path.h"
#include "http/picture.h"
#include "http/redact.h"
#include "http/setting.h"
#include "http/template.h"

static void test_path(void **state)
{
	struct json_object *root = json_tokener_parse(
		"{\"data\":[{\"url\":\"a\"},{\"n\":7}],\"ok\":true,\"no\":null}");

	(void)state;
	assert_string_equal(path_text(root, "data.0.url"), "a");
	assert_string_equal(path_text(root, "data[1].n"), "7");
	assert_string_equal(path_text(root, "ok"), "true");
	assert_ptr_equal(path_find(root, ""), root);
	assert_null(path_find(root, "data.2"));
	assert_null(path_find(root, "data.x"));
	assert_null(path_find(root, "no"));
	assert_null(path_text(root, "data"));
	json_object_put(root);
}

static struct json_object *find(const char *name, void *arg)
{
	struct json_object *values = arg;

	return json_object_get(json_object_object_get(values, name));
}

static void test_template(void **state)
{
	struct json_object *values = json_tokener_parse("{\"a\":\"x \\\"y\\\"\",\"n\":3}");
	struct json_object *body = json_tokener_parse(
		"{\"p\":\"say {a}\",\"n\":\"{n}\",\"gone\":\"{none}\",\"l\":[\"{none}\",\"{a}\"]}");
	struct buf out = {0};
	struct err err = {""};

	(void)state;
	assert_int_equal(
		template_text("{a}/{n} {not one}", TEMPLATE_PLAIN, find, values, &err, &out), 0);
	assert_string_equal(buf_cstr(&out), "x \"y\"/3 {not one}");
	buf_clear(&out);
	assert_int_equal(template_text("/{a}", TEMPLATE_URL, find, values, &err, &out), 0);
	assert_string_equal(buf_cstr(&out), "/x%20%22y%22");
	assert_true(template_text("{none}", TEMPLATE_PLAIN, find, values, &err, &out) < 0);
	assert_non_null(strstr(err.text, "{none}"));
	assert_int_equal(template_json(body, find, values, &err), 0);
	assert_string_equal(json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN),
		"{\"p\":\"say x \\\"y\\\"\",\"n\":3,\"l\":[\"x \\\"y\\\"\"]}");
	buf_finish(&out);
	json_object_put(body);
	json_object_put(values);
}

static void test_base64(void **state)
{
	struct buf text = {0};
	struct buf bytes = {0};

	(void)state;
	for (size_t len = 0; len < 9; len++) {
		buf_clear(&text);
		buf_clear(&bytes);
		picture_encode("\0\xff\xfe"
			       "abcdef",
			len, &text);
		assert_int_equal(text.len, (len + 2) / 3 * 4);
		assert_int_equal(picture_decode(text.data, text.len, &bytes), 0);
		assert_int_equal(bytes.len, len);
		assert_memory_equal(bytes.data ? bytes.data : "",
			"\0\xff\xfe"
			"abcdef",
			len);
	}
	assert_true(picture_decode("ab*d", 4, &bytes) < 0);
	assert_string_equal(picture_of_data_url("data:image/png;base64,AAAA"), "AAAA");
	assert_null(picture_of_data_url("https://host/data:image/png;base64,AAAA"));
	assert_null(picture_type("GIF89a......", 12));
	buf_finish(&text);
	buf_finish(&bytes);
}

static void test_setting(void **state)
{
	static const char *const bad[] = {"{\"headers\": [\"no colon\"]}", "{\"headers\": 7}",
		"{\"headers\": [\"a: {api_key}\"]}", "{\"poll_timeout\": 0}", "{\"proxy\": false}",
		"{\"headers\": [\"a: b\\r\\nc: d\"]}"};
	struct http_setting setting = {0};
	struct err err = {""};
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_true(setting_read(&setting, bad[i], &err) < 0);
		setting_finish(&setting);
	}
	assert_int_equal(
		setting_read(&setting,
			"{\"api_key\": \"sk-123456\", \"headers\": [\"Authorization: Bearer "
			"{api_key}\", \"X-Pass: other-secret\"]}",
			&err),
		0);
	assert_string_equal(setting.headers[0], "Authorization: Bearer sk-123456");
	redact(&setting, "key sk-123456 and other-secret of Bearer", text, sizeof(text));
	assert_string_equal(text, "key *** and *** of Bearer");
	setting_finish(&setting);
}

static void test_url(void **state)
{
	static const char *const bad[] = {"ftp://host", "file:///etc/passwd", "host:8188",
		"http://user:secret@host", "http://", "http://host/#x"};
	struct buf out = {0};
	struct err err = {""};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_true(setting_url("urls", bad[i], &err, &out) < 0);
		assert_null(strstr(err.text, "secret"));
	}
	assert_int_equal(setting_url("urls", "https://host:1/comfy//", &err, &out), 0);
	assert_string_equal(buf_cstr(&out), "https://host:1/comfy");
	buf_finish(&out);
}

static void test_faults(void **state)
{
	static const struct {
		long status;
		enum fault fault;
	} cases[] = {{200, FAULT_NONE}, {302, FAULT_REQUEST}, {400, FAULT_REQUEST},
		{401, FAULT_AUTH}, {402, FAULT_MONEY}, {403, FAULT_AUTH}, {404, FAULT_REQUEST},
		{429, FAULT_CAPACITY}, {500, FAULT_SERVER}, {502, FAULT_UNKNOWN},
		{503, FAULT_CAPACITY}, {504, FAULT_UNKNOWN}};
	struct http_answer answer = {.end = HTTP_ANSWERED, .should_retry = -1};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		answer.status = cases[i].status;
		assert_int_equal(fault_of(&answer), cases[i].fault);
	}
	answer.end = HTTP_NOT_SENT;
	assert_int_equal(fault_of(&answer), FAULT_NOT_SENT);
	answer.end = HTTP_UNKNOWN;
	assert_int_equal(fault_of(&answer), FAULT_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_path),
		cmocka_unit_test(test_template), cmocka_unit_test(test_base64),
		cmocka_unit_test(test_setting), cmocka_unit_test(test_url),
		cmocka_unit_test(test_faults)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
