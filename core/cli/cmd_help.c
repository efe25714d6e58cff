#include <string.h>

#include "base/buf.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/help.h"

static int run(struct cli *cli, const struct args *args)
{
	const char *first = args_operand(args, 0);
	const char *second = args_operand(args, 1);
	const struct command *command;
	struct buf words = {0};
	struct buf text = {0};
	int result = EXIT_OK;

	if (!first) {
		help_add_program(&text);
		return cli_print(cli, &text);
	}
	buf_printf(&words, "%s%s%s", first, second ? " " : "", second ? second : "");
	if (buf_failed(&words)) {
		return cli_fail(cli, "out of memory");
	}
	command = command_find(buf_cstr(&words));
	if (command) {
		help_add_command(&text, command);
	} else if (!second && command_is_group(first)) {
		help_add_group(&text, first);
	} else {
		const char *like = command_like(buf_cstr(&words));

		result = cli_fail_usage(cli, "unknown command \"%s\"; %s%s", buf_cstr(&words),
			like ? "did you mean formy help " : "formy help lists them all",
			like ? like : "");
	}
	buf_finish(&words);
	return result == EXIT_OK ? cli_print(cli, &text) : result;
}

const struct command cmd_help = {
	.words = "help",
	.summary = "explains a command",
	.operands =
		(const struct operand_spec[]){
			{"COMMAND", "its first word; none: lists all commands", VALUE_PLAIN, true},
			{"WORD", "its second word, where it has two", VALUE_PLAIN, true},
			{0},
		},
	.examples =
		(const struct example[]){
			{"formy help submit", "a command of one word"},
			{"formy help image put", "a command of two"},
			{0},
		},
	.run = run,
};
