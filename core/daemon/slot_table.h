/* The machine of a slot: what each event does in each state. For slot.c alone. */
#ifndef FORMY_DAEMON_SLOT_TABLE_H
#define FORMY_DAEMON_SLOT_TABLE_H

#include <stdint.h>

#include "daemon/slot.h"

/* What comes with an event. */
struct slot_details {
	const struct msg *msg;      /* READY REFUSED PROGRESS OUTCOME */
	enum control_reason reason; /* CANCEL */
	void *job;                  /* JOB */
	uint64_t timeout_ms;        /* JOB */
	struct slot_exit exit;      /* EXIT */
	enum slot_end end;          /* KILL; SLOT_END_ITSELF: the owner wanted it */
};

/* Answers an event. One that cannot happen in this state is logged as a bug. */
void slot_handle(struct slot *slot, enum slot_event event, const struct slot_details *details);

#endif
