#include <json-c/json.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/engine_view.h"
#include "cli/table.h"
#include "cli/text.h"

static enum paint state_paint(const char *state)
{
	if (!state || strcmp(state, "unknown") == 0) {
		return PAINT_QUIET;
	}
	if (strcmp(state, "busy") == 0) {
		return PAINT_BUSY;
	}
	return strcmp(state, "up") == 0 ? PAINT_GOOD : PAINT_BAD;
}

static void add_age(struct buf *out, const char *time)
{
	int64_t wall_us = 0;

	if (time && clock_parse(time, &wall_us) == 0) {
		int64_t age_us = clock_wall_us() - wall_us;

		text_duration(out, age_us > 0 ? (double)age_us / 1e6 : 0);
		buf_add_text(out, " ago");
	}
}

static void add_row(struct table *table, struct json_object *engine)
{
	struct json_object *report = json_member(engine, "report");
	const char *state = engine_text(engine, "state");
	char in_flight[ENGINE_NUMBER_SIZE];
	char servers[ENGINE_NUMBER_SIZE];
	char queue[ENGINE_NUMBER_SIZE];
	struct buf checked = {0};

	add_age(&checked, engine_text(engine, "checked"));
	table_add_row(table,
		(const struct cell[]){
			{engine_text(engine, "worker"), PAINT_NONE},
			{engine_text(engine, "engine"), PAINT_NONE},
			{engine_text(engine, "type"), PAINT_NONE},
			{engine_text(engine, "mode"), PAINT_NONE},
			{engine_text(engine, "role"), PAINT_NONE},
			{state, state_paint(state)},
			{engine_servers(report, servers), PAINT_NONE},
			{engine_number(engine, "in_flight", in_flight), PAINT_NONE},
			{engine_number(report, "queue", queue), PAINT_NONE},
			{checked.len > 0 ? buf_cstr(&checked) : NULL, PAINT_NONE},
			{engine_text(engine, "last_error"), PAINT_NONE},
		});
	buf_finish(&checked);
}

/* The engines of all workers, each with the name of its worker. NULL: no memory. */
static struct json_object *gather(const char *workers_json)
{
	struct json_object *workers = json_tokener_parse(workers_json);
	struct json_object *all = json_object_new_array();

	for (size_t i = 0; workers && all && i < json_object_array_length(workers); i++) {
		struct json_object *worker = json_object_array_get_idx(workers, i);
		struct json_object *engines = json_member(worker, "engines");
		size_t count = json_object_is_type(engines, json_type_array)
			? json_object_array_length(engines)
			: 0;

		for (size_t k = 0; k < count; k++) {
			struct json_object *engine = json_object_array_get_idx(engines, k);

			json_object_object_add(
				engine, "worker", json_object_get(json_member(worker, "name")));
			json_object_array_add(all, json_object_get(engine));
		}
	}
	json_object_put(workers);
	return all;
}

static int print_table(struct cli *cli, struct json_object *engines)
{
	static const char *const titles[] = {"WORKER", "ENGINE", "TYPE", "MODE", "ROLE", "STATE",
		">SERVERS", ">IN FLIGHT", ">QUEUE", ">CHECKED", "LAST ERROR", NULL};
	struct buf text = {0};
	struct table table;

	if (json_object_array_length(engines) == 0) {
		cli_say(cli, "no living worker has a mode with an engine");
		return EXIT_OK;
	}
	table_init(&table, titles);
	for (size_t i = 0; i < json_object_array_length(engines); i++) {
		add_row(&table, json_object_array_get_idx(engines, i));
	}
	table_add_to(&text, &table, cli->color);
	table_finish(&table);
	return cli_print(cli, &text);
}

static int run(struct cli *cli, const struct args *args)
{
	formy_client *client = NULL;
	formy_workers *workers = NULL;
	struct json_object *engines;
	int result = cli_open_client(cli, &client);

	(void)args;
	if (result != EXIT_OK) {
		return result;
	}
	if (formy_workers_get(client, &workers) < 0) {
		return cli_fail_client(cli, client);
	}
	engines = gather(workers->json);
	if (!engines) {
		result = cli_fail(cli, "out of memory");
	} else {
		result = cli->json ? cli_print_json(cli, json_text(engines))
				   : print_table(cli, engines);
	}
	json_object_put(engines);
	formy_workers_free(workers);
	return result;
}

const struct command cmd_engine_list = {
	.words = "engine list",
	.summary = "shows the engines of the workers, and whether they can work",
	.notes = "A line for each mode with each of its engines. up: it takes tasks; busy: it has "
		 "refused some for want of room; down: it cannot work, its tasks wait or go to the "
		 "fallback, and it is checked again; unknown: its first check is to come. SERVERS "
		 "(ready of all) and QUEUE (jobs that they have, of anybody) are what the last "
		 "check told, which was CHECKED ago: one is made while the engine is down and, "
		 "every half minute, while it is up and a process of it has nothing to do. IN "
		 "FLIGHT are tasks of this worker that are with the engine now. LAST ERROR is why "
		 "it is down, or was last.",
	.examples =
		(const struct example[]){
			{"formy engine list", "what is up, and why something is not"},
			{0},
		},
	.run = run,
};
