#include "lib/test.h"

#include <errno.h>
#include <string.h>

#include "client/task_info.h"
#include "task/task.h"

#define FIELD(n, v)                                                                                \
	{                                                                                          \
		{(n), sizeof(n) - 1},                                                              \
		{                                                                                  \
			(v), sizeof(v) - 1                                                         \
		}                                                                                  \
	}

static formy_task_info *make(const struct task_field *fields, size_t count)
{
	formy_task_info *info = NULL;
	struct task task;

	assert_int_equal(task_decode("t1", fields, count, &task), 0);
	assert_int_equal(task_info_make(&task, &info), 0);
	return info;
}

static void test_a_done_task(void **state)
{
	static const struct task_field fields[] = {
		FIELD("status", "done"),
		FIELD("progress", "100"),
		FIELD("data", "{\"mode\":\"ECHO\",\"source_image\":\"s\",\"user_id\":\"u\"}"),
		FIELD("result",
			"{\"output_image\":\"/results/t1_output.png\",\"comparison_image\":null,"
			"\"metadata\":{\"width\":640,\"height\":480,\"size\":1000,"
			"\"format\":\"png\"}}"),
		FIELD("created_at", "2026-11-17T10:00:00"),
		FIELD("processing_time", "1.25"),
		FIELD("attempts", "2"),
	};
	formy_task_info *info = make(fields, sizeof(fields) / sizeof(fields[0]));

	(void)state;
	assert_string_equal(info->id, "t1");
	assert_int_equal(info->status, FORMY_TASK_DONE);
	assert_int_equal(info->progress, 100);
	assert_string_equal(info->mode, "ECHO");
	assert_string_equal(info->source_image, "s");
	assert_null(info->reference_image);
	assert_string_equal(info->user, "u");
	assert_string_equal(info->output_image, "/results/t1_output.png");
	assert_null(info->thumbnail);
	assert_null(info->comparison_image);
	assert_int_equal(info->width, 640);
	assert_int_equal(info->output_size, 1000);
	assert_int_equal(info->created_us, 1794909600000000);
	assert_int_equal(info->updated_us, 0);
	assert_int_equal(info->attempts, 2);
	assert_true(info->processing_seconds > 1.2 && info->processing_seconds < 1.3);
	assert_non_null(strstr(info->json, "\"created_at\":\"2026-11-17T10:00:00.000Z\""));
	formy_task_free(info);
}

static void test_a_failed_task(void **state)
{
	static const struct task_field fields[] = {
		FIELD("status", "failed"),
		FIELD("error",
			"{\"code\":\"NO_FACE_DETECTED\",\"message\":\"m\",\"details\":null}"),
	};
	formy_task_info *info = make(fields, sizeof(fields) / sizeof(fields[0]));

	(void)state;
	assert_int_equal(info->status, FORMY_TASK_FAILED);
	assert_string_equal(info->error_code, "NO_FACE_DETECTED");
	assert_string_equal(info->error_message, "m");
	assert_null(info->error_details);
	assert_true(info->processing_seconds < 0);
	formy_task_free(info);
}

/* Foreign hashes may hold anything: what cannot be read is absent, and nothing breaks. */
static void test_nonsense_is_absent(void **state)
{
	static const struct task_field fields[] = {
		FIELD("status", "pending"),
		FIELD("data", "[not json"),
		FIELD("result", "\"text\""),
		FIELD("error", "17"),
		FIELD("created_at", "yesterday"),
		FIELD("progress", "-5"),
	};
	formy_task_info *info = make(fields, sizeof(fields) / sizeof(fields[0]));

	(void)state;
	assert_null(info->mode);
	assert_null(info->output_image);
	assert_null(info->error_code);
	assert_int_equal(info->created_us, 0);
	assert_int_equal(info->progress, 0);
	assert_non_null(info->json);
	formy_task_free(info);
}

static void test_statuses_have_names(void **state)
{
	enum task_status status;

	(void)state;
	for (int i = FORMY_TASK_PENDING; i <= FORMY_TASK_DELETED; i++) {
		const char *name = formy_task_status_name((formy_task_status)i);

		assert_int_equal(formy_task_status_of(name), i);
	}
	assert_int_equal(formy_task_status_of(NULL), FORMY_TASK_UNKNOWN);
	assert_int_equal(formy_task_status_of("Done"), FORMY_TASK_UNKNOWN);
	assert_string_equal(formy_task_status_name(FORMY_TASK_UNKNOWN), "unknown");
	assert_int_equal(task_info_status_of(FORMY_TASK_CANCELLED, &status), 0);
	assert_int_equal(status, TASK_CANCELLED);
	assert_int_equal(task_info_status_of(FORMY_TASK_DELETED, &status), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_done_task),
		cmocka_unit_test(test_a_failed_task),
		cmocka_unit_test(test_nonsense_is_absent),
		cmocka_unit_test(test_statuses_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
