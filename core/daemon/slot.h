/* One place for an executor: which process is in it, what it does, and how it is ended.
 *
 * A slot is a machine of states and events, one small function a pair (the table in slot_table.c, drawn
 * in docs/architecture.md). Whatever a plugin does - answers, hangs, crashes, writes garbage - is
 * an event, and every state has an answer to it. The owner starts a process for a mode, gives it
 * a job, and some more that wait in the process's channel, and hears through the callbacks how each
 * job ended, exactly once. Those that wait begin without the process waiting for anybody; until they
 * do they can be taken back, whatever the process is at.
 *
 * Not threaded: all calls and callbacks on the loop's thread. The owner may call into the slot
 * from a callback. */
#ifndef FORMY_DAEMON_SLOT_H
#define FORMY_DAEMON_SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "wire/control.h"
#include "wire/msg.h"

struct buf;
struct child;
struct err;
struct slot;

enum slot_state {
	SLOT_DEAD,       /* no process */
	SLOT_STARTING,   /* loads its plugins */
	SLOT_IDLE,       /* waits for a job */
	SLOT_RUNNING,    /* has a job */
	SLOT_CANCELLING, /* has a job that was told to stop */
	SLOT_DRAINING,   /* told to end, no job */
	SLOT_KILLING,    /* sent SIGKILL; a job that it had ends with the process */
	SLOT_STATES
};

enum slot_event {
	SLOT_EV_START,    /* owner: begin a process */
	SLOT_EV_READY,    /* executor: plugins opened */
	SLOT_EV_REFUSED,  /* executor: cannot serve the mode */
	SLOT_EV_JOB,      /* owner: run this, now or later */
	SLOT_EV_PROGRESS, /* executor */
	SLOT_EV_OUTCOME,  /* executor: the job ended */
	SLOT_EV_CANCEL,   /* owner: stop the job */
	SLOT_EV_DRAIN,    /* owner: end, after the job if there is one */
	SLOT_EV_KILL,     /* owner: end now */
	SLOT_EV_DEADLINE, /* the state's time is up */
	SLOT_EV_GARBAGE,  /* executor: sent what it may not send now */
	SLOT_EV_EOF,      /* executor: closed the channel */
	SLOT_EV_EXIT,     /* the process ended */
	SLOT_EVENTS
};

/* Why a process was killed, or that it was not. */
enum slot_end {
	SLOT_END_ITSELF,    /* it crashed or exited */
	SLOT_END_TIMEOUT,   /* the job's time was up and it did not stop */
	SLOT_END_CANCELLED, /* told to stop, and did not */
	SLOT_END_GARBAGE,   /* it broke the protocol */
	SLOT_END_START,     /* it did not get ready in time */
	SLOT_END_KILLED,    /* the owner wanted it */
	SLOT_END_GREEDY,    /* it wrote more files than it may */
	SLOT_END_THREADS,   /* it started more threads than it may */
};

struct slot_exit {
	enum slot_end end;
	int64_t status;
	int signal;     /* 0: exited by itself with status */
	bool ready;     /* it had opened its plugins */
	bool unstarted; /* it had a job, and never took it out of its channel */
};

struct slot_events {
	/* The process has opened its plugins, or cannot. */
	void (*ready)(void *owner, struct slot *slot);
	void (*refused)(void *owner, struct slot *slot, const char *code, const char *message);

	/* What confines the process, before a plugin is loaded: comes once, before the others. */
	void (*confined)(void *owner, struct slot *slot, const struct msg_confined *confined);

	void (*progress)(void *owner, struct slot *slot, const struct msg_progress *progress);
	void (*log)(void *owner, struct slot *slot, const struct msg_log *log);

	/* Something to be kept for the job; answered by slot_kept(). */
	void (*memo)(void *owner, struct slot *slot, const struct msg_memo *memo);

	void (*line)(void *owner, struct slot *slot, const char *text);

	/* The job ended: by an answer, or (lost) with its process. slot->job is still set. */
	void (*outcome)(void *owner, struct slot *slot, const struct msg_outcome *outcome);
	void (*lost)(void *owner, struct slot *slot, const struct slot_exit *exit);

