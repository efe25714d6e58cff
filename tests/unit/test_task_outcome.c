#include "task/outcome.h"

#include <formy/plugin.h>
#include <json-c/json.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "lib/test.h"

static void test_every_status_has_a_code(void **state)
{
	(void)state;
	for (int32_t status = -500; status <= 10; status++) {
		struct outcome outcome = {.status = status};

		assert_true(outcome_is_code(outcome_code(&outcome)));
		assert_true(strlen(outcome_message(&outcome)) > 10);
		assert_int_equal(outcome_is_passing(status), status <= -200 && status > -300);
	}
	for (unsigned i = 0; outcome_code_at(i); i++) {
		assert_true(outcome_is_code(outcome_code_at(i)));
	}
	assert_false(outcome_is_code("NO_SUCH_CODE"));
	assert_false(outcome_is_code(NULL));
}

static void test_plugins_code_counts_when_it_is_one(void **state)
{
	struct outcome known = {.status = FORMY_E_INPUT, .code = "NO_FACE_DETECTED"};
	struct outcome made_up = {.status = FORMY_E_INPUT, .code = "MY_OWN"};

	(void)state;
	assert_string_equal(outcome_code(&known), "NO_FACE_DETECTED");
	assert_string_equal(outcome_code(&made_up), "INVALID_SOURCE_IMAGE");
}

static struct json_object *error_of(const struct outcome *outcome)
{
	struct buf out = {0};
	struct json_object *error = NULL;

	outcome_add_error(&out, outcome);
	assert_false(buf_failed(&out));
	assert_int_equal(json_parse(out.data, out.len, 100000, NULL, &error), 0);
	buf_finish(&out);
	return error;
}

static void test_error_is_json_whatever_comes(void **state)
{
	char words[3000];
	struct json_object *context = json_object_new_object();
	struct outcome outcome = {.status = FORMY_E_ENGINE,
		.message = "a \"quote\", a \xff byte and a \xe2\x82 half character",
		.details = words,
		.context = context};
	struct json_object *error;
	const char *text;

	(void)state;
	(void)json_object_object_add(context, "limit", json_object_new_int(3));
	for (size_t i = 0; i + 2 < sizeof(words); i += 2) {
		memcpy(words + i, "\xc3\xa9", 2);
	}
	words[sizeof(words) - 2] = words[sizeof(words) - 1] = '\0';
	error = error_of(&outcome);
	assert_int_equal(json_get_string(error, "message", &text), 0);
	assert_non_null(strstr(text, "a \"quote\", a ? byte"));
	assert_int_equal(json_get_string(error, "details", &text), 0);
	assert_int_equal(strlen(text), LIMIT_ERROR_DETAILS);
	assert_non_null(json_member(json_member(error, "context"), "limit"));
	json_object_put(error);

	outcome = (struct outcome){.status = FORMY_E_INTERNAL};
	error = error_of(&outcome);
	assert_null(json_member(error, "details"));
	assert_true(json_object_object_get_ex(error, "details", NULL));
	assert_false(json_object_object_get_ex(error, "context", NULL));
	json_object_put(error);
	json_object_put(context);
}

static void test_delay_doubles_with_jitter(void **state)
{
	(void)state;
	for (uint32_t chance = 0; chance < 5000; chance += 7) {
		assert_in_range(outcome_retry_delay_ms(2000, 1, chance), 1500, 2500);
		assert_in_range(outcome_retry_delay_ms(2000, 3, chance), 6000, 10000);
		assert_in_range(
			outcome_retry_delay_ms(2000, 4000000000U, chance), 2700000, 4500000);
	}
	assert_int_equal(outcome_retry_delay_ms(0, 5, 77), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_status_has_a_code),
		cmocka_unit_test(test_plugins_code_counts_when_it_is_one),
		cmocka_unit_test(test_error_is_json_whatever_comes),
		cmocka_unit_test(test_delay_doubles_with_jitter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
