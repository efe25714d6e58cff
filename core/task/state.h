/* The states of a task and what leads from one to another, as a table.
 *
 * The scripts in lua/ hold the same table (lib_state.lua); tests/contract walks both. */
#ifndef FORMY_TASK_STATE_H
#define FORMY_TASK_STATE_H

enum task_status {
	TASK_PENDING,
	TASK_PROCESSING,
	TASK_DONE,
	TASK_FAILED,
	TASK_CANCELLED,
	TASK_GONE, /* no hash: deleted, expired, or never there */
	TASK_STATUS_COUNT
};

enum task_event {
	TASK_EVENT_CLAIM,       /* a worker takes it */
	TASK_EVENT_SUCCEED,     /* the holder reports a result */
	TASK_EVENT_FAIL,        /* the holder reports an error that stays */
	TASK_EVENT_RETRY_LATER, /* the holder reports an error that may pass */
	TASK_EVENT_GIVE_BACK,   /* the holder returns it unfinished */
	TASK_EVENT_LOSE_LEASE,  /* its worker was not heard of in time */
	TASK_EVENT_USE_UP,      /* the same, no crashes are left */
	TASK_EVENT_CANCEL,      /* a person cancels it */
	TASK_EVENT_RETRY,       /* a person makes it pending again */
	TASK_EVENT_DELETE,      /* a person deletes it */
	TASK_EVENT_COUNT
};

#define TASK_REFUSED (-1)

/* The state that follows, or TASK_REFUSED. */
int task_state_next(enum task_status status, enum task_event event);

/* True for done, failed and cancelled. */
int task_status_is_final(enum task_status status);

/* "pending", ...; "gone". */
const char *task_status_name(enum task_status status);
const char *task_event_name(enum task_event event);

/* 0, or -EINVAL for a text that is not one of the contract's five. */
int task_status_parse(const char *text, enum task_status *ret_status);

#endif
