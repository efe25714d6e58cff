#include "cli/change_task.h"
#include "cli/commands.h"

static int run(struct cli *cli, const struct args *args)
{
	return change_task(cli, args, formy_task_retry, "pending", "pending again");
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
