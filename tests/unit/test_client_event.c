#include "lib/test.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "client/event.h"

static int parse(const char *text, struct json_object **ret_events)
{
	return event_parse(text, strlen(text), ret_events);
}

static void test_a_message_is_an_array_of_events(void **state)
{
	struct json_object *events = NULL;
	formy_event event;

	(void)state;
	assert_int_equal(
		parse("[{\"task_id\":\"t1\",\"status\":\"processing\",\"at\":"
		      "\"2026-11-17T10:00:00.123456Z\",\"progress\":40,"
		      "\"current_step\":\"x\"},{\"task_id\":\"t2\",\"status\":\"deleted\"}]",
			&events),
		0);
	assert_int_equal(event_read(json_object_array_get_idx(events, 0), &event), 0);
	assert_string_equal(event.task_id, "t1");
	assert_int_equal(event.status, FORMY_TASK_PROCESSING);
	assert_int_equal(event.progress, 40);
	assert_string_equal(event.current_step, "x");
	assert_int_equal(event.time_us, 1794909600123456);
	assert_false(event.is_state);
	assert_int_equal(event_read(json_object_array_get_idx(events, 1), &event), 0);
	assert_int_equal(event.status, FORMY_TASK_DELETED);
	assert_int_equal(event.progress, -1);
	assert_null(event.current_step);
	assert_int_equal(event.time_us, 0);
	assert_string_equal(event.json, "{\"task_id\":\"t2\",\"status\":\"deleted\"}");
	json_object_put(events);
}

static void test_anything_else_is_refused(void **state)
{
	struct json_object *events = NULL;
	formy_event event;

	(void)state;
	assert_int_equal(parse("{}", &events), -EPROTO);
	assert_int_equal(parse("", &events), -EPROTO);
	assert_int_equal(parse("[1", &events), -EPROTO);
	assert_null(events);
	assert_int_equal(
		parse("[1,{\"task_id\":5,\"status\":\"done\"},{\"task_id\":\"a\"}]", &events), 0);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(event_read(json_object_array_get_idx(events, i), &event), -EPROTO);
	}
	json_object_put(events);
}

static void test_a_state_reads_back(void **state)
{
	const formy_task_info task = {
		.id = "t1",
		.status = FORMY_TASK_DONE,
		.progress = 100,
		.mode = "ECHO",
		.user = "u1",
		.updated_us = 1794909600123000,
	};
	struct json_object *json = event_of_state(&task);
	formy_event event;

	(void)state;
	assert_non_null(json);
	assert_int_equal(event_read(json, &event), 0);
	assert_true(event.is_state);
	assert_int_equal(event.status, FORMY_TASK_DONE);
	assert_int_equal(event.progress, 100);
	assert_string_equal(event.mode, "ECHO");
	assert_string_equal(event.user, "u1");
	assert_null(event.worker);
	assert_int_equal(event.time_us, task.updated_us);
	json_object_put(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_message_is_an_array_of_events),
		cmocka_unit_test(test_anything_else_is_refused),
		cmocka_unit_test(test_a_state_reads_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
