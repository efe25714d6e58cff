/* How many tasks this worker can take.
 *
 * As many as it has free executors, and some ahead where they are so short that waiting for the next
 * claim would cost more than they do: as much as all executors do in 20 ms. What is long is not claimed
 * ahead, so that no worker hoards what another could run. Loop's thread only. */
#ifndef FORMY_DAEMON_ROOM_H
#define FORMY_DAEMON_ROOM_H

#include <stddef.h>

#include "task/queue.h"

struct mode;
struct supervisor;

/* Tasks that this worker can take beyond those that it holds: its free places, and some ahead
 * where tasks are so short that waiting for the next claim would cost more than they do. Negative
 * when it holds more than that. */
int room_left(const struct supervisor *sup);

/* The same for tasks of one mode, however many others of it may run. */
int room_of_mode(const struct supervisor *sup, const struct mode *mode);

/* Claimed tasks that no executor has begun. */
size_t room_count_waiting(const struct supervisor *sup);

/* The modes for a call that wants so many tasks, LIMIT_MODES at most. Returns their number. */
size_t room_modes(const struct supervisor *sup, unsigned want, struct queue_mode *ret_modes);

/* Of so many tasks, those that the modes together have room for: LIMIT_BATCH at most. */
unsigned room_want(const struct supervisor *sup, unsigned spare);

#endif
