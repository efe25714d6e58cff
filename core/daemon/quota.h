/* What an executor may have in all: files in its scratch folder, and threads.
 *
 * The kernel limits each file, and the threads of a user; how many there are, how much all of them
 * take, and how many threads are one executor's is looked at here, a few times a second, on a
 * thread of libuv's pool. An executor that has too much is killed, and its folder emptied as
 * always. Loop's thread only. */
#ifndef FORMY_DAEMON_QUOTA_H
#define FORMY_DAEMON_QUOTA_H

#include <uv.h>

struct supervisor;

/* The timer is a part of the supervisor; close it as any handle. */
void quota_init(struct supervisor *sup, uv_timer_t *timer);

/* A job was given to an executor: looks from now on, until none has one. */
void quota_wake(struct supervisor *sup);

#endif
