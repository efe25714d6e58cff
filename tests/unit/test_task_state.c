#include "task/state.h"

#include <errno.h>

#include "lib/test.h"

static void test_final_states_only_end_by_people(void **state)
{
	(void)state;
	for (int from = 0; from < TASK_STATUS_COUNT; from++) {
		for (int event = 0; event < TASK_EVENT_COUNT; event++) {
			int to = task_state_next((enum task_status)from, (enum task_event)event);

			if (from == TASK_GONE) {
				assert_int_equal(to, TASK_REFUSED);
			} else if (task_status_is_final((enum task_status)from)) {
				assert_true(to == TASK_REFUSED || event == TASK_EVENT_DELETE ||
					(from == TASK_FAILED && event == TASK_EVENT_RETRY));
			}
		}
	}
	assert_int_equal(task_state_next(TASK_PENDING, TASK_EVENT_CLAIM), TASK_PROCESSING);
	assert_int_equal(task_state_next(TASK_PENDING, TASK_EVENT_SUCCEED), TASK_REFUSED);
	assert_int_equal(task_state_next(TASK_PROCESSING, TASK_EVENT_CLAIM), TASK_REFUSED);
	assert_int_equal(task_state_next(TASK_PROCESSING, TASK_EVENT_GIVE_BACK), TASK_PENDING);
}

static void test_names(void **state)
{
	enum task_status status = TASK_DONE;

	(void)state;
	for (int i = 0; i < TASK_GONE; i++) {
		assert_int_equal(
			task_status_parse(task_status_name((enum task_status)i), &status), 0);
		assert_int_equal(status, i);
	}
	assert_int_equal(task_status_parse("gone", &status), -EINVAL);
	assert_int_equal(task_status_parse("", &status), -EINVAL);
	assert_int_equal(task_status_parse(NULL, &status), -EINVAL);
	for (int i = 0; i < TASK_EVENT_COUNT; i++) {
		assert_non_null(task_event_name((enum task_event)i));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_final_states_only_end_by_people),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
