/* A slot with a process that is none, and an owner that counts what it hears, for the tests of the
 * slot's table. Real processes that crash, hang and lie are in tests/integration. */
#ifndef FORMY_TESTS_SLOT_PROCESS_H
#define FORMY_TESTS_SLOT_PROCESS_H

#include "lib/test.h"

#include <string.h>

#include "base/buf.h"
#include "daemon/slot.c"
#include "daemon/slot_next.c"
#include "daemon/slot_table.c"

/* What the slot does to its process. */
static struct {
	const struct child_events *events;
	void *owner;
	struct control_page page;
	unsigned kills, hang_ups, releases;
	const struct msg *waiting; /* what it has sent, and nobody has read */
	uint64_t sent;             /* number of the last job that was sent to it */
	uint64_t read;             /* ... of the last one that it has read */
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
	struct msg msg;

	(void)child;
	(void)fds;
	(void)fd_count;
	if (packet->len > 0 && msg_decode(packet->data, packet->len, &msg) == 0 &&
		msg.type == MSG_JOB) {
		process.sent = msg.job.job;
	}
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

size_t child_unread(struct child *child, bool take, const void **ret_packet)
{
	static struct buf packet;
	struct msg msg = {.type = MSG_JOB, .job = {.task_id = "t", .config = "{}", .roles = ""}};

	(void)child;
	if (process.read == process.sent) {
		return 0;
	}
	msg.job.job = process.read + 1;
	process.read += take;
	assert_int_equal(msg_encode(&msg, &packet), 0);
	*ret_packet = packet.data;
	return packet.len;
}

/* What the owner hears. */
static struct {
	unsigned ready, refused, progress, outcome, lost, ended, freed, begun, returned;
	const void *returned_job, *lost_job;
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
	heard.lost_job = slot->job;
	heard.lost++;
}

static void on_begun(void *owner, struct slot *slot)
{
	(void)owner;
	assert_non_null(slot->job);
	heard.begun++;
}

static void on_returned(void *owner, struct slot *slot, void *job)
{
	(void)owner;
	(void)slot;
	heard.returned_job = job;
	heard.returned++;
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
	.begun = on_begun,
	.returned = on_returned,
	.lost = on_lost,
	.ended = on_ended,
	.free = on_free,
};

static uv_loop_t loop;
static int a_mode;
static int a_job;
static int next_job;

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

static int send_job(struct slot *slot, void *job)
{
	struct msg_job msg = {.task_id = "t", .config = "{}", .roles = ""};
	struct buf room = {0};
	int result = slot_run(slot, job, &msg, NULL, 0, 1000, &room);

	buf_finish(&room);
	return result;
}

/* ... and has the process read it. */
static int give_job(struct slot *slot)
{
	int result = send_job(slot, &a_job);

	process.read = process.sent;
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

#endif
