#include "task/task.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "lib/test.h"

#define FIELD(name, value)                                                                         \
	{                                                                                          \
		{(name), sizeof(name) - 1},                                                        \
		{                                                                                  \
			(value), sizeof(value) - 1                                                 \
		}                                                                                  \
	}

static void test_no_hash(void **state)
{
	struct task task;

	(void)state;
	assert_int_equal(task_decode("t", NULL, 0, &task), 0);
	assert_int_equal(task.status, TASK_GONE);
	assert_string_equal(task.id, "t");
	task_finish(&task);
	task_finish(&task);
}

static void test_fields_and_json(void **state)
{
	const struct task_field fields[] = {
		FIELD("status", "done"),
		FIELD("data", "{\"mode\":\"A1\",\"user_id\":\"u\",\"more\":[1]}"),
		FIELD("progress", "100"),
		FIELD("created_at", "2026-11-17T10:00:00.123456"),
		FIELD("completed_at", "2026-11-17T12:00:01+02:00"),
		FIELD("result", "{\"output_image\":\"/results/t.png\"}"),
		FIELD("error", "not JSON"),
		FIELD("attempts", "2"),
		FIELD("processing_time", "1.25"),
		FIELD("priority", "high"),
		FIELD("unknown", "kept out"),
	};
	struct json_object *value;
	struct task task;
	const char *text;

	(void)state;
	assert_int_equal(task_decode("t", fields, sizeof(fields) / sizeof(fields[0]), &task), 0);
	assert_int_equal(task.status, TASK_DONE);
	assert_int_equal(task.completed_us - task.created_us, 876544);
	assert_int_equal(task.started_us == TASK_NO_TIME, 1);
	assert_int_equal(task_to_json(&task, &value), 0);
	assert_int_equal(json_get_string(value, "created_at", &text), 0);
	assert_string_equal(text, "2026-11-17T10:00:00.123Z");
	assert_int_equal(json_get_string(value, "mode", &text), 0);
	assert_string_equal(text, "A1");
	assert_int_equal(json_get_string(value, "error", &text), 0);
	assert_int_equal(json_get_string(json_member(value, "result"), "output_image", &text), 0);
	assert_false(json_object_object_get_ex(value, "started_at", NULL));
	assert_non_null(strstr(json_text(value), "\"processing_time\":1.250000"));
	json_object_put(value);
	task_finish(&task);
}

static void test_odd_values_count_as_absent(void **state)
{
	const struct task_field fields[] = {
		FIELD("status", "weird"),
		FIELD("progress", "101"),
		FIELD("attempts", "-3"),
		FIELD("processing_time", "nan"),
		FIELD("created_at", "yesterday"),
		FIELD("result", ""),
		FIELD("priority", "urgent"),
	};
	struct task task;

	(void)state;
	assert_int_equal(task_decode("t", fields, sizeof(fields) / sizeof(fields[0]), &task), 0);
	assert_int_equal(task.status, TASK_PENDING);
	assert_int_equal(task.progress, -1);
	assert_int_equal(task.attempts, 0);
	assert_true(task.processing_time < 0);
	assert_true(task.created_us == TASK_NO_TIME);
	assert_null(task.result);
	assert_int_equal(task.priority, TASK_NORMAL);
	task_finish(&task);
}

static void assert_refused(const char *data, const char *expected, const char *words)
{
	struct task_request request;
	const char *code = "none";
	struct err err;

	assert_int_equal(task_request_parse(data, strlen(data), &err, &code, &request), -EINVAL);
	assert_string_equal(code, expected);
	assert_non_null(strstr(err.text, words));
}

static void test_request(void **state)
{
	static const char data[] = "{\"mode\":\"A1\",\"source_image\":\"img\","
				   "\"reference_image\":null,\"user_id\":7,\"other\":{}}";
	struct task_request request;
	const char *code;

	(void)state;
	assert_int_equal(task_request_parse(data, strlen(data), NULL, &code, &request), 0);
	assert_string_equal(request.mode, "A1");
	assert_string_equal(request.source_image, "img");
	assert_null(request.reference_image);
	assert_string_equal(request.user_id, "7");
	assert_int_equal(json_object_object_length(request.config), 0);
	task_request_finish(&request);
	task_request_finish(&request);

	assert_refused("", "INVALID_REQUEST", "cannot be read");
	assert_refused("[1]", "INVALID_REQUEST", "an array");
	assert_refused("{}", "MISSING_REQUIRED_PARAM", "\"mode\"");
	assert_refused("{\"mode\":3}", "INVALID_MODE", "\"mode\"");
	assert_refused("{\"mode\":\"a b\"}", "INVALID_MODE", "BACKGROUND_CHANGE");
	assert_refused("{\"mode\":\"A1\",\"config\":[]}", "INVALID_CONFIG", "\"config\"");
	assert_refused("{\"mode\":\"A1\",\"source_image\":{}}", "INVALID_REQUEST", "source_image");
	assert_refused("{\"mode\":\"A1\",\"user_id\":[]}", "INVALID_REQUEST", "user_id");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_hash),
		cmocka_unit_test(test_fields_and_json),
		cmocka_unit_test(test_odd_values_count_as_absent),
		cmocka_unit_test(test_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
