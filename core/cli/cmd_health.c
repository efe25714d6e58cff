#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/commands.h"

/* What keeps tasks from being worked on, or NULL. */
static const char *find_fault(formy_client *client, const char *mode, const formy_workers *workers)
{
	if (!workers) {
		return formy_client_error(client);
	}
	if (workers->count == 0) {
		return "no worker is alive";
	}
	for (size_t i = 0; i < workers->count; i++) {
		for (size_t k = 0; k < workers->workers[i].mode_count; k++) {
			if (!mode || strcmp(workers->workers[i].modes[k], mode) == 0) {
				return NULL;
			}
		}
	}
	return mode ? "no living worker serves that mode" : "the workers serve no mode";
}

static int run(struct cli *cli, const struct args *args)
{
	const char *mode = args_text(args, "mode");
	formy_client *client = NULL;
	formy_workers *workers = NULL;
	struct buf text = {0};
	const char *fault;
	int printed;
	int result = cli_open_client(cli, &client);

	if (result != EXIT_OK) {
		return result;
	}
	(void)formy_workers_get(client, &workers);
	fault = find_fault(client, mode, workers);
	if (cli->json) {
		buf_printf(&text,
			"{\"ok\": %s, \"workers\": %zu, \"reason\": ", fault ? "false" : "true",
			workers ? workers->count : 0);
		if (fault) {
			json_add_string(&text, fault);
		} else {
			buf_add_text(&text, "null");
		}
		buf_add_text(&text, "}\n");
		printed = cli_print(cli, &text);
		result = fault ? EXIT_FAILED : printed;
	} else if (fault) {
		result = cli_fail(cli, "%s; formy doctor looks for the cause", fault);
	} else {
		cli_say(cli, "healthy: Redis answers, %zu %s alive", workers->count,
			workers->count == 1 ? "worker is" : "workers are");
	}
	formy_workers_free(workers);
	return result;
}

const struct command cmd_health = {
	.words = "health",
	.summary = "tells by its exit code whether tasks are worked on",
	.notes = "Exit codes: 0 Redis answers and a living worker serves a mode, 1 not so. For "
		 "probes "
		 "of containers and monitors; -q says nothing but what is wrong.",
	.options =
		(const struct option_spec[]){
			{.name = "mode",
				.type = OPTION_TEXT,
				.value = "MODE",
				.kind = VALUE_MODE,
				.help = "asks for a worker that serves this mode"},
			{0},
		},
	.examples =
		(const struct example[]){
			{"formy -q health", "as a probe"},
			{"formy health --mode HEAD_SWAP --json", "why heads are not swapped"},
			{0},
		},
	.run = run,
};
