/* The command line taken apart by the table of commands.
 *
 * Options may stand anywhere after the words of their command, those of every command also before
 * them: "--name VALUE", "--name=VALUE", "-n VALUE", "-nVALUE", "-qv"; "--" ends them. All texts
 * belong to argv. Knows no Redis and no configuration, and prints nothing. */
#ifndef FORMY_CLI_ARGS_H
#define FORMY_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/command.h"

struct err;

struct arg {
	const struct option_spec *spec;
	const char *text; /* NULL for a flag */
	int64_t number;   /* of an OPTION_NUMBER */
};

struct args {
	const struct command *command; /* NULL when the line names none */
	const char *group;             /* its word, when it names a group and no command of it */
	struct arg *options;
	size_t option_count;
	const char **operands;
	size_t operand_count;
};

/* Takes argv apart, its first entry being the program. Returns 0, -EINVAL with a sentence that says
 * what is wrong, or -ENOMEM; args is then filled as far as it was understood. With --help operands
 * may be missing. Finish it in either case. */
int args_parse(struct args *args, int argc, char *const *argv, struct err *err);

/* Takes a zeroed one. */
void args_finish(struct args *args);

/* An option's last value; NULL, false or the fallback when it was not given. */
const char *args_text(const struct args *args, const char *name);
bool args_has(const struct args *args, const char *name);
int64_t args_number(const struct args *args, const char *name, int64_t fallback);

/* An operand by its place; NULL when it was not given. */
const char *args_operand(const struct args *args, size_t place);

#endif
