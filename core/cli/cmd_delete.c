#include "cli/change_task.h"
#include "cli/commands.h"

static int run(struct cli *cli, const struct args *args)
{
	return change_task(cli, args, formy_task_delete, "deleted", "deleted");
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
