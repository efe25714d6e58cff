/* The slot's table: every state meets every event. The process is replaced, the table is not; real
 * processes that crash, hang and lie are in tests/integration. */
#include "lib/test.h"

#include <string.h>

#include "base/buf.h"
#include "daemon/slot.c"
#include "daemon/slot_table.c"

/* What the slot does to its process. */
static struct {
	const struct child_events *events;
	void *owner;
	struct control_page page;
	unsigned kills, hang_ups, releases;
	bool left_unread;
	const struct msg *waiting; /* what it has sent, and nobody has read */
} process;

static struct child *const a_child = (struct child *)&process;

int child_start(uv_loop_t *loop, const struct child_command *command,
	const struct child_events *events, void *owner, struct err *err, struct child **ret_child)
{
	(void)loop;
	(void)command;
	(void)err;
	memset(&process, 0, sizeof(process));
	process.events = events;
	process.owner = owner;
	*ret_child = a_child;
	return 0;
}

void child_release(struct child *child)
{
	process.releases += child != NULL;
}

pid_t child_pid(const struct child *child)
{
	(void)child;
	return 1;
}

struct control_page *child_control(struct child *child)
{
	(void)child;
	return &process.page;
}

int child_send(struct child *child, const struct buf *packet, const int *fds, size_t fd_count)
{
	(void)child;
	(void)packet;
	(void)fds;
	(void)fd_count;
	return 0;
}

void child_hang_up(struct child *child)
{
	(void)child;
	process.hang_ups++;
}

void child_kill(struct child *child, int signal)
{
	(void)child;
	(void)signal;
	process.kills++;
}

static void send_msg(const struct msg *msg);

void child_catch_up(struct child *child)
{
	const struct msg *waiting = process.waiting;

	(void)child;
	process.waiting = NULL;
	if (waiting) {
		send_msg(waiting);
	}
}

bool child_left_unread(const struct child *child)
{
	(void)child;
	return process.left_unread;
}

/* What the owner hears. */
static struct {
	unsigned ready, refused, progress, outcome, lost, ended, freed;
	struct slot_exit exit;
} heard;

static void on_ready(void *owner, struct slot *slot)
{
	(void)owner;
	(void)slot;
	heard.ready++;
}

static void on_refused(void *owner, struct slot *slot, const char *code, const char *message)
{
	(void)owner;
	(void)slot;
	(void)code;
	(void)message;
	heard.refused++;
}

static void on_progress(void *owner, struct slot *slot, const struct msg_progress *progress)
{
	(void)owner;
	(void)slot;
	(void)progress;
	heard.progress++;
}

static void on_log(void *owner, struct slot *slot, const struct msg_log *log)
{
	(void)owner;
	(void)slot;
	(void)log;
}

static void on_line(void *owner, struct slot *slot, const char *text)
{
	(void)owner;
	(void)slot;
	(void)text;
}

static void on_outcome(void *owner, struct slot *slot, const struct msg_outcome *outcome)
{
	(void)owner;
	(void)outcome;
	assert_non_null(slot->job);
	heard.outcome++;
}

static void on_lost(void *owner, struct slot *slot, const struct slot_exit *exit)
{
	(void)owner;
	assert_non_null(slot->job);
	heard.exit = *exit;
	heard.lost++;
}

static void on_ended(void *owner, struct slot *slot, const struct slot_exit *exit)
{
	(void)owner;
	(void)slot;
	heard.exit = *exit;
	heard.ended++;
}

static void on_free(void *owner, struct slot *slot)
{
	(void)owner;
	assert_true(slot->state == SLOT_IDLE || slot->state == SLOT_DEAD);
	heard.freed++;
}

static const struct slot_events owner_events = {
	.ready = on_ready,
	.refused = on_refused,
	.progress = on_progress,
	.log = on_log,
	.line = on_line,
	.outcome = on_outcome,
	.lost = on_lost,
	.ended = on_ended,
	.free = on_free,
};

static uv_loop_t loop;
static int a_mode;
static int a_job;

static void send_msg(const struct msg *msg)
{
	struct buf packet = {0};

	assert_int_equal(msg_encode(msg, &packet), 0);
	process.events->packet(process.owner, packet.data, packet.len);
	buf_finish(&packet);
}

static void answer(uint64_t job)
{
	const struct msg msg = {.type = MSG_OUTCOME, .outcome = {.job = job}};

	send_msg(&msg);
}

static void get_ready(void)
{
	const struct msg msg = {.type = MSG_READY, .ready = {.protocol = MSG_PROTOCOL}};

	send_msg(&msg);
}

static int give_job(struct slot *slot)
{
	struct msg_job msg = {.task_id = "t", .config = "{}", .roles = ""};
	struct buf room = {0};
	int result = slot_run(slot, &a_job, &msg, NULL, 0, 1000, &room);

	buf_finish(&room);
	return result;
}

/* A slot's timer belongs to the loop until it is closed: no slot is used twice. */
static struct slot slots[SLOT_STATES * SLOT_EVENTS + 32];
static size_t slots_used;

/* Makes a slot that is in a state. */
static struct slot *reach(enum slot_state state)
{
	struct slot *slot = &slots[slots_used++];
	static const struct slot_times times = {1000, 1000, 1000};
	struct buf setup = {0};

	assert_int_equal(slot_init(slot, &loop, 0, "/x", &times, &owner_events, NULL), 0);
	if (state == SLOT_DEAD) {
		return slot;
	}
	assert_int_equal(slot_start(slot, &a_mode, &setup, NULL, 0, NULL), 0);
	if (state == SLOT_STARTING) {
		return slot;
	}
	get_ready();
	if (state == SLOT_DRAINING) {
		slot_drain(slot);
	} else if (state != SLOT_IDLE) {
		assert_int_equal(give_job(slot), 0);
	}
	if (state == SLOT_CANCELLING) {
		slot_cancel(slot, CONTROL_CANCELLED);
	} else if (state == SLOT_KILLING) {
		slot_kill(slot);
	}
	assert_int_equal(slot->state, state);
	memset(&heard, 0, sizeof(heard));
	return slot;
}

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

static void test_a_job_that_was_not_taken_is_not_started(void **state)
{
	struct msg said = {.type = MSG_LOG, .log = {.text = "x"}};
	struct slot *slot;

	(void)state;
	(void)reach(SLOT_RUNNING);
	process.events->gone(process.owner, 0, 9);
	assert_false(heard.exit.unstarted);

	(void)reach(SLOT_RUNNING);
	process.left_unread = true;
	process.events->gone(process.owner, 0, 9);
	assert_int_equal(heard.lost, 1);
	assert_true(heard.exit.unstarted);

	/* it is the answer to a memo that nobody read: the job had begun */
	slot = reach(SLOT_RUNNING);
	process.left_unread = true;
	said.log.job = slot->number;
	send_msg(&said);
	process.events->gone(process.owner, 0, 9);
	assert_false(heard.exit.unstarted);
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
		cmocka_unit_test(test_a_job_that_was_not_taken_is_not_started),
		cmocka_unit_test(test_the_last_answer_ends_it),
		cmocka_unit_test(test_an_answer_for_another_job_is_garbage),
		cmocka_unit_test(test_draining_waits_for_the_job),
		cmocka_unit_test(test_an_executor_of_another_build_is_refused),
	};

	(void)uv_loop_init(&loop);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
