/* A trial: one executor of every mode is started, to see whether it opens its plugins and engine.
 * For formyd -t: models that are missing and settings that a plugin refuses show only then. */
#ifndef FORMY_DAEMON_TRIAL_H
#define FORMY_DAEMON_TRIAL_H

#include <uv.h>

struct catalog;
struct mode;

/* A mode whose executor does not get ready, and why. */
typedef void trial_problem_fn(const struct mode *mode, const char *why, void *arg);

/* Tries all modes, one after another, while it runs the loop, which must have nothing else to do.
 * 0 or a negative errno. */
int trial_run(uv_loop_t *loop, const char *program, struct catalog *catalog,
	trial_problem_fn *problem, void *arg);

#endif
