#include "cli/args.h"
#include "cli/cli.h"
#include "cli/commands.h"

static int run(struct cli *cli, const struct args *args)
{
	const char *id = args_operand(args, 0);
	formy_client *client = NULL;
	int result = cli_open_client(cli, &client);

	if (result != EXIT_OK) {
		return result;
	}
	if (formy_task_cancel(client, id) < 0) {
		return cli_fail_client(cli, client);
	}
	if (cli->json) {
		return cli_print_object(
			cli, "task_id", id, "status", "cancelled", (const char *)NULL);
	}
	cli_say(cli, "%s is cancelled", id);
	return EXIT_OK;
}

const struct command cmd_cancel = {
	.words = "cancel",
	.summary = "cancels a task that waits or runs",
	.notes = "Exit codes: 0 it is cancelled now, 1 it had ended already.",
	.operands =
		(const struct operand_spec[]){
			{"ID", "the task's id", VALUE_TASK, false},
			{0},
		},
	.examples =
		(const struct example[]){
			{"formy cancel task_20261117_k3v9x0q2a7", "stops a task for good"},
			{0},
		},
	.run = run,
};
