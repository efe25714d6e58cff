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

/* Finds the mode's plugin and its engine's. 0, or a negative errno with a sentence. */
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
	if (result < 0 || !config->engine) {
		return result;
	}
	mode->engine = config_find_engine(catalog->config, config->engine);
	if (!mode->engine) {
		return err_set(err, -ENOENT, "no engine \"%s\" is configured", config->engine);
	}
	result = registry_find_engine(catalog->registry, mode->engine->type, err, &file, NULL);
	if (result < 0) {
		return result;
	}
	mode->engine_plugin = file;
	return check_grants(file->descriptor, config_engine_grants(mode->engine), "engine",
		mode->engine->name, err);
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

static bool is_used(const struct catalog *catalog, const struct plugin_file *file)
{
	for (size_t i = 0; i < catalog->mode_count; i++) {
		if (catalog->modes[i]->plugin == file || catalog->modes[i]->engine_plugin == file) {
			return true;
		}
	}
	return false;
}

/* What was said of an enabled mode that cannot be served, without the place; NULL: nothing. */
static const char *find_problem(const struct config_problems *problems, const char *mode)
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
		const char *why = find_problem(problems, descriptor->modes[i].name);

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

/* In a build tree the engines' data lie beside the folder of the programs. */
static struct json_object *default_data_dir(void)
{
	char program[STORE_PATH_SIZE];
	char built[STORE_PATH_SIZE];

	if (fs_program_dir(program, sizeof(program)) == 0 &&
		fs_join(built, sizeof(built), program, "../models") == 0 &&
		access(built, R_OK) == 0) {
		return json_object_new_string(built);
	}
	return json_object_new_string(FORMY_DATA_DIR "/models");
}

/* Beside formy.conf. Not that folder itself: what an engine's config names it may read, and there
 * may be passwords. */
static struct json_object *workflows_dir(const struct config *config)
{
	const char *path = config->path ? config->path : CONFIG_DEFAULT_PATH;
	const char *slash = strrchr(path, '/');
	struct json_object *folder = NULL;
	struct buf text = {0};

	buf_add(&text, path, slash ? (size_t)(slash - path) : 0);
	buf_add_text(&text, "/workflows");
	if (!buf_failed(&text)) {
		folder = json_object_new_string(buf_cstr(&text));
	}
	buf_finish(&text);
	return folder;
}

/* What an engine may want to know of the mode that it works for. */
static struct json_object *mode_facts(const struct config_mode *mode)
{
	struct json_object *facts = NULL;

	if (json_object_deep_copy(mode->extra, &facts, NULL) < 0) {
		return NULL;
	}
	json_object_object_add(facts, "name", json_object_new_string(mode->name));
	if (mode->workflow) {
		json_object_object_add(facts, "workflow", json_object_new_string(mode->workflow));
	}
	if (mode->prompt) {
		json_object_object_add(facts, "prompt", json_object_new_string(mode->prompt));
	}
	return facts;
}

/* Its key goes to the processes that use it and nowhere else. */
static int add_api_key(
	const struct config_engine *engine, struct json_object *config, struct err *err)
{
	char *key = NULL;
	int result = config_read_api_key(engine, err, &key);

	if (result == 0) {
		json_object_object_add(config, "api_key", json_object_new_string(key));
		explicit_bzero(key, strlen(key));
		free(key);
	}
	return result == -ENOENT && !engine->api_key_file ? 0 : result;
}

/* What the operator wrote for the engine, and what the host adds. */
static int engine_config(const struct mode *mode, const struct config_engine *engine,
	unsigned threads, struct err *err, struct json_object **ret_config)
{
	struct json_object *config = NULL;
	int result;

	if (json_object_deep_copy(engine->extra, &config, NULL) < 0) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	result = add_api_key(engine, config, err);
	if (result < 0) {
		json_object_put(config);
		return result;
	}
	json_object_object_add(config, "workflows_dir", workflows_dir(mode->catalog->config));
	json_object_object_add(config, "mode", mode_facts(mode->config));
	if (!json_member(config, "data_dir")) {
		json_object_object_add(config, "data_dir", default_data_dir());
	}
	if (!json_member(config, "threads")) {
		json_object_object_add(config, "threads", json_object_new_int((int32_t)threads));
	}
	*ret_config = config;
	return 0;
}

int mode_setup(const struct mode *mode, const char *scratch, struct err *err, struct buf *out)
{
	const struct config *config = mode->catalog->config;
	const unsigned threads = (unsigned)config->worker.threads_per_executor;
	struct json_object *engine = NULL;
	struct msg msg = {.type = MSG_SETUP};
	int result = 0;

	msg.setup = (struct msg_setup){
		.protocol = MSG_PROTOCOL,
		.mode = mode->name,
		.mode_config = json_text(mode->config->extra),
		.plugin_path = mode->plugin->path,
		.copies = MSG_COPY_PLUGIN,
		.scratch = scratch,
		.max_upload_size = (uint64_t)config->storage.max_upload_size,
		.max_pixels = (uint64_t)config->storage.max_pixels,
		.threads = threads,
		.log_level = config->worker.log_level,
		.sandbox = mode->config->sandbox,
		.granted = mode->plugin->descriptor->needs & config_mode_grants(mode->config),
		.memory = (uint64_t)mode->config->memory_limit,
	};
	if (mode->engine) {
		msg.setup.granted |=
			mode->engine_plugin->descriptor->needs & config_engine_grants(mode->engine);
		result = engine_config(mode, mode->engine, threads, err, &engine);
		msg.setup.engine_name = mode->engine->name;
		msg.setup.engine_type = mode->engine->type;
		msg.setup.engine_path = mode->engine_plugin->path;
		msg.setup.copies |= MSG_COPY_ENGINE;
		msg.setup.engine_config = engine ? json_text(engine) : NULL;
	}
	if (result == 0 && msg_encode(&msg, out) < 0) {
		result = err_set(err, -EMSGSIZE, "the mode's configuration is too large");
	}
	json_object_put(engine);
	return result;
}

size_t mode_copies(const struct mode *mode, int ret_fds[2])
{
	ret_fds[0] = plugin_file_serving(mode->plugin)->fd;
	if (!mode->engine_plugin) {
		return 1;
	}
	ret_fds[1] = plugin_file_serving(mode->engine_plugin)->fd;
	return 2;
}

static bool same_plugin(const struct plugin_file *a, const struct plugin_file *b)
{
	return a == b || (a && b && plugin_file_serving(a) == plugin_file_serving(b));
}

bool mode_same(const struct mode *a, const struct mode *b)
{
	struct buf first = {0};
	struct buf second = {0};
	struct err err = {0};
	bool same = same_plugin(a->plugin, b->plugin) &&
		same_plugin(a->engine_plugin, b->engine_plugin) &&
		mode_setup(a, "", &err, &first) == 0 && mode_setup(b, "", &err, &second) == 0 &&
		first.len == second.len && memcmp(first.data, second.data, first.len) == 0;

	buf_finish(&first);
	buf_finish(&second);
	return same;
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
	version_answered(plugin_file_serving(mode->plugin));
}

bool mode_crashed(struct mode *mode, const char *task_id)
{
	return version_crashed(plugin_file_serving(mode->plugin), task_id);
}
