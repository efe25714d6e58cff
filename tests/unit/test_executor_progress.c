#include "lib/test.h"

#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "executor/progress.h"
#include "wire/channel.h"
#include "wire/msg.h"

static uint64_t now_ms;

static uint64_t fake_clock(void)
{
	return now_ms * 1000;
}

struct fixture {
	struct progress progress;
	uint64_t (*clock)(void);
	int ends[2];
	unsigned char packet[LIMIT_FRAME];
	struct msg msg;
};

static struct fixture fixture;

static int begin(void **state)
{
	(void)state;
	fixture.clock = clock_mono_us;
	clock_mono_us = fake_clock;
	now_ms = 1000;
	if (channel_pair(fixture.ends) < 0 ||
		progress_init(&fixture.progress, fixture.ends[0]) < 0) {
		return -1;
	}
	progress_begin(&fixture.progress, 7);
	return 0;
}

static int end(void **state)
{
	(void)state;
	progress_finish(&fixture.progress);
	fs_close(fixture.ends[0]);
	fs_close(fixture.ends[1]);
	clock_mono_us = fixture.clock;
	return 0;
}

/* Whether a message was sent; it is then in the fixture. */
static bool was_sent(void)
{
	ssize_t len = channel_receive(fixture.ends[1], fixture.packet, sizeof(fixture.packet),
		MSG_DONTWAIT, NULL, 0, NULL);

	if (len <= 0) {
		return false;
	}
	assert_int_equal(msg_decode(fixture.packet, (size_t)len, &fixture.msg), 0);
	assert_int_equal(fixture.msg.type, MSG_PROGRESS);
	assert_int_equal(fixture.msg.progress.job, 7);
	return true;
}

static void it_is_held_back_and_keeps_the_last_words(void **state)
{
	(void)state;
	progress_report(&fixture.progress, 100, "First");
	assert_true(was_sent());
	assert_int_equal(fixture.msg.progress.permille, 100);
	assert_string_equal(fixture.msg.progress.step, "First");

	now_ms += 50;
	progress_report(&fixture.progress, 200, "Second");
	assert_false(was_sent());
	now_ms += 60;
	progress_report(&fixture.progress, 150, NULL);
	assert_true(was_sent());
	assert_int_equal(fixture.msg.progress.permille, 200);
	assert_string_equal(fixture.msg.progress.step, "Second");

	/* nothing new is not sent again */
	now_ms += 1000;
	progress_report(&fixture.progress, 200, "Second");
	assert_false(was_sent());
}

static void it_never_goes_back_and_stays_in_its_bounds(void **state)
{
	(void)state;
	progress_report(&fixture.progress, -5, "Start");
	assert_true(was_sent());
	assert_int_equal(fixture.msg.progress.permille, 0);
	now_ms += 200;
	progress_report(&fixture.progress, 5000, NULL);
	assert_true(was_sent());
	assert_int_equal(fixture.msg.progress.permille, 1000);
	now_ms += 200;
	progress_report(&fixture.progress, 10, "End");
	assert_true(was_sent());
	assert_int_equal(fixture.msg.progress.permille, 1000);
}

static void a_part_is_mapped(void **state)
{
	(void)state;
	progress_map(&fixture.progress, 200, 600);
	progress_report(&fixture.progress, 500, "Half");
	assert_true(was_sent());
	assert_int_equal(fixture.msg.progress.permille, 400);

	/* bounds that make no sense */
	progress_map(&fixture.progress, 4000, 3000);
	now_ms += 200;
	progress_report(&fixture.progress, 500, "Half");
	assert_true(was_sent());
	assert_int_equal(fixture.msg.progress.permille, 1000);
}

static void without_a_job_nothing_is_sent(void **state)
{
	(void)state;
	progress_begin(&fixture.progress, 0);
	progress_report(&fixture.progress, 500, "Late");
	assert_false(was_sent());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			it_is_held_back_and_keeps_the_last_words, begin, end),
		cmocka_unit_test_setup_teardown(
			it_never_goes_back_and_stays_in_its_bounds, begin, end),
		cmocka_unit_test_setup_teardown(a_part_is_mapped, begin, end),
		cmocka_unit_test_setup_teardown(without_a_job_nothing_is_sent, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
