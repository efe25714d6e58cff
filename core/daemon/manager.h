/* What the service manager hears of this worker (base/notify.h): ready, reloading, stopping, how it
 * is doing, that it is alive.
 *
 * The sign of life comes with the supervisor's beat and from nowhere else, so that a loop that
 * hangs has the service started again. Loop's thread only. */
#ifndef FORMY_DAEMON_MANAGER_H
#define FORMY_DAEMON_MANAGER_H

struct supervisor;

void manager_ready(struct supervisor *sup);
void manager_reloading(struct supervisor *sup);
void manager_stopping(struct supervisor *sup);

/* Once a second: the sign of life when it is due, the status when it changed, more time while the
 * worker stops. */
void manager_beat(struct supervisor *sup);

#endif
