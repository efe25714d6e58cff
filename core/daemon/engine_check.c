#include "daemon/engine_check.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <uv.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "daemon/catalog.h"
#include "daemon/load.h"
#include "daemon/trial.h"
#include "plugin/registry.h"

struct engine_check {
	struct catalog *catalog;
	const struct config_engine *engine;
	unsigned check_ms;
	struct json_object *modes;
	bool ok;
};

static void add_text(struct json_object *to, const char *name, const char *text)
{
	json_object_object_add(to, name, text && text[0] ? json_object_new_string(text) : NULL);
}

/* What the mode has the engine for; NULL: it has it not. */
static const char *role_of(const struct config_mode *mode, const char *engine)
{
	if (mode->engine && strcmp(mode->engine, engine) == 0) {
		return "main";
	}
	if (mode->fallback && strcmp(mode->fallback, engine) == 0) {
		return "fallback";
	}
	if (config_mode_allows(mode, engine)) {
		return "allowed";
	}
	return mode->helper && strcmp(mode->helper, engine) == 0 ? "helper" : NULL;
}

/* What somebody can do about it; "" where the message has to do. */
static void write_hint(const struct route *route, const struct trial *trial, char *to, size_t size)
{
	static const char *const unreachable[] = {"ENGINE_CONNECTION_FAILED",
		"ENGINE_NOT_AVAILABLE", "ENGINE_TIMEOUT", "COMFYUI_NOT_AVAILABLE",
		"COMFYUI_CONNECTION_TIMEOUT"};
	const struct config_engine *engine = route->engine;
	const char *variable = config_key_variable(engine);
	char place[300] = "";

	if (engine->file) {
		(void)snprintf(place, sizeof(place), " (%.250s:%d)", engine->file, engine->line);
	}
	to[0] = '\0';
	if (trial->end == TRIAL_CRASHED) {
		(void)snprintf(to, size,
			"the plugin is at fault: formy plugin check %.300s may say more",
			route->engine_plugin->path);
	} else if (trial->end == TRIAL_REFUSED) {
		(void)snprintf(to, size,
			"correct what it names in the section of the engine%s or of the mode "
			"(%.250s:%d)",
			place, route->mode->config->file, route->mode->config->line);
	} else if (strcmp(trial->code, "ENGINE_AUTH_FAILED") == 0) {
		(void)snprintf(to, size,
			"put a key that the service takes into the file that api_key_file names, "
			"of "
			"mode 0600%s%s",
			variable ? ", or into " : "", variable ? variable : "");
	} else if (strcmp(trial->code, "INSUFFICIENT_CREDITS") == 0) {
		(void)snprintf(to, size, "add credit to the account that the key belongs to");
	} else if (strcmp(trial->code, "COMFYUI_WORKFLOW_ERROR") == 0) {
		(void)snprintf(to, size,
			"install on the server what is missing, or correct the mode's workflow");
	}
	for (size_t i = 0; i < sizeof(unreachable) / sizeof(unreachable[0]) && !to[0]; i++) {
		if (strcmp(trial->code, unreachable[i]) == 0) {
			(void)snprintf(to, size,
				"start the server, or correct its address in engine \"%s\"%s",
				engine->name, place);
		}
	}
}

static struct json_object *add_mode(
	struct engine_check *check, const struct config_mode *mode, const char *role)
{
	struct json_object *item = json_object_new_object();

	add_text(item, "mode", mode->name);
	add_text(item, "role", role);
	json_object_array_add(check->modes, item);
	return item;
}

static void add_trial(struct engine_check *check, struct json_object *item,
	const struct route *route, struct trial *trial)
{
	struct json_object *report = NULL;
	char hint[LIMIT_ERROR_MESSAGE + 1];

	write_hint(route, trial, hint, sizeof(hint));
	add_text(item, "result", trial_end_name(trial->end));
	add_text(item, "code", trial->code);
	add_text(item, "message", trial->message);
	add_text(item, "details", trial->details);
	add_text(item, "hint", hint);
	if (trial->report[0] &&
		json_parse(trial->report, strlen(trial->report), LIMIT_ENGINE_REPORT, NULL,
			&report) < 0) {
		report = NULL;
	}
	json_object_object_add(item, "report", report);
	json_object_object_add(item, "lines",
		trial->lines ? json_object_get(trial->lines) : json_object_new_array());
	json_object_object_add(item, "ms", json_object_new_int64((int64_t)trial->took_ms));
	check->ok = check->ok && (trial->end == TRIAL_PASSED || trial->end == TRIAL_OPENED);
}

