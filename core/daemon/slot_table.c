#include "daemon/slot_table.h"

#include <signal.h>
#include <stddef.h>

#include "base/log.h"
#include "daemon/child.h"
#include "daemon/deadline.h"
#include "daemon/slot_next.h"
#include "wire/msg.h"

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
		slot_handle(slot, SLOT_EV_DEADLINE, &(struct slot_details){0});
	}
}

/* Enters a state that may last so long; 0: for ever. */
static void enter(struct slot *slot, enum slot_state state, uint64_t most_ms)
{
	slot->state = state;
	slot->entered++;
	if (most_ms > 0) {
		deadline_start(&slot->timer, on_deadline, most_ms);
	} else {
		(void)uv_timer_stop(&slot->timer);
	}
}

static void ignore(struct slot *slot, const struct slot_details *details)
{
	(void)slot;
	(void)details;
}

static void do_start(struct slot *slot, const struct slot_details *details)
{
	(void)details;
	slot->number = 0;
	slot->drain_after = false;
	slot->end = SLOT_END_ITSELF;
	slot->was_ready = false;
	slot->was_confined = false;
	enter(slot, SLOT_STARTING, slot->times.start);
}

static void begin_job(struct slot *slot, void *job, uint64_t most_ms)
{
	slot->number++;
	slot->job = job;
	slot->end = SLOT_END_ITSELF;
	enter(slot, SLOT_RUNNING, most_ms);
}

static void begin_next(struct slot *slot)
{
	struct slot_next next = slot_shift_next(slot);

	begin_job(slot, next.job, next.timeout_ms);
	slot->events->begun(slot->owner, slot);
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

static void do_ready(struct slot *slot, const struct slot_details *details)
{
	(void)details;
	slot->was_ready = true;
	slot->events->ready(slot->owner, slot);
	become_idle(slot);
}

static void do_refused(struct slot *slot, const struct slot_details *details)
{
	const struct msg_refused *refused = &details->msg->refused;

	enter(slot, SLOT_DRAINING, slot->times.finish);
	child_hang_up(slot->child);
	slot->events->refused(slot->owner, slot, refused->code, refused->message);
}

static void do_job(struct slot *slot, const struct slot_details *details)
{
	begin_job(slot, details->job, details->timeout_ms);
}

static void do_next_job(struct slot *slot, const struct slot_details *details)
{
	slot->next[slot->next_count++] = (struct slot_next){details->job, details->timeout_ms};
}

static void do_progress(struct slot *slot, const struct slot_details *details)
{
	if (details->msg->progress.job == slot->number) {
		slot->events->progress(slot->owner, slot, &details->msg->progress);
	}
}

static void do_kill(struct slot *slot, enum slot_end end)
{
	slot->end = end;
	enter(slot, SLOT_KILLING, slot->times.finish);
	slot_return_next(slot);
	child_kill(slot->child, SIGKILL);
}

static void on_garbage(struct slot *slot, const struct slot_details *details)
{
	(void)details;
	do_kill(slot, SLOT_END_GARBAGE);
}

static void do_outcome(struct slot *slot, const struct slot_details *details)
{
	if (details->msg->outcome.job != slot->number) {
		do_kill(slot, SLOT_END_GARBAGE);
		return;
	}
	slot->events->outcome(slot->owner, slot, &details->msg->outcome);
	slot->job = NULL;
	slot->drain_after = slot->drain_after || details->msg->outcome.last;
	if (slot->drain_after) {
		slot_return_next(slot);
	}
	/* one that is about to be ended may have begun the next one all the same */
	if (slot->next_count > 0) {
		begin_next(slot);
	} else {
		become_idle(slot);
	}
}

static void do_cancel(struct slot *slot, const struct slot_details *details)
{
	slot->end = details->reason == CONTROL_TIMEOUT ? SLOT_END_TIMEOUT : SLOT_END_CANCELLED;
	control_stop(child_control(slot->child), slot->number, details->reason);
	enter(slot, SLOT_CANCELLING, slot->times.grace);
	slot_return_next(slot);
}

static void on_job_deadline(struct slot *slot, const struct slot_details *details)
{
	const struct slot_details timeout = {.reason = CONTROL_TIMEOUT};

	(void)details;
	do_cancel(slot, &timeout);
}

static void on_grace_over(struct slot *slot, const struct slot_details *details)
{
	(void)details;
	do_kill(slot, slot->end);
}

static void on_start_deadline(struct slot *slot, const struct slot_details *details)
{
	(void)details;
	do_kill(slot, SLOT_END_START);
}

static void on_drain_deadline(struct slot *slot, const struct slot_details *details)
{
	(void)details;
	do_kill(slot, slot->end);
}

/* A process that survives SIGKILL hangs in the kernel: nothing but waiting helps. */
static void on_kill_deadline(struct slot *slot, const struct slot_details *details)
{
	(void)details;
	log_warning("executor does not die", LOG_I("pid", child_pid(slot->child)),
		LOG_I("slot", slot->index));
	do_kill(slot, slot->end);
}

static void on_kill(struct slot *slot, const struct slot_details *details)
{
	do_kill(slot, details->end == SLOT_END_ITSELF ? SLOT_END_KILLED : details->end);
}

/* The channel is closed: the process is ending or of no use. SIGKILL changes nothing for one that
 * is ending: its status is already decided. */
static void on_eof(struct slot *slot, const struct slot_details *details)
{
	(void)details;
	do_kill(slot, slot->state == SLOT_CANCELLING ? slot->end : SLOT_END_ITSELF);
}

static void do_drain_idle(struct slot *slot, const struct slot_details *details)
{
	(void)details;
	enter(slot, SLOT_DRAINING, slot->times.finish);
	child_hang_up(slot->child);
}

static void do_drain_after(struct slot *slot, const struct slot_details *details)
{
	(void)details;
	slot->drain_after = true;
	slot_return_next(slot);
}

static void do_exit(struct slot *slot, const struct slot_details *details)
{
	struct slot_exit end = details->exit;
	uint64_t unread = slot_take_unread(slot);

	end.end = slot->end;
	end.ready = slot->was_ready;
	end.unstarted = slot->job && unread == slot->number;
	enter(slot, SLOT_DEAD, 0);
	child_release(slot->child);
	slot->child = NULL;
	if (unread > 0) {
		slot_hand_back(slot, unread);
	}
	if (slot->job) {
		slot->events->lost(slot->owner, slot, &end);
		slot->job = NULL;
	}
	while (slot->next_count > 0) {
		/* read, and never told of: who can say what became of it */
		slot->job = slot_shift_next(slot).job;
		slot->events->begun(slot->owner, slot);
		end.unstarted = false;
		slot->events->lost(slot->owner, slot, &end);
		slot->job = NULL;
	}
	slot->events->ended(slot->owner, slot, &end);
	slot->events->free(slot->owner, slot);
}

typedef void (*handler)(struct slot *slot, const struct slot_details *details);

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
			[SLOT_EV_JOB] = do_next_job,
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

void slot_handle(struct slot *slot, enum slot_event event, const struct slot_details *details)
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

bool slot_handles(enum slot_state state, enum slot_event event)
{
	return table[state][event] != NULL;
}
