/* The slot's table: every state meets every event. */
#include "slot_process.h"

#include <poll.h>

/* Has an event happen the way it happens. */
static void cause(struct slot *slot, enum slot_event event)
{
	const struct msg refused = {
		.type = MSG_REFUSED, .refused = {.code = "ENGINE_NOT_AVAILABLE", .message = "no"}};
	const struct msg progress = {
		.type = MSG_PROGRESS, .progress = {.job = slot->number, .permille = 500}};

	switch (event) {
	case SLOT_EV_READY:
		get_ready();
		break;
	case SLOT_EV_REFUSED:
		send_msg(&refused);
		break;
	case SLOT_EV_PROGRESS:
		send_msg(&progress);
		break;
	case SLOT_EV_OUTCOME:
		answer(slot->number);
		break;
	case SLOT_EV_CANCEL:
		slot_cancel(slot, CONTROL_CANCELLED);
		break;
	case SLOT_EV_DRAIN:
		slot_drain(slot);
		break;
	case SLOT_EV_KILL:
		slot_kill(slot);
		break;
	case SLOT_EV_DEADLINE:
		on_deadline(&slot->timer);
		break;
	case SLOT_EV_GARBAGE:
		process.events->packet(process.owner, "garbage", 7);
		break;
	case SLOT_EV_EOF:
		process.events->eof(process.owner, false);
		break;
	case SLOT_EV_EXIT:
		process.events->gone(process.owner, 0, 11);
		break;
	default:
		fail();
	}
}

#define BUG (-1)
#define KEEP (-2)

/* The state that follows each pair; BUG: cannot happen, and changes nothing. */
static const struct {
	enum slot_state state;
	int next[SLOT_EVENTS]; /* START and JOB are calls that check the state themselves */
} expected[] = {
	{SLOT_DEAD, {KEEP, BUG, BUG, KEEP, BUG, BUG, BUG, KEEP, KEEP, BUG, BUG, BUG, BUG}},
	{SLOT_STARTING,
		{KEEP, SLOT_IDLE, SLOT_DRAINING, KEEP, KEEP, SLOT_KILLING, BUG, KEEP, SLOT_KILLING,
			SLOT_KILLING, SLOT_KILLING, SLOT_KILLING, SLOT_DEAD}},
	{SLOT_IDLE,
		{KEEP, SLOT_KILLING, SLOT_KILLING, KEEP, KEEP, SLOT_KILLING, BUG, SLOT_DRAINING,
			SLOT_KILLING, BUG, SLOT_KILLING, SLOT_KILLING, SLOT_DEAD}},
	{SLOT_RUNNING,
		{KEEP, SLOT_KILLING, SLOT_KILLING, KEEP, KEEP, SLOT_IDLE, SLOT_CANCELLING, KEEP,
			SLOT_KILLING, SLOT_CANCELLING, SLOT_KILLING, SLOT_KILLING, SLOT_DEAD}},
	{SLOT_CANCELLING,
		{KEEP, SLOT_KILLING, SLOT_KILLING, KEEP, KEEP, SLOT_IDLE, KEEP, KEEP, SLOT_KILLING,
			SLOT_KILLING, SLOT_KILLING, SLOT_KILLING, SLOT_DEAD}},
	{SLOT_DRAINING,
		{KEEP, SLOT_KILLING, SLOT_KILLING, KEEP, KEEP, SLOT_KILLING, BUG, KEEP,
			SLOT_KILLING, SLOT_KILLING, SLOT_KILLING, KEEP, SLOT_DEAD}},
	{SLOT_KILLING,
		{KEEP, KEEP, KEEP, KEEP, KEEP, KEEP, KEEP, KEEP, KEEP, KEEP, KEEP, KEEP,
			SLOT_DEAD}},
};

