#include "daemon/slot.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "daemon/child.h"

/* What comes with an event. */
struct details {
	const struct msg *msg;      /* READY REFUSED PROGRESS OUTCOME */
	enum control_reason reason; /* CANCEL */
	uint64_t timeout_ms;        /* JOB */
	struct slot_exit exit;      /* EXIT */
	enum slot_end end;          /* KILL; SLOT_END_ITSELF: the owner wanted it */
};

static const struct details no_details = {0};

static void handle(struct slot *slot, enum slot_event event, const struct details *details);

/* This process may have stood still, and what it would have heard in time waits in the channel: it
 * counts, as the clock does not know who was late. */
static void on_deadline(uv_timer_t *timer)
{
	struct slot *slot = timer->data;
	unsigned entered = slot->entered;

	if (slot->child) {
		child_catch_up(slot->child);
	}
	if (slot->entered == entered) {
		handle(slot, SLOT_EV_DEADLINE, &no_details);
	}
}

/* Enters a state that may last so long; 0: for ever. */
static void enter(struct slot *slot, enum slot_state state, uint64_t most_ms)
{
	slot->state = state;
	slot->entered++;
	if (most_ms > 0) {
		(void)uv_timer_start(&slot->timer, on_deadline, most_ms, 0);
	} else {
		(void)uv_timer_stop(&slot->timer);
	}
}

static void ignore(struct slot *slot, const struct details *details)
{
	(void)slot;
	(void)details;
}

static void do_start(struct slot *slot, const struct details *details)
{
	(void)details;
	slot->number = 0;
	slot->drain_after = false;
	slot->end = SLOT_END_ITSELF;
	slot->was_ready = false;
	slot->was_confined = false;
	enter(slot, SLOT_STARTING, slot->times.start);
}

static void become_idle(struct slot *slot)
{
	if (slot->drain_after) {
		enter(slot, SLOT_DRAINING, slot->times.finish);
		child_hang_up(slot->child);
		return;
	}
	enter(slot, SLOT_IDLE, 0);
	slot->events->free(slot->owner, slot);
}

static void do_ready(struct slot *slot, const struct details *details)
{
	(void)details;
	slot->was_ready = true;
	slot->events->ready(slot->owner, slot);
	become_idle(slot);
}

static void do_refused(struct slot *slot, const struct details *details)
{
	const struct msg_refused *refused = &details->msg->refused;

	enter(slot, SLOT_DRAINING, slot->times.finish);
	child_hang_up(slot->child);
	slot->events->refused(slot->owner, slot, refused->code, refused->message);
}

static void do_job(struct slot *slot, const struct details *details)
{
	enter(slot, SLOT_RUNNING, details->timeout_ms);
}

static void do_progress(struct slot *slot, const struct details *details)
{
	if (details->msg->progress.job == slot->number) {
		slot->heard = true;
		slot->events->progress(slot->owner, slot, &details->msg->progress);
	}
}

static void do_kill(struct slot *slot, enum slot_end end)
{
	slot->end = end;
	enter(slot, SLOT_KILLING, slot->times.finish);
	child_kill(slot->child, SIGKILL);
}

static void on_garbage(struct slot *slot, const struct details *details)
{
	(void)details;
	do_kill(slot, SLOT_END_GARBAGE);
}

static void do_outcome(struct slot *slot, const struct details *details)
{
	if (details->msg->outcome.job != slot->number) {
		do_kill(slot, SLOT_END_GARBAGE);
		return;
	}
	slot->events->outcome(slot->owner, slot, &details->msg->outcome);
	slot->job = NULL;
	slot->drain_after = slot->drain_after || details->msg->outcome.last;
	become_idle(slot);
}

static void do_cancel(struct slot *slot, const struct details *details)
{
	slot->end = details->reason == CONTROL_TIMEOUT ? SLOT_END_TIMEOUT : SLOT_END_CANCELLED;
	control_stop(child_control(slot->child), slot->number, details->reason);
	enter(slot, SLOT_CANCELLING, slot->times.grace);
}

static void on_job_deadline(struct slot *slot, const struct details *details)
{
	const struct details timeout = {.reason = CONTROL_TIMEOUT};

	(void)details;
	do_cancel(slot, &timeout);
}

static void on_grace_over(struct slot *slot, const struct details *details)
{
	(void)details;
	do_kill(slot, slot->end);
}

static void on_start_deadline(struct slot *slot, const struct details *details)
{
	(void)details;
	do_kill(slot, SLOT_END_START);
}

static void on_drain_deadline(struct slot *slot, const struct details *details)
{
	(void)details;
	do_kill(slot, slot->end);
}

/* A process that survives SIGKILL hangs in the kernel: nothing but waiting helps. */
static void on_kill_deadline(struct slot *slot, const struct details *details)
{
	(void)details;
	log_warning("executor does not die", LOG_I("pid", child_pid(slot->child)),
		LOG_I("slot", slot->index));
	do_kill(slot, slot->end);
}

