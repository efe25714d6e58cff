#include "base/buf.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/task_view.h"

static int run(struct cli *cli, const struct args *args)
{
	formy_client *client = NULL;
	formy_task_info *task = NULL;
	int result = cli_open_client(cli, &client);

	if (result != EXIT_OK) {
		return result;
	}
	if (formy_task_get(client, args_operand(args, 0), &task) < 0) {
		return cli_fail_client(cli, client);
	}
	if (cli->json) {
		result = cli_print_json(cli, task->json);
	} else {
		struct buf text = {0};

		task_view_add(&text, task, cli->color);
		result = cli_print(cli, &text);
	}
	formy_task_free(task);
	return result;
}

const struct command cmd_get = {
	.words = "get",
	.summary = "shows one task",
	.operands =
		(const struct operand_spec[]){
			{"ID", "the task's id", VALUE_TASK, false},
			{0},
		},
	.examples =
		(const struct example[]){
			{"formy get task_20261117_k3v9x0q2a7", "all that is known of a task"},
			{"formy get task_20261117_k3v9x0q2a7 --json | jq -r .result.output_image",
				"one fact of it, for a script"},
			{0},
		},
	.run = run,
};
