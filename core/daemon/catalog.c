#include "daemon/catalog.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sandbox.h"
#include "image/store.h"
#include "plugin/descriptor.h"
#include "plugin/registry.h"
#include "plugin/version.h"
#include "wire/msg.h"

/* An executor that does not start is tried again after this, doubled each time. */
#define BLOCK_FIRST_MS 1000
#define BLOCK_MOST_MS 60000

static void add_problem(struct config_problems *problems, const char *file, int line,
	const char *name, const char *why)
{
	struct buf text = {0};
	char **texts = realloc(problems->texts, (problems->count + 1) * sizeof(*texts));

	if (!texts) {
		problems->lost = true;
		return;
	}
	problems->texts = texts;
	buf_printf(&text, "%s:%d: mode \"%s\": %s", file, line, name, why);
	(void)buf_cstr(&text);
	if (buf_failed(&text)) {
		buf_finish(&text);
		problems->lost = true;
		return;
	}
	texts[problems->count++] = text.data;
}

/* What a plugin needs and nobody grants keeps it from being served, before a task finds out. */
static int check_grants(const struct descriptor *plugin, uint32_t granted, const char *section,
	const char *name, struct err *err)
{
	struct buf words = {0};
	int result = 0;

	if (plugin->needs & ~granted) {
		sandbox_grants_add(&words, plugin->needs & ~granted);
		result = err_set(err, -EACCES,
			"its plugin %s needs %s, which nothing grants; add it to allow = {...} in "
			"%s \"%s\" if you trust it with that",
			plugin->id, buf_cstr(&words) ? buf_cstr(&words) : "more", section, name);
	}
	buf_finish(&words);
	return result;
}

static int find_engine(struct catalog *catalog, const char *name, struct err *err,
	const struct config_engine **ret_engine, const struct plugin_file **ret_file)
{
	const struct config_engine *engine = config_find_engine(catalog->config, name);
	struct plugin_file *file = NULL;
	int result;

	if (!engine) {
		return err_set(err, -ENOENT, "no engine \"%s\" is configured", name);
	}
	result = registry_find_engine(catalog->registry, engine->type, err, &file, NULL);
	if (result == 0) {
		result = check_grants(
			file->descriptor, config_engine_grants(engine), "engine", name, err);
	}
	if (result == 0) {
		*ret_engine = engine;
		*ret_file = file;
	}
	return result;
}

/* Adds the way by an engine, or without one, unless the mode has it. */
static int add_route(struct catalog *catalog, struct mode *mode, const char *name, struct err *err)
{
	const struct config_engine *engine = NULL;
	const struct plugin_file *file = NULL;
	int result = 0;

	if (name && route_find(mode, name)) {
		return 0;
	}
	if (mode->route_count == MODE_ROUTES) {
		return err_set(err, -E2BIG, "a mode has at most %d engines", MODE_ROUTES);
	}
	if (name) {
		result = find_engine(catalog, name, err, &engine, &file);
	}
	if (result == 0) {
		route_init(&mode->routes[mode->route_count++], mode, engine, file);
		mode->routes[0].wanted = true;
	}
	return result;
}

/* The engines that a task may choose: "a,b". */
static int add_allowed(struct catalog *catalog, struct mode *mode, struct err *err)
{
	const char *at = mode->config->engines_allowed;
	int result = 0;

	while (at && *at && result == 0) {
		char name[LIMIT_ENGINE_NAME + 1];
		size_t len = strcspn(at, ",");

		if (len >= sizeof(name)) {
			return err_set(err, -EINVAL, "engines_allowed has a name that is too long");
		}
		memcpy(name, at, len);
		name[len] = '\0';
		result = add_route(catalog, mode, name, err);
		at += len;
		at += *at == ',';
	}
	return result;
}

