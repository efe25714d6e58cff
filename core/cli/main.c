#include <signal.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/help.h"

/* A line without a command to run: help, or what is missing. */
static int run_without_command(struct cli *cli, const struct args *args)
{
	struct buf text = {0};
	int result;

	if (args_has(args, "help")) {
		if (args->group) {
			help_add_group(&text, args->group);
		} else {
			help_add_program(&text);
		}
		return cli_print(cli, &text);
	}
	if (!args->group) {
		return cli_fail_usage(cli, "a command is missing; formy help lists them all");
	}
	help_add_group_words(&text, args->group);
	result = cli_fail_usage(cli, "\"%s\" needs a second word: %s", args->group,
		buf_failed(&text) ? "see formy help" : buf_cstr(&text));
	buf_finish(&text);
	return result;
}

static int run(struct cli *cli, const struct args *args)
{
	struct buf text = {0};

	if (args_has(args, "version")) {
		return cmd_version.run(cli, args);
	}
	if (!args->command) {
		return run_without_command(cli, args);
	}
	if (args_has(args, "help")) {
		help_add_command(&text, args->command);
		return cli_print(cli, &text);
	}
	return args->command->run(cli, args);
}

int main(int argc, char **argv)
{
	struct cli cli;
	struct args args;
	struct err err = {{0}};
	int result = args_parse(&args, argc, argv, &err);
	int flushed;

	/* a reader that goes away is seen by cli_flush() */
	(void)signal(SIGPIPE, SIG_IGN);
	cli_init(&cli, &args);
	if (result < 0) {
		result = cli_fail_usage(&cli, "%s", err.text);
	} else {
		result = run(&cli, &args);
	}
	flushed = cli_flush(&cli);
	cli_finish(&cli);
	args_finish(&args);
	return result == EXIT_OK ? flushed : result;
}