static void on_kill(struct slot *slot, const struct details *details)
{
	do_kill(slot, details->end == SLOT_END_ITSELF ? SLOT_END_KILLED : details->end);
}

/* The channel is closed: the process is ending or of no use. SIGKILL changes nothing for one that
 * is ending: its status is already decided. */
static void on_eof(struct slot *slot, const struct details *details)
{
	(void)details;
	do_kill(slot, slot->state == SLOT_CANCELLING ? slot->end : SLOT_END_ITSELF);
}

static void do_drain_idle(struct slot *slot, const struct details *details)
{
	(void)details;
	enter(slot, SLOT_DRAINING, slot->times.finish);
	child_hang_up(slot->child);
}

static void do_drain_after(struct slot *slot, const struct details *details)
{
	(void)details;
	slot->drain_after = true;
}

static void do_exit(struct slot *slot, const struct details *details)
{
	struct slot_exit end = details->exit;

	end.end = slot->end;
	end.ready = slot->was_ready;
	end.unstarted = slot->job && !slot->heard && child_left_unread(slot->child);
	enter(slot, SLOT_DEAD, 0);
	child_release(slot->child);
	slot->child = NULL;
	if (slot->job) {
		slot->events->lost(slot->owner, slot, &end);
		slot->job = NULL;
	}
	slot->events->ended(slot->owner, slot, &end);
	slot->events->free(slot->owner, slot);
}

typedef void (*handler)(struct slot *slot, const struct details *details);

/* The heart of the worker. An empty cell is what cannot happen; ignore is what may be late. */
static const handler table[SLOT_STATES][SLOT_EVENTS] = {
	[SLOT_DEAD] =
		{
			[SLOT_EV_START] = do_start,
			[SLOT_EV_DRAIN] = ignore,
			[SLOT_EV_KILL] = ignore,
		},
	[SLOT_STARTING] =
		{
			[SLOT_EV_READY] = do_ready,
			[SLOT_EV_REFUSED] = do_refused,
			[SLOT_EV_PROGRESS] = ignore,
			[SLOT_EV_OUTCOME] = on_garbage,
			[SLOT_EV_DRAIN] = do_drain_after,
			[SLOT_EV_KILL] = on_kill,
			[SLOT_EV_DEADLINE] = on_start_deadline,
			[SLOT_EV_GARBAGE] = on_garbage,
			[SLOT_EV_EOF] = on_eof,
			[SLOT_EV_EXIT] = do_exit,
		},
	[SLOT_IDLE] =
		{
			[SLOT_EV_READY] = on_garbage,
			[SLOT_EV_REFUSED] = on_garbage,
			[SLOT_EV_JOB] = do_job,
			[SLOT_EV_PROGRESS] = ignore,
			[SLOT_EV_OUTCOME] = on_garbage,
			[SLOT_EV_DRAIN] = do_drain_idle,
			[SLOT_EV_KILL] = on_kill,
			[SLOT_EV_GARBAGE] = on_garbage,
			[SLOT_EV_EOF] = on_eof,
			[SLOT_EV_EXIT] = do_exit,
		},
	[SLOT_RUNNING] =
		{
			[SLOT_EV_READY] = on_garbage,
			[SLOT_EV_REFUSED] = on_garbage,
			[SLOT_EV_PROGRESS] = do_progress,
			[SLOT_EV_OUTCOME] = do_outcome,
			[SLOT_EV_CANCEL] = do_cancel,
			[SLOT_EV_DRAIN] = do_drain_after,
			[SLOT_EV_KILL] = on_kill,
			[SLOT_EV_DEADLINE] = on_job_deadline,
			[SLOT_EV_GARBAGE] = on_garbage,
			[SLOT_EV_EOF] = on_eof,
			[SLOT_EV_EXIT] = do_exit,
		},
	[SLOT_CANCELLING] =
		{
			[SLOT_EV_READY] = on_garbage,
			[SLOT_EV_REFUSED] = on_garbage,
			[SLOT_EV_PROGRESS] = ignore,
			[SLOT_EV_OUTCOME] = do_outcome,
			[SLOT_EV_CANCEL] = ignore,
			[SLOT_EV_DRAIN] = do_drain_after,
			[SLOT_EV_KILL] = on_kill,
			[SLOT_EV_DEADLINE] = on_grace_over,
			[SLOT_EV_GARBAGE] = on_garbage,
			[SLOT_EV_EOF] = on_eof,
			[SLOT_EV_EXIT] = do_exit,
		},
	[SLOT_DRAINING] =
		{
			[SLOT_EV_READY] = on_garbage,
			[SLOT_EV_REFUSED] = on_garbage,
			[SLOT_EV_PROGRESS] = ignore,
			[SLOT_EV_OUTCOME] = on_garbage,
			[SLOT_EV_DRAIN] = ignore,
			[SLOT_EV_KILL] = on_kill,
			[SLOT_EV_DEADLINE] = on_drain_deadline,
			[SLOT_EV_GARBAGE] = on_garbage,
			[SLOT_EV_EOF] = ignore,
			[SLOT_EV_EXIT] = do_exit,
		},
	[SLOT_KILLING] =
		{
			/* what was still on its way is too late: the job's end was decided by the kill */
			[SLOT_EV_READY] = ignore,
			[SLOT_EV_REFUSED] = ignore,
			[SLOT_EV_PROGRESS] = ignore,
			[SLOT_EV_OUTCOME] = ignore,
			[SLOT_EV_CANCEL] = ignore,
			[SLOT_EV_DRAIN] = ignore,
			[SLOT_EV_KILL] = ignore,
			[SLOT_EV_DEADLINE] = on_kill_deadline,
			[SLOT_EV_GARBAGE] = ignore,
			[SLOT_EV_EOF] = ignore,
			[SLOT_EV_EXIT] = do_exit,
		},
};