/* Finds the mode's plugin and its engines'. 0, or a negative errno with a sentence. */
static int resolve(struct catalog *catalog, struct mode *mode, struct err *err)
{
	const struct config_mode *config = mode->config;
	struct plugin_file *file = NULL;
	int result;

	result = registry_find_mode(
		catalog->registry, config->name, config->plugin, err, &file, &mode->description);
	if (result < 0) {
		return result;
	}
	mode->plugin = file;
	result = check_grants(
		file->descriptor, config_mode_grants(config), "mode", config->name, err);
	if (result == 0) {
		result = add_route(catalog, mode, config->engine, err);
	}
	if (result == 0 && config->fallback) {
		result = add_route(catalog, mode, config->fallback, err);
		mode->fallback = result == 0 ? route_find(mode, config->fallback) : NULL;
	}
	if (result == 0) {
		result = add_allowed(catalog, mode, err);
	}
	if (result == 0 && config->helper) {
		result = find_engine(
			catalog, config->helper, err, &mode->helper, &mode->helper_plugin);
	}
	return result;
}

static int add_mode(
	struct catalog *catalog, const struct config_mode *config, struct config_problems *problems)
{
	struct mode *mode = calloc(1, sizeof(*mode));
	struct err err = {0};

	if (!mode) {
		return -ENOMEM;
	}
	mode->catalog = catalog;
	mode->config = config;
	mode->name = config->name;
	mode->max_attempts = (unsigned)config->max_attempts;
	mode->retry_delay_ms = (uint32_t)catalog->config->tasks.retry_delay_ms;
	job_list_init(&mode->waiting);
	if (catalog->mode_count == LIMIT_MODES) {
		(void)err_set(&err, -E2BIG, "a worker serves at most %d modes", LIMIT_MODES);
	} else if (resolve(catalog, mode, &err) == 0) {
		catalog->modes[catalog->mode_count++] = mode;
		return 0;
	}
	add_problem(problems, config->file, config->line, config->name, err.text);
	free(mode);
	return 0;
}

struct catalog *catalog_create(struct config *config)
{
	struct catalog *catalog = calloc(1, sizeof(*catalog));

	if (!catalog || registry_create(&catalog->registry) < 0) {
		free(catalog);
		config_destroy(config);
		return NULL;
	}
	catalog->holders = 1;
	catalog->config = config;
	return catalog;
}

bool mode_uses_engine(const struct mode *mode, const struct plugin_file *file)
{
	bool uses = mode->helper_plugin == file;

	for (size_t i = 0; i < mode->route_count; i++) {
		uses = uses || mode->routes[i].engine_plugin == file;
	}
	return uses;
}

static bool is_used(const struct catalog *catalog, const struct plugin_file *file)
{
	for (size_t i = 0; i < catalog->mode_count; i++) {
		const struct mode *mode = catalog->modes[i];

		if (mode->plugin == file || mode_uses_engine(mode, file)) {
			return true;
		}
	}
	return false;
}

const char *catalog_find_problem(const struct config_problems *problems, const char *mode)
{
	char mark[LIMIT_MODE_NAME + 16];

	(void)snprintf(mark, sizeof(mark), ": mode \"%s\": ", mode);
	for (size_t i = 0; i < problems->count; i++) {
		const char *found = strstr(problems->texts[i], mark);

		if (found) {
			return found + strlen(mark);
		}
	}
	return NULL;
}

/* Nothing of a plugin that could be used is used: says why, and what would change that. */
static void set_off(struct plugin_file *file, const struct config_problems *problems)
{
	const struct descriptor *descriptor = file->descriptor;
	struct err err = {0};

	for (size_t i = 0; i < descriptor->mode_count; i++) {
		const char *why = catalog_find_problem(problems, descriptor->modes[i].name);

		if (why) {
			(void)registry_set_state(file, PLUGIN_OFF, why);
			return;
		}
	}
	if (descriptor->mode_count > 0) {
		(void)err_set(&err, 0,
			"no mode of it is enabled; add mode \"%s\" { enabled = true } to "
			"formy.conf",
			descriptor->modes[0].name);
	} else if (descriptor->engine_count > 0) {
		(void)err_set(&err, 0,
			"no enabled mode has an engine of type \"%s\"; add engine \"NAME\" { type "
			"= \"%s\" } and mode \"NAME\" { engine = \"NAME\" } to formy.conf",
			descriptor->engines[0].type, descriptor->engines[0].type);
	}
	(void)registry_set_state(file, PLUGIN_OFF, err.text);
}