static void test_every_pair(void **state)
{
	(void)state;
	for (size_t i = 0; i < SLOT_STATES; i++) {
		for (unsigned event = 0; event < SLOT_EVENTS; event++) {
			enum slot_state from = expected[i].state;
			int next = expected[i].next[event];
			struct slot *slot;

			if (event == SLOT_EV_START || event == SLOT_EV_JOB) {
				continue;
			}
			assert_int_equal(slot_handles(from, event), next != BUG);
			if (from == SLOT_DEAD && event != SLOT_EV_DRAIN && event != SLOT_EV_KILL) {
				continue;
			}
			slot = reach(from);
			if (next == BUG) {
				continue;
			}
			cause(slot, event);
			if (slot->state != (next == KEEP ? from : (enum slot_state)next)) {
				fail_msg("%s + %s: %s", slot_state_name(from),
					slot_event_name(event), slot_state_name(slot->state));
			}
			assert_int_equal(slot->job != NULL,
				slot->state == SLOT_RUNNING || slot->state == SLOT_CANCELLING ||
					(slot->state == SLOT_KILLING &&
						(from == SLOT_RUNNING || from == SLOT_CANCELLING ||
							from == SLOT_KILLING)));
		}
	}
}

static void test_start_and_job_want_their_state(void **state)
{
	struct buf setup = {0};
	struct slot *slot;

	(void)state;
	for (unsigned from = 0; from < SLOT_STATES; from++) {
		slot = reach(from);
		if (from == SLOT_RUNNING) {
			/* some may wait behind it, and no more */
			for (unsigned i = 0; i < SLOT_NEXT_MOST; i++) {
				assert_int_equal(send_job(slot, &next_job), 0);
			}
		}
		if (from != SLOT_IDLE) {
			assert_int_equal(give_job(slot), -EBUSY);
		}
		if (from != SLOT_DEAD) {
			assert_int_equal(slot_start(slot, &a_mode, &setup, NULL, 0, NULL), -EBUSY);
		}
	}
}

static void test_a_job_ends_once(void **state)
{
	struct slot *slot;

	(void)state;
	slot = reach(SLOT_RUNNING);
	answer(slot->number);
	assert_int_equal(heard.outcome, 1);
	assert_int_equal(heard.freed, 1);
	/* a second answer is for no job: the process is not to be trusted */
	answer(slot->number);
	assert_int_equal(heard.outcome, 1);
	assert_int_equal(slot->state, SLOT_KILLING);
	process.events->gone(process.owner, 0, 9);
	assert_int_equal(heard.lost, 0);
	assert_int_equal(heard.ended, 1);
	assert_int_equal(heard.exit.end, SLOT_END_GARBAGE);
}

static void test_a_crash_loses_the_job_once(void **state)
{
	(void)state;
	(void)reach(SLOT_RUNNING);
	process.events->eof(process.owner, false);
	process.events->gone(process.owner, 0, 11);
	assert_int_equal(heard.lost, 1);
	assert_int_equal(heard.ended, 1);
	assert_int_equal(heard.freed, 1);
	assert_int_equal(heard.exit.signal, 11);
	assert_int_equal(heard.exit.end, SLOT_END_ITSELF);
	assert_true(heard.exit.ready);
	assert_int_equal(process.releases, 1);
}

static void test_a_deaf_job_is_killed(void **state)
{
	struct slot *slot;

	(void)state;
	slot = reach(SLOT_RUNNING);
	on_deadline(&slot->timer);
	assert_int_equal(control_stopped(&process.page, slot->number), CONTROL_TIMEOUT);
	assert_int_equal(process.kills, 0);
	on_deadline(&slot->timer);
	assert_int_equal(process.kills, 1);
	process.events->gone(process.owner, 0, 9);
	assert_int_equal(heard.exit.end, SLOT_END_TIMEOUT);
}

static void test_what_one_job_was_killed_for_is_not_the_next_ones(void **state)
{
	struct slot *slot;

	(void)state;
	slot = reach(SLOT_RUNNING);
	on_deadline(&slot->timer);
	answer(slot->number);
	assert_int_equal(give_job(slot), 0);
	/* no end of file before it: somebody else holds the other end of the channel */
	process.events->gone(process.owner, 0, 11);
	assert_int_equal(heard.exit.end, SLOT_END_ITSELF);
}

/* The worker was stopped, say, while its executor answered in time. */
static void test_an_answer_in_the_channel_is_in_time(void **state)
{
	struct msg msg = {.type = MSG_OUTCOME};
	struct slot *slot;

	(void)state;
	slot = reach(SLOT_RUNNING);
	msg.outcome.job = slot->number;
	process.waiting = &msg;
	on_deadline(&slot->timer);
	assert_int_equal(heard.outcome, 1);
	assert_int_equal(slot->state, SLOT_IDLE);
	assert_int_equal(control_stopped(&process.page, slot->number), 0);

	slot = reach(SLOT_RUNNING);
	msg = (struct msg){.type = MSG_PROGRESS, .progress = {.job = slot->number}};
	process.waiting = &msg;
	on_deadline(&slot->timer);
	assert_int_equal(heard.progress, 1);
	assert_int_equal(slot->state, SLOT_CANCELLING);
}

