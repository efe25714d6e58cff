/* One page of memory that the supervisor writes and an executor only reads: "stop job N".
 *
 * An executor is busy in a plugin when a cancel comes, and must not read its socket then. So the
 * word stands in shared memory, and asking for it costs as much as reading a variable. The memory
 * is sealed before the executor gets it: no plugin can write to it. */
#ifndef FORMY_WIRE_CONTROL_H
#define FORMY_WIRE_CONTROL_H

#include <stdatomic.h>
#include <stdint.h>

enum control_reason {
	CONTROL_CANCELLED = 1, /* somebody cancelled or deleted the task */
	CONTROL_TIMEOUT,       /* its time is up */
	CONTROL_SHUTDOWN,      /* the worker goes down, or lost the task's lease */
};

struct control_page {
	/* job number * 4 + control_reason: the job that is to stop; 0: none */
	_Atomic uint64_t stop;
};

/* Makes the page and its descriptor (close-on-exec), written by this process alone. The page is
 * freed by control_unmap, the descriptor closed by the caller. 0 or a negative errno. */
int control_create(struct control_page **ret_page, int *ret_fd);

/* Maps a page that another process made, for reading. NULL when it cannot be. */
const struct control_page *control_map(int fd);

/* Takes NULL. */
void control_unmap(const struct control_page *page);

/* Says that a job is to stop, from now on. */
void control_stop(struct control_page *page, uint64_t job, enum control_reason reason);

/* The reason why this job is to stop, or 0. Any thread. */
unsigned control_stopped(const struct control_page *page, uint64_t job);

#endif
