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
	if (formy_task_delete(client, id) < 0) {
		return cli_fail_client(cli, client);
	}
	if (cli->json) {
		return cli_print_object(
			cli, "task_id", id, "status", "deleted", (const char *)NULL);
	}
	cli_say(cli, "%s is deleted", id);
	return EXIT_OK;
}

const struct command cmd_delete = {
	.words = "delete",
	.summary = "deletes a task that has ended, and its results",
	.notes = "A task that waits or runs must be cancelled before. Uploaded pictures stay.",
	.operands =
		(const struct operand_spec[]){
			{"ID", "the id of a task that is done, failed or cancelled", VALUE_TASK,
				false},
			{0},
		},
	.examples =
		(const struct example[]){
			{"formy delete task_20261117_k3v9x0q2a7", "the task and its pictures"},
			{0},
		},
	.run = run,
};