	/* The process ended; comes after lost. */
	void (*ended)(void *owner, struct slot *slot, const struct slot_exit *exit);

	/* A job that waited in the channel begins: it is slot->job. Comes after the outcome of the one
	 * before. */
	void (*begun)(void *owner, struct slot *slot);

	/* A job that waited in the channel is the owner's again: no process has seen it. Of several the
	 * last one comes first. */
	void (*returned)(void *owner, struct slot *slot, void *job);

	/* The slot is idle or dead: it can be used. Comes last. */
	void (*free)(void *owner, struct slot *slot);
};

/* How long a process may take, in milliseconds. */
struct slot_times {
	uint64_t start;  /* to open its plugins */
	uint64_t grace;  /* to stop a job that it is told to stop */
	uint64_t finish; /* to end when the channel was closed */
};

#define SLOT_NEXT_MOST 7

struct slot_next {
	void *job; /* the owner's */
	uint64_t timeout_ms;
};

struct slot {
	const struct slot_events *events;
	void *owner;
	const char *program; /* path of formy-executor */
	struct slot_times times;
	uv_loop_t *loop;
	uv_timer_t timer;
	unsigned index;

	enum slot_state state;
	struct child *child;
	void *mode;      /* the owner's: what the process serves; set by slot_start */
	void *job;       /* the owner's: what it works on; NULL when it has none */
	uint64_t number; /* of the job, or of the last one; those that wait have the next ones */
	struct slot_next next[SLOT_NEXT_MOST]; /* what waits in the channel, in its order */
	unsigned next_count;
	bool drain_after;
	unsigned entered; /* how often a state was */
	enum slot_end end;
	bool was_ready;
	bool was_confined;
};

/* The slot does not move in memory until slot_finish's callback has been called. */
int slot_init(struct slot *slot, uv_loop_t *loop, unsigned index, const char *program,
	const struct slot_times *times, const struct slot_events *events, void *owner);

/* Kills what runs and closes the slot; no callbacks come but `closed`. */
void slot_finish(struct slot *slot, uv_close_cb closed);

/* Starts a process for a mode in a dead slot; setup is its first packet, with which descriptors may
 * go. 0 or a negative errno. */
int slot_start(struct slot *slot, void *mode, const struct buf *setup, const int *fds,
	size_t fd_count, struct err *err);

/* Gives an idle slot its job, or one whose job runs another, of which SLOT_NEXT_MOST may wait; it may
 * take timeout_ms from its beginning. msg's number is set here. 0 or a negative errno, and the slot
 * has not taken it: -EMSGSIZE when the job is larger than a packet. The process must not wait for
 * other packets (KEPT) while jobs are in its channel. */
int slot_run(struct slot *slot, void *job, struct msg_job *msg, const int *fds, size_t fd_count,
	uint64_t timeout_ms, struct buf *room);

/* Takes back the jobs that wait in the channel; `returned` is called for each. What then still waits
 * the process has begun, which is heard of with what it sent before. */
void slot_take_back(struct slot *slot);

/* Whether it runs, or waits in the channel. */
bool slot_has(const struct slot *slot, const void *job);

/* Hears what the process has sent, now. Not from within a callback. */
void slot_catch_up(struct slot *slot);

/* Answers a memo of the job: 0 when it is kept, or a negative errno. */
void slot_kept(struct slot *slot, uint64_t number, int result, struct buf *room);

/* Tells the job to stop; if it does not within the grace time, the process is killed. */
void slot_cancel(struct slot *slot, enum control_reason reason);

/* Ends the process: an idle one at once, a busy one after its job. */
void slot_drain(struct slot *slot);

/* Kills the process now. */
void slot_kill(struct slot *slot);

/* The same for one that took too much, SLOT_END_GREEDY or SLOT_END_THREADS: its job counts as
 * crashed. */
void slot_kill_greedy(struct slot *slot, enum slot_end end);

const char *slot_state_name(enum slot_state state);
const char *slot_event_name(enum slot_event event);

/* Why a process ended, in words for a log. */
const char *slot_end_name(enum slot_end end);

/* What the table answers to a pair, for tests and for the drawing: true when it is handled, false
 * when it cannot happen unless there is a bug. */
bool slot_handles(enum slot_state state, enum slot_event event);

#endif
