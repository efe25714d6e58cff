#include "cli/change_task.h"
#include "cli/commands.h"

static int run(struct cli *cli, const struct args *args)
{
	return change_task(cli, args, formy_task_cancel, "cancelled", "cancelled");
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
