#include <poll.h>
#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/commands.h"

#define PATIENCE_MS 10000 /* a worker tells of itself every few seconds */
#define LOOK_EVERY_MS 100

static bool is_meant(const formy_worker_plugin *plugin, const char *id)
{
	return plugin->id && strcmp(plugin->id, id) == 0;
}

/* How many workers have the plugin, and have it in quarantine. FORMY_CLIENT_OK or the failure. */
static int count(formy_client *client, const char *id, size_t *ret_known, size_t *ret_quarantined)
{
	formy_workers *workers = NULL;
	int result = formy_workers_get(client, &workers);

	if (result < 0) {
		return result;
	}
	*ret_known = 0;
	*ret_quarantined = 0;
	for (size_t i = 0; i < workers->count; i++) {
		const formy_worker *worker = &workers->workers[i];

		for (size_t j = 0; j < worker->plugin_count; j++) {
			const formy_worker_plugin *plugin = &worker->plugins[j];

			if (is_meant(plugin, id)) {
				(*ret_known)++;
				*ret_quarantined +=
					plugin->state && strcmp(plugin->state, "quarantined") == 0;
			}
		}
	}
	formy_workers_free(workers);
	return FORMY_CLIENT_OK;
}

static int run(struct cli *cli, const struct args *args)
{
	const char *id = args_operand(args, 0);
	uint64_t deadline_ms = clock_mono_ms() + PATIENCE_MS;
	formy_client *client = NULL;
	size_t known = 0;
	size_t left = 0;
	int result = cli_open_client(cli, &client);

	if (result != EXIT_OK) {
		return result;
	}
	if (count(client, id, &known, &left) < 0) {
		return cli_fail_client(cli, client);
	}
	if (known == 0) {
		return cli_fail(cli, "no worker has a plugin of id %s; see formy plugin list", id);
	}
	if (left == 0) {
		return cli_fail(cli, "no worker has %s in quarantine; see formy plugin list", id);
	}
	if (formy_plugin_release(client, id) < 0) {
		return cli_fail_client(cli, client);
	}
	while (left > 0) {
		if (clock_mono_ms() > deadline_ms) {
			return cli_fail(cli,
				"%zu workers still have %s in quarantine; is formyd there running?",
				left, id);
		}
		(void)poll(NULL, 0, LOOK_EVERY_MS);
		if (count(client, id, &known, &left) < 0) {
			return cli_fail_client(cli, client);
		}
	}
	if (cli->json) {
		return cli_print_object(cli, "plugin", id, "state", "released", (const char *)NULL);
	}
	cli_say(cli, "%s is out of quarantine", id);
	return EXIT_OK;
}

const struct command cmd_plugin_release = {
	.words = "plugin release",
	.summary = "lets a plugin that crashed too often serve again",
	.operands =
		(const struct operand_spec[]){
			{"NAME", "the id of a plugin that is quarantined", VALUE_PLAIN, false},
			{0},
		},
	.examples =
		(const struct example[]){
			{"formy plugin release my-filter", "ends its quarantine in all workers"},
			{0},
		},
	.run = run,
};
