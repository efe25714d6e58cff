/* What others see of this worker: its registration in Redis, for `formy worker list` and
 * `formy plugin list`. */
#ifndef FORMY_DAEMON_STATUS_H
#define FORMY_DAEMON_STATUS_H

struct buf;
struct supervisor;

/* Appends the registration, a JSON object (docs/redis.md). */
void status_registration(const struct supervisor *sup, struct buf *out);

#endif