/* As the engine would serve the mode if it were its own; a helper, too. */
static void try_mode(struct engine_check *check, uv_loop_t *loop, const char *program,
	const char *scratch, struct mode *mode, struct json_object *item)
{
	struct mode alone = *mode;
	struct route *route = route_find(mode, check->engine->name);
	struct route helper;
	struct trial trial;

	if (!route) {
		alone.helper = NULL;
		alone.helper_plugin = NULL;
		route_init(&helper, &alone, mode->helper, mode->helper_plugin);
		route = &helper;
	}
	if (trial_run(loop, program, scratch, route, check->check_ms, &trial) < 0) {
		check->ok = false;
		add_text(item, "result", "failed");
		add_text(item, "message", "No process for it can be prepared.");
	} else {
		add_trial(check, item, route, &trial);
	}
	trial_finish(&trial);
}

static void on_loaded(const struct config_problems *problems, void *arg)
{
	struct engine_check *check = arg;
	const struct config *config = check->catalog->config;

	for (size_t i = 0; i < config->mode_count; i++) {
		const struct config_mode *mode = &config->modes[i];
		const char *role = role_of(mode, check->engine->name);
		struct json_object *item;
		const char *why;

		if (!role || !mode->enabled) {
			continue;
		}
		item = add_mode(check, mode, role);
		if (!catalog_find_mode(check->catalog, mode->name)) {
			why = catalog_find_problem(problems, mode->name);
			check->ok = false;
			add_text(item, "result", "unserved");
			add_text(item, "code", "PIPELINE_CONFIG_ERROR");
			add_text(item, "message", why ? why : "No plugin serves the mode.");
		}
	}
}

static void try_all(struct engine_check *check, uv_loop_t *loop, const char *program)
{
	char scratch[] = "/tmp/formy-check-XXXXXX";

	if (!mkdtemp(scratch)) {
		(void)fputs("formyd: no folder for a trial can be made in /tmp\n", stderr);
		check->ok = false;
		return;
	}
	for (size_t i = 0; i < json_object_array_length(check->modes); i++) {
		struct json_object *item = json_object_array_get_idx(check->modes, i);
		const char *name = json_object_get_string(json_member(item, "mode"));
		struct mode *mode = catalog_find_mode(check->catalog, name);

		if (mode) {
			try_mode(check, loop, program, scratch, mode, item);
		}
	}
	(void)fs_remove_tree(scratch);
}

static int print(const struct engine_check *check)
{
	const struct config *config = check->catalog->config;
	struct json_object *all = json_object_new_object();
	struct json_object *off = json_object_new_array();
	const char *text;
	int status;

	for (size_t i = 0; i < config->mode_count; i++) {
		const struct config_mode *mode = &config->modes[i];

		if (!mode->enabled && role_of(mode, check->engine->name)) {
			json_object_array_add(off, json_object_new_string(mode->name));
		}
	}
	add_text(all, "engine", check->engine->name);
	add_text(all, "type", check->engine->type);
	add_text(all, "file", check->engine->file);
	json_object_object_add(all, "line", json_object_new_int(check->engine->line));
	json_object_object_add(all, "ok", json_object_new_boolean(check->ok));
	json_object_object_add(all, "modes", json_object_get(check->modes));
	json_object_object_add(all, "not_enabled", off);
	text = json_text(all);
	status = text && puts(text) >= 0 && fflush(stdout) == 0 ? EX_OK : EX_IOERR;
	json_object_put(all);
	return status != EX_OK || check->ok ? status : EX_UNAVAILABLE;
}

int engine_check_run(struct config *config, const char *name, unsigned check_ms)
{
	struct engine_check check = {
		.catalog = catalog_create(config),
		.check_ms = check_ms,
		.modes = json_object_new_array(),
		.ok = true,
	};
	char program[STORE_PATH_SIZE];
	struct load *load = NULL;
	struct err err = {0};
	int status = EX_OSERR;
	uv_loop_t loop;

	if (!check.catalog || !check.modes || uv_loop_init(&loop) < 0) {
		(void)fputs("formyd: out of memory\n", stderr);
		goto out;
	}
	check.engine = config_find_engine(check.catalog->config, name);
	if (!check.engine) {
		(void)fprintf(stderr, "formyd: no engine \"%s\" is configured\n", name);
		status = EX_USAGE;
	} else if (load_find_executor(program, &err) < 0 ||
		load_begin(&loop, program, NULL, check.catalog, SCAN_ALL, on_loaded, &check,
			&load) < 0) {
		(void)fprintf(stderr, "formyd: %s\n", err.text[0] ? err.text : "out of memory");
	} else {
		(void)uv_run(&loop, UV_RUN_DEFAULT);
		check.ok = check.ok && json_object_array_length(check.modes) > 0;
		try_all(&check, &loop, program);
		status = print(&check);
	}
	(void)uv_loop_close(&loop);
out:
	json_object_put(check.modes);
	catalog_release(check.catalog);
	return status;
}
