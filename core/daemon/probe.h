/* Probes: what is in a plugin file, found out by a process that may not survive it.
 *
 * Every file of a registry that is PLUGIN_FOUND, or could not be loaded before, is given to
 * formy-executor in probe mode, a few at a time, each with a deadline. A file that crashes or hangs
 * costs one process and one line of the log. Loop's thread only. */
#ifndef FORMY_DAEMON_PROBE_H
#define FORMY_DAEMON_PROBE_H

#include <uv.h>

struct probe;
struct registry;

typedef void probe_done_fn(void *arg);

/* Probes what is to be probed and calls back once, never from within this call; with nothing to
 * probe too. The registry must live until then. The handle is gone after the callback. 0 or a
 * negative errno, and then there is no callback. */
int probe_all(uv_loop_t *loop, const char *program, struct registry *registry, probe_done_fn *done,
	void *arg, struct probe **ret_probe);

/* Gives up: no callback comes. Takes NULL. */
void probe_cancel(struct probe *probe);

#endif
