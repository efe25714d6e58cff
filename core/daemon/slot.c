#include "daemon/slot.h"

#include <errno.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "daemon/child.h"
#include "daemon/slot_next.h"
#include "daemon/slot_table.h"

static const struct slot_details no_details = {0};

static void on_child_packet(void *owner, const void *data, size_t len)
{
	static const enum slot_event events[] = {
		[MSG_READY] = SLOT_EV_READY,
		[MSG_REFUSED] = SLOT_EV_REFUSED,
		[MSG_PROGRESS] = SLOT_EV_PROGRESS,
		[MSG_OUTCOME] = SLOT_EV_OUTCOME,
	};
	struct slot *slot = owner;
	struct msg msg;
	const struct slot_details details = {.msg = &msg};

	if (msg_decode(data, len, &msg) < 0) {
		slot_handle(slot, SLOT_EV_GARBAGE, &no_details);
	} else if (msg.type == MSG_LOG) {
		slot->events->log(slot->owner, slot, &msg.log);
	} else if (msg.type == MSG_MEMO && slot->events->memo) {
		if (slot->job && msg.memo.job == slot->number) {
			slot->events->memo(slot->owner, slot, &msg.memo);
		}
	} else if (msg.type == MSG_CONFINED && !slot->was_confined) {
		slot->was_confined = true;
		slot->events->confined(slot->owner, slot, &msg.confined);
	} else if (msg.type == MSG_READY && msg.ready.protocol != MSG_PROTOCOL) {
		slot_handle(slot, SLOT_EV_GARBAGE, &no_details);
	} else if ((size_t)msg.type < sizeof(events) / sizeof(events[0]) && events[msg.type]) {
		slot_handle(slot, events[msg.type], &details);
	} else {
		slot_handle(slot, SLOT_EV_GARBAGE, &no_details);
	}
}

static void on_child_line(void *owner, const char *text)
{
	struct slot *slot = owner;

	slot->events->line(slot->owner, slot, text);
}

static void on_child_eof(void *owner, bool garbage)
{
	slot_handle(owner, garbage ? SLOT_EV_GARBAGE : SLOT_EV_EOF, &no_details);
}

static void on_child_gone(void *owner, int64_t status, int signal)
{
	const struct slot_details details = {.exit = {.status = status, .signal = signal}};

	slot_handle(owner, SLOT_EV_EXIT, &details);
}

static const struct child_events child_events = {
	.packet = on_child_packet,
	.line = on_child_line,
	.eof = on_child_eof,
	.gone = on_child_gone,
};

int slot_init(struct slot *slot, uv_loop_t *loop, unsigned index, const char *program,
	const struct slot_times *times, const struct slot_events *events, void *owner)
{
	*slot = (struct slot){
		.events = events,
		.owner = owner,
		.program = program,
		.times = *times,
		.loop = loop,
		.index = index,
		.state = SLOT_DEAD,
	};
	slot->timer.data = slot;
	return uv_timer_init(loop, &slot->timer);
}

void slot_finish(struct slot *slot, uv_close_cb closed)
{
	child_release(slot->child);
	slot->child = NULL;
	slot->state = SLOT_DEAD;
	uv_close((uv_handle_t *)&slot->timer, closed);
}

int slot_start(struct slot *slot, void *mode, const struct buf *setup, const int *fds,
	size_t fd_count, struct err *err)
{
	static const char *const no_arguments[] = {NULL};
	const struct child_command command = {
		.program = slot->program,
		.arguments = no_arguments,
		.keep_end = true,
	};
	int result;

	if (slot->state != SLOT_DEAD) {
		return err_set(
			err, -EBUSY, "slot %u is %s", slot->index, slot_state_name(slot->state));
	}
	result = child_start(slot->loop, &command, &child_events, slot, err, &slot->child);
	if (result < 0) {
		return result;
	}
	slot->mode = mode;
	slot_handle(slot, SLOT_EV_START, &no_details);
	/* a process that does not even take its setup ends, and is then reported as any other */
	(void)child_send(slot->child, setup, fds, fd_count);
	return 0;
}

