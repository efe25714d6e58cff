#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/clock.h"
#include "base/limits.h"
#include "cli/args.h"
#include "cli/check_case.h"
#include "cli/check_engine.h"
#include "cli/check_mode.h"
#include "cli/check_own.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/data_file.h"
#include "cli/elf_check.h"
#include "cli/executor.h"
#include "cli/plugin_view.h"
#include "cli/probe.h"
#include "cli/table.h"
#include "plugin/descriptor.h"
#include "wire/inspect.h"

#define DEFAULT_TIMEOUT_S 60
#define MOST_TIMEOUT_S 86400
#define SLOW_MS 1000 /* a file that is looked at at each start */

/* What was found out, on the way to a table or to JSON. */
struct report {
	struct probe probe;
	struct table table;
	struct buf cases; /* members of a JSON array */
	unsigned count;
	unsigned failed;
	struct err first; /* that was wrong */
};

static void add_case(void *arg, const char *mode, const char *name, const char *problem)
{
	struct report *report = arg;

	table_add_row(&report->table,
		(const struct cell[]){
			{mode, PAINT_NONE},
			{name, PAINT_NONE},
			{problem ? "FAILED" : "ok", problem ? PAINT_BAD : PAINT_GOOD},
			{problem ? problem : "", PAINT_NONE},
		});
	buf_add_text(&report->cases, report->count > 0 ? ", {\"mode\": " : "{\"mode\": ");
	if (mode) {
		json_add_string(&report->cases, mode);
	} else {
		buf_add_text(&report->cases, "null");
	}
	buf_add_text(&report->cases, ", \"case\": ");
	json_add_string(&report->cases, name);
	buf_printf(&report->cases, ", \"ok\": %s, \"problem\": ", problem ? "false" : "true");
	if (problem) {
		json_add_string(&report->cases, problem);
	} else {
		buf_add_text(&report->cases, "null");
	}
	buf_add_char(&report->cases, '}');
	report->count++;
	if (problem && report->failed++ == 0) {
		(void)err_set(&report->first, -EINVAL, "%s%s%s: %s", mode ? mode : "",
			mode ? ", " : "", name, problem);
	}
}

static void add_judged(struct report *report, const char *name, int result, const struct err *err)
{
	add_case(report, NULL, name, result < 0 ? err->text : NULL);
}

/* Twice: a description that changes is none. */
static int probe_twice(struct cli *cli, const char *path, struct report *report, struct err *err)
{
	struct err why = {{0}};
	struct probe second;
	uint64_t start = clock_mono_ms();
	uint64_t first_ms;
	uint64_t took_ms;
	int result = probe_plugin(path, cli->verbose, err, &report->probe);

	first_ms = clock_mono_ms() - start;
	if (result < 0) {
		return result;
	}
	if (!report->probe.descriptor) {
		add_judged(report, "description", -EINVAL, &report->probe.reason);
		return 0;
	}
	start = clock_mono_ms();
	result = probe_plugin(path, false, err, &second);
	took_ms = clock_mono_ms() - start;
	took_ms = took_ms < first_ms ? took_ms : first_ms;
	if (result == 0 &&
		(!second.descriptor || second.json.len != report->probe.json.len ||
			memcmp(second.json.data, report->probe.json.data, second.json.len) != 0)) {
		add_case(report, NULL, "description", "it describes itself in two ways");
	} else if (result == 0) {
		add_case(report, NULL, "description", NULL);
	}
	if (result == 0) {
		(void)err_set(&why, -EINVAL,
			"%" PRIu64 " ms; a plugin does its work in open(), not when it is loaded",
			took_ms);
		add_judged(report, "loaded in time", took_ms > SLOW_MS ? -EINVAL : 0, &why);
	}
	probe_finish(&second);
	return result;
}

/* What a worker adds to what the operator wrote: the folder of the data, the threads, the mode. The
 * caller's. */
static int make_engine_config(
	const char *text, const char *mode, struct err *err, struct json_object **ret_config)
{
	struct json_object *config = NULL;
	struct json_object *facts;
	char models[DATA_FILE_PATH_SIZE];
	struct err none;

	if (text && json_parse(text, strlen(text), LIMIT_TASK_DATA, err, &config) < 0) {
		return -EINVAL;
	}
	config = config ? config : json_object_new_object();
	if (!json_object_is_type(config, json_type_object)) {
		json_object_put(config);
		return err_set(err, -EINVAL, "it is no object");
	}
	if (!json_member(config, "data_dir") && data_file_find("models", models, &none) == 0) {
		json_object_object_add(config, "data_dir", json_object_new_string(models));
	}
	if (!json_member(config, "threads")) {
		json_object_object_add(config, "threads", json_object_new_int(1));
	}
	if (!json_member(config, "mode")) {
		facts = json_object_new_object();
		json_object_object_add(facts, "name", json_object_new_string(mode));
		json_object_object_add(config, "mode", facts);
	}
	*ret_config = config;
	return 0;
}

