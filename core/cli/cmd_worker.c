#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/names.h"
#include "cli/table.h"
#include "cli/text.h"

static void add_row(struct table *table, const formy_worker *worker)
{
	struct buf modes = {0};
	char started[CLOCK_TEXT_SIZE];
	char executors[24];
	char running[24];

	names_add(&modes, worker->modes, worker->mode_count);
	text_time(worker->started_us, started);
	(void)snprintf(executors, sizeof(executors), "%" PRId64, worker->executors);
	(void)snprintf(running, sizeof(running), "%" PRId64, worker->running);
	table_add_row(table,
		(const struct cell[]){
			{worker->name, PAINT_NONE},
			{worker->version, PAINT_NONE},
			{executors, PAINT_NONE},
			{running, worker->running > 0 ? PAINT_BUSY : PAINT_NONE},
			{started, PAINT_NONE},
			{buf_cstr(&modes), PAINT_NONE},
		});
	buf_finish(&modes);
}

static int run(struct cli *cli, const struct args *args)
{
	static const char *const titles[] = {
		"WORKER", "VERSION", ">EXECUTORS", ">RUNNING", "STARTED", "MODES", NULL};
	formy_client *client = NULL;
	formy_workers *workers = NULL;
	struct buf text = {0};
	struct table table;
	int result = cli_open_client(cli, &client);

	(void)args;
	if (result != EXIT_OK) {
		return result;
	}
	if (formy_workers_get(client, &workers) < 0) {
		return cli_fail_client(cli, client);
	}
	if (cli->json) {
		result = cli_print_json(cli, workers->json);
	} else if (workers->count == 0) {
		cli_say(cli, "no worker is alive; formyd is the worker");
	} else {
		table_init(&table, titles);
		for (size_t i = 0; i < workers->count; i++) {
			add_row(&table, &workers->workers[i]);
		}
		table_add_to(&text, &table, cli->color);
		table_finish(&table);
		result = cli_print(cli, &text);
	}
	formy_workers_free(workers);
	return result;
}

const struct command cmd_worker_list = {
	.words = "worker list",
	.summary = "shows the workers that are alive",
	.examples =
		(const struct example[]){
			{"formy worker list", "who serves which modes"},
			{"formy worker list --json | jq -r '.[].name'", "their names"},
			{0},
		},
	.run = run,
};
