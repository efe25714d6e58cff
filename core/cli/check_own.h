/* `formy plugin check --source`: one run of a mode on a person's own pictures. */
#ifndef FORMY_CLI_CHECK_OWN_H
#define FORMY_CLI_CHECK_OWN_H

struct args;
struct check_target;
struct cli;
struct descriptor;

/* Returns the exit code. */
int check_own(struct cli *cli, const struct args *args, const struct check_target *target,
	const struct descriptor *descriptor);

#endif
