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
	if (formy_task_retry(client, id) < 0) {
		return cli_fail_client(cli, client);
	}
	if (cli->json) {
		return cli_print_object(
			cli, "task_id", id, "status", "pending", (const char *)NULL);
	}
	cli_say(cli, "%s is pending again", id);
	return EXIT_OK;
}

const struct command cmd_retry = {
	.words = "retry",
	.summary = "makes a failed task pending again",
	.operands =
		(const struct operand_spec[]){
			{"ID", "the id of a task that has failed", VALUE_TASK, false},
			{0},
		},
	.examples =
		(const struct example[]){
			{"formy retry task_20261117_k3v9x0q2a7", "tries it once more"},
			{0},
		},
	.run = run,
};