int slot_run(struct slot *slot, void *job, struct msg_job *msg, const int *fds, size_t fd_count,
	uint64_t timeout_ms, struct buf *room)
{
	struct slot_details details = {.timeout_ms = timeout_ms, .job = job};
	struct msg packet = {.type = MSG_JOB};
	bool waits = slot->state == SLOT_RUNNING && slot->next_count < SLOT_NEXT_MOST &&
		!slot->drain_after;
	int result;

	if (slot->state != SLOT_IDLE && !waits) {
		return -EBUSY;
	}
	msg->job = slot->number + slot->next_count + 1;
	packet.job = *msg;
	result = msg_encode(&packet, room);
	if (result == 0) {
		result = child_send(slot->child, room, fds, fd_count);
	}
	if (result < 0) {
		return result;
	}
	slot_handle(slot, SLOT_EV_JOB, &details);
	return 0;
}

void slot_take_back(struct slot *slot)
{
	if (slot->child) {
		slot_return_next(slot);
	}
}

bool slot_has(const struct slot *slot, const void *job)
{
	bool has = slot->job == job;

	for (unsigned i = 0; i < slot->next_count && !has; i++) {
		has = slot->next[i].job == job;
	}
	return has;
}

void slot_catch_up(struct slot *slot)
{
	if (slot->child) {
		child_catch_up(slot->child);
	}
}

void slot_kept(struct slot *slot, uint64_t number, int result, struct buf *room)
{
	struct msg msg = {.type = MSG_KEPT, .kept = {.number = number, .result = result}};

	if (slot->child && msg_encode(&msg, room) == 0) {
		/* one that does not read waits for it in vain, and no longer than it may */
		(void)child_send(slot->child, room, NULL, 0);
	}
}

void slot_cancel(struct slot *slot, enum control_reason reason)
{
	const struct slot_details details = {.reason = reason};

	slot_handle(slot, SLOT_EV_CANCEL, &details);
}

void slot_drain(struct slot *slot)
{
	slot_handle(slot, SLOT_EV_DRAIN, &no_details);
}

void slot_kill(struct slot *slot)
{
	slot_handle(slot, SLOT_EV_KILL, &no_details);
}

void slot_kill_greedy(struct slot *slot, enum slot_end end)
{
	const struct slot_details details = {.end = end};

	slot_handle(slot, SLOT_EV_KILL, &details);
}

const char *slot_state_name(enum slot_state state)
{
	static const char *const names[SLOT_STATES] = {
		"dead",
		"starting",
		"idle",
		"running",
		"cancelling",
		"draining",
		"killing",
	};

	return (unsigned)state < SLOT_STATES ? names[state] : "?";
}

const char *slot_event_name(enum slot_event event)
{
	static const char *const names[SLOT_EVENTS] = {
		"start",
		"ready",
		"refused",
		"job",
		"progress",
		"outcome",
		"cancel",
		"drain",
		"kill",
		"deadline",
		"garbage",
		"eof",
		"exit",
	};

	return (unsigned)event < SLOT_EVENTS ? names[event] : "?";
}

const char *slot_end_name(enum slot_end end)
{
	static const char *const names[] = {
		[SLOT_END_ITSELF] = "by itself",
		[SLOT_END_TIMEOUT] = "killed: its time was up and it did not stop",
		[SLOT_END_CANCELLED] = "killed: told to stop, and did not",
		[SLOT_END_GARBAGE] = "killed: it sent what no executor may send",
		[SLOT_END_START] = "killed: not ready in time",
		[SLOT_END_KILLED] = "killed: the worker goes down",
		[SLOT_END_GREEDY] = "killed: it filled its scratch folder",
		[SLOT_END_THREADS] = "killed: it has too many threads",
	};

	return names[end];
}
