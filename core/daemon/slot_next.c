#include "daemon/slot_next.h"

#include <string.h>

#include "daemon/child.h"
#include "daemon/slot.h"
#include "wire/msg.h"

/* The job of the oldest packet that the process has not read; 0 when that is no job, or there is none.
 * *ret_more: there was one. */
static uint64_t unread_job(struct slot *slot, bool take, bool *ret_more)
{
	const void *packet;
	size_t len = child_unread(slot->child, take, &packet);
	struct msg msg;

	*ret_more = len > 0;
	return len > 0 && msg_decode(packet, len, &msg) == 0 && msg.type == MSG_JOB ? msg.job.job
										    : 0;
}

uint64_t slot_take_unread(struct slot *slot)
{
	uint64_t first = 0;
	bool more = true;

	while (more) {
		uint64_t number = unread_job(slot, true, &more);

		first = first == 0 ? number : first;
	}
	return first;
}

void slot_hand_back(struct slot *slot, uint64_t first)
{
	while (slot->next_count > 0 && slot->number + slot->next_count >= first) {
		slot->events->returned(slot->owner, slot, slot->next[--slot->next_count].job);
	}
}

void slot_return_next(struct slot *slot)
{
	uint64_t first;
	bool more;

	/* behind a job that was not read either they have to stay: what is taken cannot be put back */
	if (slot->next_count == 0 || unread_job(slot, false, &more) <= slot->number) {
		return;
	}
	first = slot_take_unread(slot);
	if (first > slot->number) {
		slot_hand_back(slot, first);
	}
}

struct slot_next slot_shift_next(struct slot *slot)
{
	struct slot_next first = slot->next[0];

	slot->next_count--;
	memmove(slot->next, slot->next + 1, slot->next_count * sizeof(first));
	return first;
}
