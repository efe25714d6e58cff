#include "lib/test.h"

#include <string.h>

#include "base/buf.h"
#include "cli/progress.h"
#include "cli/text.h"

static struct progress sample(void)
{
	return (struct progress){
		.mode = "ECHO",
		.status = "processing",
		.step = "finding the person",
		.percent = 40,
		.elapsed_s = 1.24,
	};
}

static void test_the_bar(void **state)
{
	struct progress progress = sample();
	struct buf out = {0};

	(void)state;
	progress_add_bar(&out, &progress, 80);
	assert_string_equal(
		buf_cstr(&out), "ECHO [########------------]  40%  finding the person  1.2 s");
	buf_clear(&out);
	progress.step = NULL;
	progress.status = "pending";
	progress.percent = 0;
	progress_add_bar(&out, &progress, 80);
	assert_string_equal(buf_cstr(&out), "ECHO [--------------------]   0%  pending  1.2 s");
	buf_clear(&out);
	progress.percent = 250;
	progress_add_bar(&out, &progress, 80);
	assert_non_null(strstr(buf_cstr(&out), "[####################] 100%"));
	buf_finish(&out);
}

static void test_the_bar_never_wraps(void **state)
{
	struct progress progress = sample();

	(void)state;
	progress.step = "a step whose text is a good deal longer than any terminal has columns "
			"\xe4\xba\xba\xe4\xba\xba\xe4\xba\xba and on and on";
	for (size_t columns = 1; columns < 150; columns++) {
		struct buf out = {0};

		progress_add_bar(&out, &progress, columns);
		assert_true(text_width(out.data, out.len) <= columns);
		buf_finish(&out);
	}
}

static void test_a_step_cannot_move_the_cursor(void **state)
{
	struct progress progress = sample();
	struct buf out = {0};

	(void)state;
	progress.step = "\r\x1b[2Jowned";
	progress_add_bar(&out, &progress, 80);
	assert_null(strchr(buf_cstr(&out), '\r'));
	assert_null(strchr(buf_cstr(&out), '\x1b'));
	buf_clear(&out);
	progress_add_plain(&out, &progress);
	assert_string_equal(buf_cstr(&out), "processing 40% \\x0d\\x1b[2Jowned");
	buf_finish(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_bar),
		cmocka_unit_test(test_the_bar_never_wraps),
		cmocka_unit_test(test_a_step_cannot_move_the_cursor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
