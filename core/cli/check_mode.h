/* The cases that a mode goes through in `formy plugin check`, each in a process of its own. */
#ifndef FORMY_CLI_CHECK_MODE_H
#define FORMY_CLI_CHECK_MODE_H

struct check_target;
struct check_voice;
struct descriptor_mode;

/* Without an engine in the target, a fake one answers what the mode asks, well and badly. */
void check_mode(const struct check_target *target, const struct descriptor_mode *mode,
	const struct check_voice *voice);

#endif
