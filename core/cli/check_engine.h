/* The cases that an engine goes through in `formy plugin check`: each of its operations is called by
 * a fake mode, in a process of its own. */
#ifndef FORMY_CLI_CHECK_ENGINE_H
#define FORMY_CLI_CHECK_ENGINE_H

#include <stdbool.h>

struct check_target;
struct check_voice;
struct descriptor_engine;

/* The target's plugin is the engine's; its engine_config is the engine's, and whether that is the
 * user's own: an engine may refuse to open without one. */
void check_engine(const struct check_target *target, const struct descriptor_engine *engine,
	bool configured, const struct check_voice *voice);

#endif
