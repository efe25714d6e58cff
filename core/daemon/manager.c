#include "daemon/manager.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/catalog.h"
#include "daemon/supervisor.h"

/* Longer than the beat, so that a late one does not cost the rest of a stop. */
#define EXTEND_US 15000000

static void tell_status(struct supervisor *sup)
{
	char text[sizeof(sup->manager_status)];

	(void)snprintf(text, sizeof(text),
		"%s: %zu modes, %u executors, %zu running, %" PRIu64 " done, %" PRIu64 " failed%s",
		sup->phase == PHASE_STARTING          ? "starting"
			: sup->phase == PHASE_SERVING ? "serving"
						      : "stopping",
		sup->catalog->mode_count, sup->place_count, sup->running.count, sup->done_count,
		sup->failed_count, sup->redis_why[0] ? "; no connection to Redis" : "");
	if (strcmp(text, sup->manager_status) != 0) {
		(void)text_copy(sup->manager_status, sizeof(sup->manager_status), text);
		(void)notify_send(&sup->notify, "STATUS=%s", text);
	}
}

void manager_ready(struct supervisor *sup)
{
	(void)notify_send(&sup->notify, "READY=1");
	tell_status(sup);
}

void manager_reloading(struct supervisor *sup)
{
	notify_reloading(&sup->notify);
}

void manager_stopping(struct supervisor *sup)
{
	(void)notify_send(&sup->notify, "STOPPING=1\nEXTEND_TIMEOUT_USEC=%d", EXTEND_US);
	tell_status(sup);
}

void manager_beat(struct supervisor *sup)
{
	uint64_t now = clock_mono_ms();

	if (sup->notify.watchdog_ms > 0 && now - sup->watchdog_fed_ms >= sup->notify.watchdog_ms) {
		sup->watchdog_fed_ms = now;
		(void)notify_send(&sup->notify, "WATCHDOG=1");
	}
	if (sup->phase == PHASE_DRAINING || sup->phase == PHASE_LEAVING) {
		(void)notify_send(&sup->notify, "EXTEND_TIMEOUT_USEC=%d", EXTEND_US);
	}
	tell_status(sup);
}
