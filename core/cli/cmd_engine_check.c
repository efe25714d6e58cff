#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/json.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/engine_view.h"
#include "cli/formyd.h"
#include "cli/table.h"
#include "cli/text.h"
#include "config/config.h"

static enum paint result_paint(const char *result)
{
	return strcmp(result, "ok") == 0 || strcmp(result, "opened") == 0 ? PAINT_GOOD : PAINT_BAD;
}

static struct json_object *mode_at(struct json_object *answer, size_t at)
{
	return json_object_array_get_idx(json_member(answer, "modes"), at);
}

static size_t count_modes(struct json_object *answer)
{
	struct json_object *modes = json_member(answer, "modes");

	return json_object_is_type(modes, json_type_array) ? json_object_array_length(modes) : 0;
}

static void add_head(struct buf *out, struct json_object *answer, bool color)
{
	const char *file = engine_text(answer, "file");
	struct buf section = {0};
	int64_t line = 0;

	(void)json_get_int(answer, "line", &line);
	buf_printf(&section, "%s:%d", file ? file : "", (int)line);
	table_add_pairs(out,
		(const struct pair[]){
			{"engine", engine_text(answer, "engine"), PAINT_NONE},
			{"type", engine_text(answer, "type"), PAINT_NONE},
			{"section", file ? buf_cstr(&section) : NULL, PAINT_NONE},
			{NULL, NULL, PAINT_NONE},
		},
		color);
	buf_finish(&section);
}

static void add_row(struct table *table, struct json_object *mode)
{
	struct json_object *report = json_member(mode, "report");
	const char *result = engine_text(mode, "result");
	char servers[ENGINE_NUMBER_SIZE];
	char queue[ENGINE_NUMBER_SIZE];
	struct buf took = {0};
	double ms = 0;

	if (json_get_double(mode, "ms", &ms) == 0) {
		text_duration(&took, ms / 1000);
	}
	table_add_row(table,
		(const struct cell[]){
			{engine_text(mode, "mode"), PAINT_NONE},
			{engine_text(mode, "role"), PAINT_NONE},
			{result, result ? result_paint(result) : PAINT_BAD},
			{engine_servers(report, servers), PAINT_NONE},
			{engine_number(report, "queue", queue), PAINT_NONE},
			{took.len > 0 ? buf_cstr(&took) : NULL, PAINT_NONE},
			{engine_text(mode, "code"), PAINT_NONE},
		});
	buf_finish(&took);
}

static void add_line(struct buf *out, const char *what, const char *text)
{
	if (text) {
		buf_printf(out, "  %s: ", what);
		text_add_safe(out, text);
		buf_add_char(out, '\n');
	}
}

/* What is wrong with a mode's engine, what to do, and what it printed. */
static void add_trouble(struct buf *out, struct json_object *mode, bool color)
{
	struct json_object *lines = json_member(mode, "lines");
	const char *message = engine_text(mode, "message");

	if (!message) {
		return;
	}
	buf_add_char(out, '\n');
	table_add_painted(out, engine_text(mode, "mode"), PAINT_BAD, color);
	buf_add_text(out, ": ");
	text_add_safe(out, message);
	buf_add_char(out, '\n');
	add_line(out, "details", engine_text(mode, "details"));
	add_line(out, "what to do", engine_text(mode, "hint"));
	for (size_t i = 0;
		json_object_is_type(lines, json_type_array) && i < json_object_array_length(lines);
		i++) {
		struct json_object *line = json_object_array_get_idx(lines, i);
		const char *level = engine_text(line, "level");
		const char *said = engine_text(line, "text");

		if (said && !strstr(message, said)) {
			add_line(out, level ? level : "log", said);
		}
	}
}

static int print_for_people(struct cli *cli, struct json_object *answer)
{
	static const char *const titles[] = {
		"MODE", "ROLE", "RESULT", ">SERVERS", ">QUEUE", ">TOOK", "CODE", NULL};
	struct buf text = {0};
	struct table table;
	size_t count = count_modes(answer);

	add_head(&text, answer, cli->color);
	if (count > 0) {
		buf_add_char(&text, '\n');
		table_init(&table, titles);
		for (size_t i = 0; i < count; i++) {
			add_row(&table, mode_at(answer, i));
		}
		table_add_to(&text, &table, cli->color);
		table_finish(&table);
	}
	for (size_t i = 0; i < count; i++) {
		add_trouble(&text, mode_at(answer, i), cli->color);
	}
	return cli_print(cli, &text);
}

