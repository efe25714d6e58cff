#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/table.h"

#define NUMBER_SIZE 24

static const char *number(char text[NUMBER_SIZE], int64_t value)
{
	(void)snprintf(text, NUMBER_SIZE, "%" PRId64, value);
	return text;
}

static void add_totals(struct buf *out, const formy_stats *stats, bool color)
{
	char texts[7][NUMBER_SIZE];
	const struct pair pairs[] = {
		{"pending", number(texts[0], stats->pending), PAINT_NONE},
		{"delayed", number(texts[1], stats->delayed), PAINT_NONE},
		{"processing", number(texts[2], stats->processing), PAINT_BUSY},
		{"done", number(texts[3], stats->done), PAINT_GOOD},
		{"failed", number(texts[4], stats->failed), PAINT_BAD},
		{"cancelled", number(texts[5], stats->cancelled), PAINT_QUIET},
		{"total_tasks", number(texts[6], stats->total_tasks), PAINT_NONE},
		{NULL, NULL, PAINT_NONE},
	};

	table_add_pairs(out, pairs, color);
}

static void add_modes(struct buf *out, const formy_stats *stats, bool color)
{
	static const char *const titles[] = {
		"MODE", ">WORKERS", ">WAITING", ">PROCESSING", ">DONE", ">FAILED", NULL};
	struct table table;

	if (stats->mode_count == 0) {
		return;
	}
	table_init(&table, titles);
	for (size_t i = 0; i < stats->mode_count; i++) {
		const formy_mode_stats *mode = &stats->modes[i];
		char texts[5][NUMBER_SIZE];

		table_add_row(&table,
			(const struct cell[]){
				{mode->name, PAINT_NONE},
				{number(texts[4], mode->workers), PAINT_NONE},
				{number(texts[0], mode->waiting), PAINT_NONE},
				{number(texts[1], mode->processing), PAINT_NONE},
				{number(texts[2], mode->done), PAINT_NONE},
				{number(texts[3], mode->failed), PAINT_NONE},
			});
	}
	buf_add_char(out, '\n');
	table_add_to(out, &table, color);
	table_finish(&table);
}

/* What no living worker serves waits for one, without any error. */
static void add_orphans(struct buf *out, const formy_stats *stats)
{
	for (size_t i = 0; i < stats->mode_count; i++) {
		const formy_mode_stats *mode = &stats->modes[i];

		if (mode->waiting > 0 && mode->workers == 0) {
			buf_printf(out,
				"\nNo living worker serves %s: %" PRId64
				" of its tasks wait for one.\n",
				mode->name, mode->waiting);
		}
	}
}

static void add_workers(struct buf *out, const formy_stats *stats, bool color)
{
	static const char *const titles[] = {"WORKER", ">PROCESSING", NULL};
	struct table table;

	if (stats->worker_count == 0) {
		return;
	}
	table_init(&table, titles);
	for (size_t i = 0; i < stats->worker_count; i++) {
		char text[NUMBER_SIZE];

		table_add_row(&table,
			(const struct cell[]){
				{stats->workers[i].name, PAINT_NONE},
				{number(text, stats->workers[i].processing), PAINT_NONE},
			});
	}
	buf_add_char(out, '\n');
	table_add_to(out, &table, color);
	table_finish(&table);
}

static int run(struct cli *cli, const struct args *args)
{
	formy_client *client = NULL;
	formy_stats *stats = NULL;
	struct buf text = {0};
	int result = cli_open_client(cli, &client);

	(void)args;
	if (result != EXIT_OK) {
		return result;
	}
	if (formy_stats_get(client, &stats) < 0) {
		return cli_fail_client(cli, client);
	}
	if (cli->json) {
		result = cli_print_json(cli, stats->json);
	} else {
		add_totals(&text, stats, cli->color);
		add_modes(&text, stats, cli->color);
		add_workers(&text, stats, cli->color);
		add_orphans(&text, stats);
		result = cli_print(cli, &text);
	}
	formy_stats_free(stats);
	return result;
}

const struct command cmd_stats = {
	.words = "stats",
	.summary = "counts tasks by status, mode and worker",
	.notes = "delayed tasks are pending ones that wait for their time: a retry, or a later "
		 "start.",
	.examples =
		(const struct example[]){
			{"formy stats", "how much there is to do"},
			{"formy stats --json | jq .pending", "one number, for a script"},
			{0},
		},
	.run = run,
};
