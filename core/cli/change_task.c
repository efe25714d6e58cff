#include "cli/change_task.h"

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/command.h"

int change_task(struct cli *cli, const struct args *args,
	int (*change)(formy_client *client, const char *id), const char *status, const char *says)
{
	const char *id = args_operand(args, 0);
	formy_client *client = NULL;
	int result = cli_open_client(cli, &client);

	if (result != EXIT_OK) {
		return result;
	}
	if (change(client, id) < 0) {
		return cli_fail_client(cli, client);
	}
	if (cli->json) {
		return cli_print_object(cli, "task_id", id, "status", status, (const char *)NULL);
	}
	cli_say(cli, "%s is %s", id, says);
	return EXIT_OK;
}