/* The engine of --engine, as far as it is one. */
static int find_engine(const char *name, struct cli *cli, struct probe *probe,
	char path[EXECUTOR_PATH_SIZE], struct check_target *target, struct err *err)
{
	int result = probe_find_plugin(name, path, err);

	if (result == 0) {
		result = probe_plugin(name, cli->verbose, err, probe);
	}
	if (result < 0) {
		return result;
	}
	if (!probe->descriptor || probe->descriptor->engine_count == 0) {
		return err_set(err, -EINVAL, "%s has no engine%s%s", name,
			probe->descriptor ? "" : ": ", probe->descriptor ? "" : probe->reason.text);
	}
	target->engine = path;
	target->engine_type = probe->descriptor->engines[0].type;
	target->needs |= probe->descriptor->needs;
	return 0;
}

static void check_all(
	const struct args *args, const struct check_target *target, struct report *report)
{
	const struct descriptor *descriptor = report->probe.descriptor;
	const struct check_voice voice = {.told = add_case, .arg = report};
	const char *wanted = args_text(args, "mode");

	for (size_t i = 0; descriptor && i < descriptor->mode_count; i++) {
		if (!wanted || strcmp(descriptor->modes[i].name, wanted) == 0) {
			check_mode(target, &descriptor->modes[i], &voice);
		}
	}
	for (size_t i = 0; descriptor && !wanted && i < descriptor->engine_count; i++) {
		check_engine(target, &descriptor->engines[i],
			args_text(args, "engine-config") != NULL, &voice);
	}
}

/* {"file": ..., "ok": ..., "reason": ..., "plugin": {...}, "cases": [...]} */
static int print_json(struct cli *cli, const char *path, struct report *report)
{
	struct buf json = {0};
	const char *text;
	int result;

	buf_add_text(&json, "{\"file\": ");
	json_add_string(&json, path);
	buf_printf(&json, ", \"ok\": %s", report->failed > 0 ? "false" : "true");
	if (report->failed > 0) {
		buf_add_text(&json, ", \"reason\": ");
		json_add_string(&json,
			report->probe.descriptor ? report->first.text : report->probe.reason.text);
	}
	if (report->probe.descriptor) {
		buf_printf(&json, ", \"plugin\": %s", buf_cstr(&report->probe.json));
	}
	buf_printf(&json, ", \"cases\": [%s]}",
		report->count > 0 && buf_cstr(&report->cases) ? buf_cstr(&report->cases) : "");
	text = buf_cstr(&json);
	result = text ? cli_print_json(cli, text) : cli_fail(cli, "out of memory");
	buf_finish(&json);
	return result;
}

static int print_table(struct cli *cli, struct report *report)
{
	const struct descriptor *descriptor = report->probe.descriptor;
	struct buf text = {0};

	if (!descriptor) {
		return EXIT_OK;
	}
	plugin_view_add(&text, descriptor, cli->color);
	buf_add_char(&text, '\n');
	table_add_to(&text, &report->table, cli->color);
	return cli_print(cli, &text);
}

static int tell(struct cli *cli, const char *path, struct report *report)
{
	int result = cli->json ? print_json(cli, path, report) : print_table(cli, report);

	if (result != EXIT_OK || report->failed == 0) {
		return result;
	}
	if (!report->probe.descriptor) {
		return cli_fail(cli, "%s is refused: %s", path, report->probe.reason.text);
	}
	return cli_fail(cli, "%s breaks rules, %u of %u cases; the first: %s", path, report->failed,
		report->count, report->first.text);
}

/* For the engine's configuration. */
static const char *name_of_mode(const struct args *args, const struct report *report)
{
	const struct descriptor *descriptor = report->probe.descriptor;
	const char *wanted = args_text(args, "mode");

	if (wanted) {
		return wanted;
	}
	return descriptor && descriptor->mode_count > 0 ? descriptor->modes[0].name
							: INSPECT_FAKE_MODE_NAME;
}

