#include <json-c/json.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/names.h"
#include "cli/table.h"

static enum paint state_paint(const char *state)
{
	if (!state || strcmp(state, "off") == 0) {
		return PAINT_QUIET;
	}
	return strcmp(state, "ready") == 0 ? PAINT_GOOD : PAINT_BAD;
}

/* The file's name; in which folder it lies is in the JSON. */
static const char *last_part(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

static void add_row(
	struct table *table, const formy_worker *worker, const formy_worker_plugin *plugin)
{
	struct buf serves = {0};

	names_add(&serves, plugin->modes, plugin->mode_count);
	if (plugin->mode_count > 0 && plugin->engine_count > 0) {
		buf_add_text(&serves, ", ");
	}
	for (size_t i = 0; i < plugin->engine_count; i++) {
		buf_printf(&serves, "%sengine %s", i > 0 ? ", " : "", plugin->engines[i]);
	}
	table_add_row(table,
		(const struct cell[]){
			{worker->name, PAINT_NONE},
			{last_part(plugin->file), PAINT_NONE},
			{plugin->id, PAINT_NONE},
			{plugin->version, PAINT_NONE},
			{plugin->state, state_paint(plugin->state)},
			{plugin->sandbox, PAINT_NONE},
			{plugin->reason ? plugin->reason : buf_cstr(&serves), PAINT_NONE},
		});
	buf_finish(&serves);
}

static int print_table(struct cli *cli, const formy_workers *workers)
{
	static const char *const titles[] = {"WORKER", "FILE", "PLUGIN", "VERSION", "STATE",
		"SANDBOX", "SERVES OR WHY NOT", NULL};
	struct table table;
	struct buf text = {0};
	size_t count = 0;

	table_init(&table, titles);
	for (size_t i = 0; i < workers->count; i++) {
		for (size_t j = 0; j < workers->workers[i].plugin_count; j++) {
			add_row(&table, &workers->workers[i], &workers->workers[i].plugins[j]);
			count++;
		}
	}
	if (count > 0) {
		table_add_to(&text, &table, cli->color);
	} else {
		cli_say(cli,
			workers->count > 0 ? "the workers have found no plugins"
					   : "no worker is alive; formyd is the worker");
	}
	table_finish(&table);
	return cli_print(cli, &text);
}

/* Every plugin of every worker, each with the name of its worker. */
static int print_json(struct cli *cli, const formy_workers *workers)
{
	struct json_object *all = NULL;
	struct buf json = {0};
	const char *text;
	int result;

	if (json_parse(workers->json, strlen(workers->json), SIZE_MAX / 2, NULL, &all) < 0) {
		return cli_fail(cli, "the workers' registrations cannot be understood");
	}
	buf_add_char(&json, '[');
	for (size_t i = 0; i < json_object_array_length(all); i++) {
		struct json_object *worker = json_object_array_get_idx(all, i);
		struct json_object *plugins = json_member(worker, "plugins");
		const char *name = "";

		(void)json_get_string(worker, "name", &name);
		for (size_t j = 0; plugins && json_object_is_type(plugins, json_type_array) &&
			j < json_object_array_length(plugins);
			j++) {
			const char *plugin = json_text(json_object_array_get_idx(plugins, j));

			if (!plugin || plugin[0] != '{') {
				continue;
			}
			buf_add_text(&json, json.len > 1 ? ", {\"worker\": " : "{\"worker\": ");
			json_add_string(&json, name);
			buf_printf(
				&json, "%s%s", strcmp(plugin, "{}") == 0 ? "" : ", ", plugin + 1);
		}
	}
	buf_add_char(&json, ']');
	json_object_put(all);
	text = buf_cstr(&json);
	result = text ? cli_print_json(cli, text) : cli_fail(cli, "out of memory");
	buf_finish(&json);
	return result;
}

static int run(struct cli *cli, const struct args *args)
{
	formy_client *client = NULL;
	formy_workers *workers = NULL;
	int result = cli_open_client(cli, &client);

	(void)args;
	if (result != EXIT_OK) {
		return result;
	}
	if (formy_workers_get(client, &workers) < 0) {
		return cli_fail_client(cli, client);
	}
	result = cli->json ? print_json(cli, workers) : print_table(cli, workers);
	formy_workers_free(workers);
	return result;
}

const struct command cmd_plugin_list = {
	.words = "plugin list",
	.summary = "shows the plugins that the workers have found",
	.examples =
		(const struct example[]){
			{"formy plugin list", "what is served, and what is refused and why"},
			{"formy plugin list --json", "the same for a script"},
			{0},
		},
	.run = run,
};
