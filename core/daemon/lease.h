/* The beat: once a second, and soon after progress, Redis hears what this worker holds; every 2.8 s
 * while it holds nothing.
 *
 * One script call renews the leases, writes progress, and says which tasks are not ours any more:
 * cancelled, deleted or taken over. It also keeps the worker's registration, and every few seconds
 * looks for what dead workers left. */
#ifndef FORMY_DAEMON_LEASE_H
#define FORMY_DAEMON_LEASE_H

#include <stdbool.h>
#include <stdint.h>

struct supervisor;

#define LEASE_MS 10000

/* The timer. 0 or a negative errno. */
int lease_init(struct supervisor *sup);

/* Beats now, if Redis is there and no beat is under way. */
void lease_beat(struct supervisor *sup);

/* Somebody wants to hear of it at once: beats now, or right after the beat that is under way. */
void lease_beat_now(struct supervisor *sup);

/* Whether what this worker holds is its own still, as far as that can be known: not after it was
 * stopped for longer than a lease. */
bool lease_is_sure(const struct supervisor *sup);
uint64_t lease_sure_until(const struct supervisor *sup); /* monotonic, ms */

/* A job was started or made progress: beats soon. */
void lease_beat_soon(struct supervisor *sup);

#endif
