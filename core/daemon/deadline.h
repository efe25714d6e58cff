/* Timers for what may last so long and no longer. */
#ifndef FORMY_DAEMON_DEADLINE_H
#define FORMY_DAEMON_DEADLINE_H

#include <stdint.h>
#include <uv.h>

/* Calls back once, so long from now on. uv_timer_start() alone counts from where the loop's clock stands,
 * which is when the loop's turn began; this process may have been stopped since, and what begins now
 * would be late at once. */
static inline void deadline_start(uv_timer_t *timer, uv_timer_cb late, uint64_t most_ms)
{
	uv_update_time(timer->loop);
	(void)uv_timer_start(timer, late, most_ms, 0);
}

#endif