static void handle(struct slot *slot, enum slot_event event, const struct details *details)
{
	handler cell = table[slot->state][event];

	if (!cell) {
		log_error("bug: event in a state that has no answer to it",
			LOG_S("state", slot_state_name(slot->state)),
			LOG_S("event", slot_event_name(event)), LOG_I("slot", slot->index));
		return;
	}
	cell(slot, details);
}

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
	const struct details details = {.msg = &msg};

	if (msg_decode(data, len, &msg) < 0) {
		handle(slot, SLOT_EV_GARBAGE, &no_details);
	} else if (msg.type == MSG_LOG) {
		slot->heard = slot->heard || msg.log.job == slot->number;
		slot->events->log(slot->owner, slot, &msg.log);
	} else if (msg.type == MSG_MEMO && slot->events->memo) {
		if (slot->job && msg.memo.job == slot->number) {
			slot->heard = true;
			slot->events->memo(slot->owner, slot, &msg.memo);
		}
	} else if (msg.type == MSG_CONFINED && !slot->was_confined) {
		slot->was_confined = true;
		slot->events->confined(slot->owner, slot, &msg.confined);
	} else if (msg.type == MSG_READY && msg.ready.protocol != MSG_PROTOCOL) {
		handle(slot, SLOT_EV_GARBAGE, &no_details);
	} else if ((size_t)msg.type < sizeof(events) / sizeof(events[0]) && events[msg.type]) {
		handle(slot, events[msg.type], &details);
	} else {
		handle(slot, SLOT_EV_GARBAGE, &no_details);
	}
}

static void on_child_line(void *owner, const char *text)
{
	struct slot *slot = owner;

	slot->events->line(slot->owner, slot, text);
}

static void on_child_eof(void *owner, bool garbage)
{
	handle(owner, garbage ? SLOT_EV_GARBAGE : SLOT_EV_EOF, &no_details);
}

static void on_child_gone(void *owner, int64_t status, int signal)
{
	const struct details details = {.exit = {.status = status, .signal = signal}};

	handle(owner, SLOT_EV_EXIT, &details);
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
	const struct child_command command = {slot->program, no_arguments, NULL};
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
	handle(slot, SLOT_EV_START, &no_details);
	/* a process that does not even take its setup ends, and is then reported as any other */
	(void)child_send(slot->child, setup, fds, fd_count);
	return 0;
}

int slot_run(struct slot *slot, void *job, struct msg_job *msg, const int *fds, size_t fd_count,
	uint64_t timeout_ms, struct buf *room)
{
	struct details details = {.timeout_ms = timeout_ms};
	struct msg packet = {.type = MSG_JOB};
	int result;

	if (slot->state != SLOT_IDLE) {
		return -EBUSY;
	}
	msg->job = slot->number + 1;
	packet.job = *msg;
	result = msg_encode(&packet, room);
	if (result == 0) {
		result = child_send(slot->child, room, fds, fd_count);
	}
	if (result < 0) {
		return result;
	}
	slot->number++;
	slot->job = job;
	slot->heard = false;
	slot->end = SLOT_END_ITSELF;
	handle(slot, SLOT_EV_JOB, &details);
	return 0;
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
	const struct details details = {.reason = reason};

	handle(slot, SLOT_EV_CANCEL, &details);
}

void slot_drain(struct slot *slot)
{
	handle(slot, SLOT_EV_DRAIN, &no_details);
}

void slot_kill(struct slot *slot)
{
	handle(slot, SLOT_EV_KILL, &no_details);
}

void slot_kill_greedy(struct slot *slot, enum slot_end end)
{
	const struct details details = {.end = end};

	handle(slot, SLOT_EV_KILL, &details);
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

bool slot_handles(enum slot_state state, enum slot_event event)
{
	return table[state][event] != NULL;
}
