#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/engine_view.h"
#include "cli/names.h"
#include "cli/table.h"
#include "cli/text.h"

/* "comfy: nobody answers at ...", for each engine that is down, and once for modes that share why. */
static void add_down(struct buf *out, struct json_object *worker)
{
	struct json_object *engines = json_member(worker, "engines");
	size_t count = json_object_is_type(engines, json_type_array)
		? json_object_array_length(engines)
		: 0;
	struct buf one = {0};

	for (size_t i = 0; i < count; i++) {
		struct json_object *engine = json_object_array_get_idx(engines, i);
		const char *state = engine_text(engine, "state");
		const char *name = engine_text(engine, "engine");
		const char *why = engine_text(engine, "last_error");

		if (!state || strcmp(state, "down") != 0) {
			continue;
		}
		buf_clear(&one);
		buf_printf(&one, "%s: %s", name ? name : "?", why ? why : "?");
		if (buf_failed(&one) || (out->len > 0 && strstr(buf_cstr(out), buf_cstr(&one)))) {
			continue;
		}
		buf_printf(out, "%s%s", out->len > 0 ? "; " : "", buf_cstr(&one));
	}
	buf_finish(&one);
}

static void add_row(struct table *table, const formy_worker *worker, struct json_object *json)
{
	struct buf modes = {0};
	struct buf down = {0};
	char started[CLOCK_TEXT_SIZE];
	char executors[24];
	char running[24];

	add_down(&down, json);
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
			{down.len > 0 ? buf_cstr(&down) : NULL, PAINT_BAD},
		});
	buf_finish(&modes);
	buf_finish(&down);
}

static int run(struct cli *cli, const struct args *args)
{
	static const char *const titles[] = {"WORKER", "VERSION", ">EXECUTORS", ">RUNNING",
		"STARTED", "MODES", "ENGINES DOWN", NULL};
	formy_client *client = NULL;
	formy_workers *workers = NULL;
	struct json_object *all = NULL;
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
		/* the list of engines stands in the JSON alone */
		(void)json_parse(workers->json, strlen(workers->json), SIZE_MAX / 2, NULL, &all);
		table_init(&table, titles);
		for (size_t i = 0; i < workers->count; i++) {
			add_row(&table, &workers->workers[i],
				json_object_is_type(all, json_type_array)
					? json_object_array_get_idx(all, i)
					: NULL);
		}
		table_add_to(&text, &table, cli->color);
		table_finish(&table);
		result = cli_print(cli, &text);
		json_object_put(all);
	}
	formy_workers_free(workers);
	return result;
}

const struct command cmd_worker_list = {
	.words = "worker list",
	.summary = "shows the workers that are alive",
	.notes =
		"ENGINES DOWN has each engine that cannot work now, and why; formy engine list has "
		"more of it.",
	.examples =
		(const struct example[]){
			{"formy worker list", "who serves which modes"},
			{"formy worker list --json | jq -r '.[].name'", "their names"},
			{0},
		},
	.run = run,
};