/* Says how it ended, where it did not end well. */
static int judge(struct cli *cli, struct json_object *answer)
{
	struct json_object *off = json_member(answer, "not_enabled");
	const char *name = engine_text(answer, "engine");
	size_t count = count_modes(answer);
	size_t bad = 0;
	bool ok = false;

	if (json_get_bool(answer, "ok", &ok) == 0 && ok) {
		return EXIT_OK;
	}
	for (size_t i = 0; i < count; i++) {
		bad += engine_text(mode_at(answer, i), "message") != NULL;
	}
	if (count > 0) {
		return cli_fail(
			cli, "engine \"%s\" cannot work for %zu of %zu modes", name, bad, count);
	}
	if (json_object_is_type(off, json_type_array) && json_object_array_length(off) > 0) {
		return cli_fail(cli,
			"mode \"%s\" has engine \"%s\" and is not enabled, so nothing was tried; "
			"set enabled = true in its section",
			json_object_get_string(json_object_array_get_idx(off, 0)), name);
	}
	return cli_fail(cli,
		"no mode has engine \"%s\", so nothing was tried; set engine = \"%s\" in the "
		"section of a mode",
		name, name);
}

static int fail_unknown(struct cli *cli, const char *name)
{
	struct buf names = {0};
	int result;

	for (size_t i = 0; i < cli->config->engine_count; i++) {
		buf_printf(&names, "%s\"%s\"", i > 0 ? ", " : "", cli->config->engines[i].name);
	}
	result = cli_fail(cli, "no engine \"%s\" is configured; there are %s", name,
		names.len > 0 && buf_cstr(&names) ? buf_cstr(&names) : "none");
	buf_finish(&names);
	return result;
}

/* Has formyd try it. EXIT_OK and its answer, or an exit code, said. */
static int ask(struct cli *cli, const char *name, int64_t seconds, struct json_object **ret_answer)
{
	char time[32];
	const char *const arguments[] = {"--check-engine", name, "--check-time", time,
		cli->config_path ? "-c" : NULL, cli->config_path, NULL};
	char formyd[FORMYD_PATH_SIZE];
	struct json_object *answer = NULL;
	struct buf out = {0};
	int status = 0;
	int result = EXIT_OK;

	(void)snprintf(time, sizeof(time), "%d", (int)seconds);
	if (formyd_find(formyd) < 0) {
		return cli_fail(cli,
			"there is no formyd on this machine; install the package "
			"formy where a worker shall run");
	}
	if (formyd_run(formyd, arguments, false, &out, &status) < 0) {
		result = cli_fail(cli, "%s cannot be run", formyd);
	} else if (json_parse(out.data ? out.data : "", out.len, SIZE_MAX / 2, NULL, &answer) < 0) {
		result = cli_fail(cli, "%s did not answer (%s %d)", formyd,
			WIFSIGNALED(status) ? "signal" : "exit code",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	}
	buf_finish(&out);
	*ret_answer = answer;
	return result;
}

static int run(struct cli *cli, const struct args *args)
{
	const char *name = args_operand(args, 0);
	struct json_object *answer = NULL;
	int printed;
	int result = cli_load_config(cli);

	if (result != EXIT_OK) {
		return result;
	}
	if (!config_find_engine(cli->config, name)) {
		return fail_unknown(cli, name);
	}
	result = ask(cli, name, args_number(args, "timeout", 20), &answer);
	if (result == EXIT_OK) {
		printed = cli->json ? cli_print_json(cli, json_text(answer))
				    : print_for_people(cli, answer);
		result = judge(cli, answer);
		result = result == EXIT_OK ? printed : result;
	}
	json_object_put(answer);
	return result;
}

const struct command cmd_engine_check = {
	.words = "engine check",
	.summary = "tries an engine: whether its servers answer, take the key, and have what each "
		   "mode needs",
	.notes = "Reads the configuration and needs neither Redis nor a worker. For each mode that "
		 "has the engine, as its own, its fallback, its helper or one that tasks may "
		 "choose, a process is started as a worker starts it, with the same walls, and the "
		 "engine's check is made in it; nothing is submitted. RESULT is ok, opened (the "
		 "engine has no check), failed, refused (its settings are wrong), crashed, late or "
		 "unserved (no plugin serves the mode); below stand what is wrong and what to do. "
		 "Who runs it must be able to read what the worker can, so it is mostly run by "
		 "sudo. Exit code 0 when all is well, else 1.",
	.operands =
		(const struct operand_spec[]){
			{.name = "NAME", .help = "the engine, as in engine \"NAME\" of formy.conf"},
			{0},
		},
	.options =
		(const struct option_spec[]){
			{
				.name = "timeout",
				.type = OPTION_NUMBER,
				.value = "SECONDS",
				.min = 1,
				.max = 20,
				.help = "ends a check that takes longer; 20, as a worker does",
			},
			{0},
		},
	.examples =
		(const struct example[]){
			{"formy engine check comfy",
				"what keeps the engine \"comfy\" from working"},
			{"formy engine check comfy --json | jq -r '.modes[].message'",
				"only the reasons"},
			{0},
		},
	.run = run,
};