void catalog_add_modes(struct catalog *catalog, struct config_problems *problems)
{
	const struct config *config = catalog->config;

	for (size_t i = 0; i < config->mode_count; i++) {
		if (config->modes[i].enabled &&
			add_mode(catalog, &config->modes[i], problems) < 0) {
			problems->lost = true;
		}
	}
	for (size_t i = 0; i < registry_count(catalog->registry); i++) {
		struct plugin_file *file = registry_at(catalog->registry, i);

		if (file->state == PLUGIN_READY && !is_used(catalog, file)) {
			set_off(file, problems);
		}
	}
}

struct catalog *catalog_hold(struct catalog *catalog)
{
	catalog->holders++;
	return catalog;
}

void catalog_release(struct catalog *catalog)
{
	if (!catalog || --catalog->holders > 0) {
		return;
	}
	for (size_t i = 0; i < catalog->mode_count; i++) {
		free(catalog->modes[i]);
	}
	registry_destroy(catalog->registry);
	config_destroy(catalog->config);
	free(catalog);
}

struct queue_policy catalog_queue_policy(const struct catalog *catalog)
{
	const struct config_tasks *tasks = &catalog->config->tasks;

	return (struct queue_policy){
		.retention_s = (uint32_t)tasks->retention_days * 86400,
		.user_limit = (uint32_t)tasks->max_concurrent_per_user,
		.fair_share = (uint32_t)tasks->fair_share,
		.grace_ms = (uint32_t)tasks->unknown_mode_grace_ms,
	};
}

struct mode *catalog_find_mode(const struct catalog *catalog, const char *name)
{
	for (size_t i = 0; i < catalog->mode_count; i++) {
		if (strcmp(catalog->modes[i]->name, name) == 0) {
			return catalog->modes[i];
		}
	}
	return NULL;
}

const char *mode_plugin_id(const struct mode *mode)
{
	return mode->plugin->descriptor->id;
}

struct mode *mode_hold(struct mode *mode)
{
	(void)catalog_hold(mode->catalog);
	return mode;
}

void mode_release(struct mode *mode)
{
	if (mode) {
		catalog_release(mode->catalog);
	}
}

void mode_started(struct mode *mode)
{
	mode->failed_starts = 0;
	mode->blocked_until_ms = 0;
}

void mode_failed_to_start(struct mode *mode)
{
	uint64_t pause = BLOCK_FIRST_MS;

	for (unsigned i = 0; i < mode->failed_starts && pause < BLOCK_MOST_MS; i++) {
		pause *= 2;
	}
	mode->failed_starts++;
	mode->blocked_until_ms = clock_mono_ms() + (pause < BLOCK_MOST_MS ? pause : BLOCK_MOST_MS);
}

void mode_confined(struct mode *mode, const char *in_force, const char *lacks)
{
	bool first = mode->sandbox[0] == '\0';

	(void)text_copy(mode->sandbox, sizeof(mode->sandbox), in_force);
	if (first && lacks[0]) {
		log_warning("this system lacks a wall of the sandbox", LOG_S("mode", mode->name),
			LOG_S("in_force", in_force), LOG_S("lacks", lacks));
	}
}

void mode_measure(struct mode *mode, uint64_t took_us)
{
	mode->mean_us = mode->mean_us == 0 ? took_us : (mode->mean_us * 7 + took_us) / 8;
	mode->mean_us += mode->mean_us == 0; /* 0 means that nothing was measured */
}
