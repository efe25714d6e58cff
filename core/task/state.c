#include "task/state.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* One more than the state that follows, so that an empty cell is a refusal. */
#define TO(status) ((status) + 1)

static const signed char next[TASK_STATUS_COUNT][TASK_EVENT_COUNT] = {
	[TASK_PENDING] =
		{
			[TASK_EVENT_CLAIM] = TO(TASK_PROCESSING),
			[TASK_EVENT_CANCEL] = TO(TASK_CANCELLED),
		},
	[TASK_PROCESSING] =
		{
			[TASK_EVENT_SUCCEED] = TO(TASK_DONE),
			[TASK_EVENT_FAIL] = TO(TASK_FAILED),
			[TASK_EVENT_RETRY_LATER] = TO(TASK_PENDING),
			[TASK_EVENT_GIVE_BACK] = TO(TASK_PENDING),
			[TASK_EVENT_LOSE_LEASE] = TO(TASK_PENDING),
			[TASK_EVENT_USE_UP] = TO(TASK_FAILED),
			[TASK_EVENT_CANCEL] = TO(TASK_CANCELLED),
		},
	[TASK_DONE] =
		{
			[TASK_EVENT_DELETE] = TO(TASK_GONE),
		},
	[TASK_FAILED] =
		{
			[TASK_EVENT_RETRY] = TO(TASK_PENDING),
			[TASK_EVENT_DELETE] = TO(TASK_GONE),
		},
	[TASK_CANCELLED] =
		{
			[TASK_EVENT_DELETE] = TO(TASK_GONE),
		},
};

static const char *const status_names[TASK_STATUS_COUNT] = {
	[TASK_PENDING] = "pending",
	[TASK_PROCESSING] = "processing",
	[TASK_DONE] = "done",
	[TASK_FAILED] = "failed",
	[TASK_CANCELLED] = "cancelled",
	[TASK_GONE] = "gone",
};

static const char *const event_names[TASK_EVENT_COUNT] = {
	[TASK_EVENT_CLAIM] = "claim",
	[TASK_EVENT_SUCCEED] = "succeed",
	[TASK_EVENT_FAIL] = "fail",
	[TASK_EVENT_RETRY_LATER] = "retry_later",
	[TASK_EVENT_GIVE_BACK] = "give_back",
	[TASK_EVENT_LOSE_LEASE] = "lose_lease",
	[TASK_EVENT_USE_UP] = "use_up",
	[TASK_EVENT_CANCEL] = "cancel",
	[TASK_EVENT_RETRY] = "retry",
	[TASK_EVENT_DELETE] = "delete",
};

int task_state_next(enum task_status status, enum task_event event)
{
	return next[status][event] - 1;
}

int task_status_is_final(enum task_status status)
{
	return status == TASK_DONE || status == TASK_FAILED || status == TASK_CANCELLED;
}

const char *task_status_name(enum task_status status)
{
	return status_names[status];
}

const char *task_event_name(enum task_event event)
{
	return event_names[event];
}

int task_status_parse(const char *text, enum task_status *ret_status)
{
	for (int i = 0; i < TASK_GONE; i++) {
		if (text && strcmp(text, status_names[i]) == 0) {
			*ret_status = (enum task_status)i;
			return 0;
		}
	}
	return -EINVAL;
}
