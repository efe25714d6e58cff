#include "base/buf.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/commands.h"

static int run(struct cli *cli, const struct args *args)
{
	struct buf text = {0};

	(void)args;
	if (cli->json) {
		return cli_print_object(cli, "version", formy_client_version(), (const char *)NULL);
	}
	buf_printf(&text, "formy %s\n", formy_client_version());
	return cli_print(cli, &text);
}

const struct command cmd_version = {
	.words = "version",
	.summary = "prints the version",
	.examples =
		(const struct example[]){
			{"formy version", "which Formy this is"},
			{0},
		},
	.run = run,
};