/* The worker was stopped, say, just before it heard of the job's beginning. */
static void test_a_job_has_its_time_from_its_beginning(void **state)
{
	struct slot *slot;

	(void)state;
	slot = reach(SLOT_IDLE);
	uv_update_time(&loop);
	(void)poll(NULL, 0, 500);
	assert_int_equal(give_job(slot), 0);
	uv_update_time(&loop);
	assert_in_range(uv_timer_get_due_in(&slot->timer), 600, 1000);
}

static void test_a_job_that_was_not_taken_is_not_started(void **state)
{
	struct slot *slot;

	(void)state;
	(void)reach(SLOT_RUNNING);
	process.events->gone(process.owner, 0, 9);
	assert_false(heard.exit.unstarted);

	slot = reach(SLOT_IDLE);
	assert_int_equal(send_job(slot, &a_job), 0);
	process.events->gone(process.owner, 0, 9);
	assert_int_equal(heard.lost, 1);
	assert_true(heard.exit.unstarted);
}

static void test_the_last_answer_ends_it(void **state)
{
	struct msg msg = {.type = MSG_OUTCOME, .outcome = {.last = 1}};
	struct slot *slot;

	(void)state;
	slot = reach(SLOT_RUNNING);
	msg.outcome.job = slot->number;
	send_msg(&msg);
	assert_int_equal(heard.outcome, 1);
	assert_int_equal(heard.freed, 0);
	assert_int_equal(slot->state, SLOT_DRAINING);
	assert_int_equal(give_job(slot), -EBUSY);
	process.events->gone(process.owner, 0, 0);
	assert_int_equal(heard.lost, 0);
	assert_int_equal(heard.exit.end, SLOT_END_ITSELF);
	assert_int_equal(heard.freed, 1);
}

static void test_an_answer_for_another_job_is_garbage(void **state)
{
	struct slot *slot;

	(void)state;
	slot = reach(SLOT_RUNNING);
	answer(slot->number + 1);
	assert_int_equal(heard.outcome, 0);
	assert_int_equal(slot->state, SLOT_KILLING);
}

static void test_draining_waits_for_the_job(void **state)
{
	struct slot *slot;

	(void)state;
	slot = reach(SLOT_RUNNING);
	slot_drain(slot);
	assert_int_equal(process.hang_ups, 0);
	answer(slot->number);
	assert_int_equal(heard.outcome, 1);
	assert_int_equal(slot->state, SLOT_DRAINING);
	assert_int_equal(process.hang_ups, 1);
	assert_int_equal(heard.freed, 0);
}

static void test_an_executor_of_another_build_is_refused(void **state)
{
	const struct msg msg = {.type = MSG_READY, .ready = {.protocol = MSG_PROTOCOL + 1}};
	struct slot *slot;

	(void)state;
	slot = reach(SLOT_STARTING);
	send_msg(&msg);
	assert_int_equal(slot->state, SLOT_KILLING);
	assert_int_equal(heard.ready, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_pair),
		cmocka_unit_test(test_start_and_job_want_their_state),
		cmocka_unit_test(test_a_job_ends_once),
		cmocka_unit_test(test_a_crash_loses_the_job_once),
		cmocka_unit_test(test_a_deaf_job_is_killed),
		cmocka_unit_test(test_what_one_job_was_killed_for_is_not_the_next_ones),
		cmocka_unit_test(test_an_answer_in_the_channel_is_in_time),
		cmocka_unit_test(test_a_job_has_its_time_from_its_beginning),
		cmocka_unit_test(test_a_job_that_was_not_taken_is_not_started),
		cmocka_unit_test(test_the_last_answer_ends_it),
		cmocka_unit_test(test_an_answer_for_another_job_is_garbage),
		cmocka_unit_test(test_draining_waits_for_the_job),
		cmocka_unit_test(test_an_executor_of_another_build_is_refused),
	};

	(void)uv_loop_init(&loop);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
