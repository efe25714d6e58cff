/* The jobs that wait in the channel of a slot's process. For the slot's own files alone. */
#ifndef FORMY_DAEMON_SLOT_NEXT_H
#define FORMY_DAEMON_SLOT_NEXT_H

#include <stdint.h>

#include "daemon/slot.h"

/* Takes all that the process has not read out of its channel. The oldest job, or 0: it has read all. */
uint64_t slot_take_unread(struct slot *slot);

/* Those that wait from this number on were taken out of the channel: they are the owner's again. */
void slot_hand_back(struct slot *slot, uint64_t first);

/* As slot_take_back; there is a process. */
void slot_return_next(struct slot *slot);

/* Takes the first of those that wait, of which there is one. */
struct slot_next slot_shift_next(struct slot *slot);

#endif