static int run(struct cli *cli, const struct args *args)
{
	static const char *const titles[] = {"MODE", "CASE", "RESULT", "WHAT IS WRONG", NULL};
	const char *path = args_operand(args, 0);
	const char *config = args_text(args, "mode-config");
	char executor[EXECUTOR_PATH_SIZE];
	char engine_path[EXECUTOR_PATH_SIZE];
	char plugin[EXECUTOR_PATH_SIZE];
	struct check_target target = {
		.executor = executor,
		.plugin = plugin,
		.mode_config = config ? config : "{}",
		.timeout_ms = (uint64_t)args_number(args, "timeout", DEFAULT_TIMEOUT_S) * 1000,
		.valgrind = args_has(args, "valgrind"),
		.show_output = cli->verbose,
	};
	const char *engine_name = args_text(args, "engine");
	struct json_object *engine_config = NULL;
	struct probe engine = {0};
	struct report report = {.count = 0};
	struct err err = {{0}};
	int result;

	table_init(&report.table, titles);
	if (probe_find_plugin(path, plugin, &err) < 0 || executor_find(executor, &err) < 0) {
		result = cli_fail(cli, "%s", err.text);
		goto out;
	}
	if (probe_twice(cli, path, &report, &err) < 0) {
		result = cli_fail(cli, "%s", err.text);
		goto out;
	}
	if (report.probe.descriptor) {
		add_judged(&report, "file", elf_check(plugin, &err), &err);
		target.needs = report.probe.descriptor->needs;
	}
	if (engine_name && find_engine(engine_name, cli, &engine, engine_path, &target, &err) < 0) {
		result = cli_fail(cli, "%s", err.text);
		goto out;
	}
	if (make_engine_config(args_text(args, "engine-config"), name_of_mode(args, &report), &err,
		    &engine_config) < 0) {
		result = cli_fail_usage(cli, "--engine-config: %s", err.text);
		goto out;
	}
	target.engine_config = json_text(engine_config);
	if (args_text(args, "source")) {
		result = report.failed > 0 ? tell(cli, path, &report)
					   : check_own(cli, args, &target, report.probe.descriptor);
	} else {
		check_all(args, &target, &report);
		result = tell(cli, path, &report);
	}
out:
	json_object_put(engine_config);
	probe_finish(&engine);
	probe_finish(&report.probe);
	table_finish(&report.table);
	buf_finish(&report.cases);
	return result;
}

const struct command cmd_plugin_check = {
	.words = "plugin check",
	.summary = "tells whether a plugin keeps the rules, and what is in it",
	.notes =
		"The file is loaded and each of its modes is run in processes of their own, as a "
		"worker would: without pictures that it needs, with broken, tiny and large ones, "
		"with parameters at their edges and by chance, cancelled, and 200 times; a mode "
		"that "
		"calls an engine gets one that answers it well, badly or not at all, or that of "
		"--engine. Each operation of an engine is called in the same ways. With --source a "
		"mode is run once, on your own pictures. With -v what it prints and logs is shown. "
		"Exit "
		"codes: 0 it keeps the rules, 1 it does not.",
	.operands =
		(const struct operand_spec[]){
			{"FILE.so", "the plugin", VALUE_FILE, false},
			{0},
		},
	.options =
		(const struct option_spec[]){
			{.name = "mode",
				.type = OPTION_TEXT,
				.value = "MODE",
				.kind = VALUE_MODE,
				.help = "only this one of its modes"},
			{.name = "source",
				.type = OPTION_TEXT,
				.value = "FILE",
				.kind = VALUE_FILE,
				.help = "runs the mode once on this picture"},
			{.name = "reference",
				.type = OPTION_TEXT,
				.value = "FILE",
				.kind = VALUE_FILE,
				.help = "with --source: the picture for the mode's second role"},
			{.name = "config",
				.type = OPTION_TEXT,
				.value = "JSON",
				.help = "with --source: the task's parameters"},
			{.name = "output",
				.letter = 'o',
				.type = OPTION_TEXT,
				.value = "FILE",
				.kind = VALUE_FILE,
				.help = "with --source: writes the result there"},
			{.name = "mode-config",
				.type = OPTION_TEXT,
				.value = "JSON",
				.help = "what mode \"NAME\" { } of formy.conf would say to it"},
			{.name = "engine",
				.type = OPTION_TEXT,
				.value = "FILE.so",
				.kind = VALUE_FILE,
				.help = "the plugin of the engine that it calls"},
			{.name = "engine-config",
				.type = OPTION_TEXT,
				.value = "JSON",
				.help = "what engine \"NAME\" { } of formy.conf would say, to the "
					"engine of --engine or to the plugin's own"},
			{.name = "timeout",
				.type = OPTION_NUMBER,
				.value = "SECONDS",
				.min = 1,
				.max = MOST_TIMEOUT_S,
				.help = "how long a run may take; 60"},
			{.name = "valgrind",
				.help = "runs under valgrind, without the sandbox and fewer cases"},
			{0},
		},
	.examples =
		(const struct example[]){
			{"formy plugin check ./my_mode.so", "before it is installed"},
			{"formy plugin check ./my_mode.so --mode MY_MODE --source me.jpg -o "
			 "out.png",
				"on a picture of your own"},
			{0},
		},
	.run = run,
};
