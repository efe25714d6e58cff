/* Jobs that wait in the channel behind another. */
#include "slot_process.h"

/* A slot whose process runs a job, and has another one in its channel. */
static struct slot *reach_next(void)
{
	struct slot *slot = reach(SLOT_RUNNING);

	assert_int_equal(send_job(slot, &next_job), 0);
	assert_ptr_equal(slot->job, &a_job);
	assert_int_equal(slot->next_count, 1);
	assert_ptr_equal(slot->next[0].job, &next_job);
	assert_int_equal(heard.begun, 0);
	return slot;
}

static void test_the_next_job_begins_by_itself(void **state)
{
	struct slot *slot;

	(void)state;
	slot = reach_next();
	answer(slot->number);
	assert_int_equal(heard.outcome, 1);
	assert_int_equal(heard.begun, 1);
	assert_int_equal(heard.freed, 0);
	assert_int_equal(slot->state, SLOT_RUNNING);
	assert_ptr_equal(slot->job, &next_job);
	/* it has its own time */
	assert_true(uv_timer_get_due_in(&slot->timer) > 0);
	answer(slot->number);
	assert_int_equal(heard.outcome, 2);
	assert_int_equal(heard.freed, 1);
	assert_int_equal(slot->state, SLOT_IDLE);
}

static void test_the_next_job_is_taken_back(void **state)
{
	struct slot *slot;

	(void)state;
	slot = reach_next();
	slot_take_back(slot);
	assert_int_equal(heard.returned, 1);
	assert_ptr_equal(heard.returned_job, &next_job);
	slot_take_back(slot);
	answer(slot->number);
	assert_int_equal(heard.begun, 0);
	assert_int_equal(slot->state, SLOT_IDLE);
	/* the number of the one that was taken back is used again */
	assert_int_equal(give_job(slot), 0);
	answer(slot->number);
	assert_int_equal(heard.outcome, 2);
}

static void test_what_was_begun_is_not_taken_back(void **state)
{
	struct slot *slot;

	(void)state;
	slot = reach_next();
	process.read = process.sent;
	slot_take_back(slot);
	slot_cancel(slot, CONTROL_CANCELLED);
	assert_int_equal(heard.returned, 0);
	answer(slot->number);
	assert_int_equal(heard.begun, 1);
	assert_int_equal(slot->state, SLOT_RUNNING);
}

/* The process is faster than its answers are read. */
static void test_of_several_those_are_taken_back_that_were_not_begun(void **state)
{
	static int jobs[3];
	struct slot *slot;

	(void)state;
	slot = reach(SLOT_RUNNING);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(send_job(slot, &jobs[i]), 0);
	}
	process.read = slot->number + 1;
	slot_take_back(slot);
	assert_int_equal(heard.returned, 2);
	assert_ptr_equal(heard.returned_job, &jobs[1]);
	answer(slot->number);
	assert_ptr_equal(slot->job, &jobs[0]);
	answer(slot->number);
	assert_int_equal(slot->state, SLOT_IDLE);
}

/* To take one of two that were not read would take the one before it, too. */
static void test_what_lies_behind_an_unread_job_stays(void **state)
{
	struct slot *slot;

	(void)state;
	slot = reach(SLOT_IDLE);
	assert_int_equal(send_job(slot, &a_job), 0);
	assert_int_equal(send_job(slot, &next_job), 0);
	slot_take_back(slot);
	assert_int_equal(process.read, 0);
	/* when the process ends both are as new */
	process.events->gone(process.owner, 0, 9);
	assert_ptr_equal(heard.returned_job, &next_job);
	assert_ptr_equal(heard.lost_job, &a_job);
	assert_int_equal(heard.lost, 1);
	assert_true(heard.exit.unstarted);
}

static void test_no_job_is_left_behind_one_that_is_stopped(void **state)
{
	struct slot *slot;

	(void)state;
	slot = reach_next();
	slot_cancel(slot, CONTROL_CANCELLED);
	assert_int_equal(heard.returned, 1);

	slot = reach_next();
	slot_drain(slot);
	assert_int_equal(heard.returned, 1);
	answer(slot->number);
	assert_int_equal(slot->state, SLOT_DRAINING);

	slot = reach_next();
	slot_kill(slot);
	assert_int_equal(heard.returned, 1);

	(void)reach_next();
	process.events->gone(process.owner, 0, 11);
	assert_int_equal(heard.returned, 1);
	assert_int_equal(heard.lost, 1);
	assert_ptr_equal(heard.lost_job, &a_job);
	assert_false(heard.exit.unstarted);
}

/* An executor that was told to end, or that ends, when it had begun the next one. */
static void test_a_next_job_that_was_begun_ends_before_a_drain(void **state)
{
	struct slot *slot;

	(void)state;
	slot = reach_next();
	process.read = process.sent;
	slot_drain(slot);
	answer(slot->number);
	assert_int_equal(heard.begun, 1);
	assert_int_equal(slot->state, SLOT_RUNNING);
	answer(slot->number);
	assert_int_equal(slot->state, SLOT_DRAINING);

	/* it has read both and answered none: both are lost */
	slot = reach_next();
	process.read = process.sent;
	process.events->gone(process.owner, 0, 11);
	assert_int_equal(heard.lost, 2);
	assert_int_equal(heard.returned, 0);
	assert_ptr_equal(heard.lost_job, &next_job);
	assert_false(heard.exit.unstarted);
	assert_int_equal(slot->state, SLOT_DEAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_next_job_begins_by_itself),
		cmocka_unit_test(test_the_next_job_is_taken_back),
		cmocka_unit_test(test_what_was_begun_is_not_taken_back),
		cmocka_unit_test(test_of_several_those_are_taken_back_that_were_not_begun),
		cmocka_unit_test(test_what_lies_behind_an_unread_job_stays),
		cmocka_unit_test(test_no_job_is_left_behind_one_that_is_stopped),
		cmocka_unit_test(test_a_next_job_that_was_begun_ends_before_a_drain),
	};

	(void)uv_loop_init(&loop);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
