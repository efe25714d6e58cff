#include "config/apply.h"

#include "base/ident.h"
#include "base/limits.h"
#include "config/array.h"
#include "config/extra.h"
#include "config/layer.h"

#include <ctype.h>
#include <errno.h>
#include <json-c/json_object.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_engine_name(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)name[i]) && strchr("_.-", name[i]) == NULL) {
			return false;
		}
	}
	return len > 0 && len <= LIMIT_ENGINE_NAME;
}

static struct setting setting_of(const struct option *option, const struct document_block *block,
	const struct document_member *member, const char *folder)
{
	return (struct setting){
		.option = option,
		.place = {block->place.file, member->line},
		.values = member->values,
		.count = member->value_count,
		.list = member->list,
		.append = member->append,
		.folder = folder,
	};
}

/* The members of a mode or an engine: those of the core to their places, the others to extra. */
static int apply_members(void *object, struct json_object *extra,
	const struct document_block *block, const char *folder, struct config_problems *problems)
{
	for (size_t i = 0; i < block->member_count; i++) {
		const struct document_member *member = &block->members[i];
		const struct option *option = option_find(block->section, member->name);
		struct setting setting = setting_of(option, block, member, folder);
		int result = option == NULL ? extra_add(extra, member, setting.place, problems)
					    : store_setting(object, &setting, problems);

		if (result == -ENOMEM) {
			return result;
		}
	}
	return 0;
}

static int apply_mode(struct config *config, const struct document_block *block, const char *folder,
	struct config_problems *problems)
{
	struct config_mode *modes = array_grow(config->modes, config->mode_count, sizeof(*modes));
	struct config_mode *mode;

	if (modes == NULL) {
		return -ENOMEM;
	}
	config->modes = modes;
	mode = &modes[config->mode_count++];
	mode->name = strdup(block->title);
	mode->extra = json_object_new_object();
	mode->file = block->place.file;
	mode->line = block->place.line;
	if (mode->name == NULL || mode->extra == NULL || store_defaults(mode, "mode") < 0) {
		return -ENOMEM;
	}
	if (!ident_is_mode(mode->name, strlen(mode->name))) {
		problems_add(problems, block->place,
			"\"%s\" is no name of a mode: that is 2 to 64 upper case letters, digits "
			"and _, with a letter first",
			mode->name);
	}
	return apply_members(mode, mode->extra, block, folder, problems);
}

static struct config_engine *add_engine(struct config *config, const char *name)
{
	struct config_engine *engines =
		array_grow(config->engines, config->engine_count, sizeof(*engines));
	struct config_engine *engine;

	if (engines == NULL) {
		return NULL;
	}
	config->engines = engines;
	engine = &engines[config->engine_count++];
	engine->name = strdup(name);
	engine->extra = json_object_new_object();
	if (engine->name == NULL || engine->extra == NULL || store_defaults(engine, "engine") < 0) {
		return NULL;
	}
	return engine;
}

static int apply_engine(struct config *config, const struct document_block *block,
	const char *folder, struct config_problems *problems)
{
	struct config_engine *engine = add_engine(config, block->title);
	int result;

	if (engine == NULL) {
		return -ENOMEM;
	}
	engine->file = block->place.file;
	engine->line = block->place.line;
	if (!is_engine_name(engine->name)) {
		problems_add(problems, block->place,
			"\"%s\" is no name of an engine: that is 1 to %d letters, digits, _, . and "
			"-",
			engine->name, LIMIT_ENGINE_NAME);
	}
	result = apply_members(engine, engine->extra, block, folder, problems);
	if (result == 0 && engine->type == NULL) {
		engine->type = strdup(engine->name);
		result = engine->type == NULL ? -ENOMEM : 0;
	}
	if (result == 0 && !ident_is_name(engine->type, strlen(engine->type))) {
		problems_add(problems, block->place,
			"the engine \"%s\" needs a type, as in type = \"comfyui\"", engine->name);
	}
	return result;
}

int apply_document(struct config *config, const struct document *document, const char *folder,
	struct config_problems *problems)
{
	struct layer layer = {.strict = true};
	int result = 0;

	for (size_t i = 0; i < document->count && result == 0; i++) {
		const struct document_block *block = &document->blocks[i];

		if (strcmp(block->section, "mode") == 0) {
			result = apply_mode(config, block, folder, problems);
			continue;
		}
		if (strcmp(block->section, "engine") == 0) {
			result = apply_engine(config, block, folder, problems);
			continue;
		}
		for (size_t k = 0; k < block->member_count && result == 0; k++) {
			const struct document_member *member = &block->members[k];
			struct setting setting = setting_of(
				option_find(block->section, member->name), block, member, folder);

			result = layer_add(&layer, &setting);
		}
	}
	if (result == 0) {
		result = layer_apply(&layer, config, problems);
	}
	layer_finish(&layer);
	return result;
}

/* A single value of the environment or the command line, and the layer that it goes to. */
static int add_single(struct layer *layer, const struct option *option, const char *where,
	const struct document_value *value, const char *folder)
{
	struct setting setting = {
		.option = option,
		.place = {where, 0},
		.values = value,
		.count = 1,
		.folder = folder,
	};

	return layer_add(layer, &setting);
}

int apply_environment(struct config *config, struct config_problems *problems)
{
	struct layer layer = {0};
	struct document_value *values = calloc(option_count, sizeof(*values));
	char folder[PATH_MAX];
	int result = 0;

	if (values == NULL) {
		return -ENOMEM;
	}
	if (getcwd(folder, sizeof(folder)) == NULL) {
		(void)snprintf(folder, sizeof(folder), "/");
	}
	for (size_t i = 0; i < option_count && result == 0; i++) {
		const char *name = options[i].environment;

		/* an empty variable is how container files say that there is none */
		values[i].text = name == NULL ? NULL : getenv(name);
		if (values[i].text != NULL && values[i].text[0] != '\0') {
			result = add_single(&layer, &options[i], name, &values[i], folder);
		}
	}
	if (result == 0) {
		result = layer_apply(&layer, config, problems);
	}
	layer_finish(&layer);
	free(values);
	return result;
}

static const struct option *find_flag(const char *name)
{
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; i < option_count && dot != NULL; i++) {
		const char *section = options[i].section;
		size_t len = strlen(section);

		if (!option_section_is_open(section) && len == (size_t)(dot - name) &&
			memcmp(section, name, len) == 0 && strcmp(options[i].name, dot + 1) == 0) {
			return &options[i];
		}
	}
	return NULL;
}

int apply_flags(
	struct config *config, const struct config_flags *flags, struct config_problems *problems)
{
	static const char where[] = "command line";
	struct layer layer = {.strict = true};
	struct document_value *values;
	char folder[PATH_MAX];
	int result = 0;

	if (flags == NULL || flags->count == 0) {
		return 0;
	}
	values = calloc(flags->count, sizeof(*values));
	if (values == NULL) {
		return -ENOMEM;
	}
	if (getcwd(folder, sizeof(folder)) == NULL) {
		(void)snprintf(folder, sizeof(folder), "/");
	}
	for (size_t i = 0; i < flags->count && result == 0; i++) {
		const struct option *option = find_flag(flags->items[i].name);

		values[i].text = (char *)flags->items[i].value;
		if (option == NULL) {
			problems_add(problems, (struct place){where, 0},
				"there is no option %s; options are named as in redis.host",
				flags->items[i].name);
		} else {
			result = add_single(&layer, option, where, &values[i], folder);
		}
	}
	if (result == 0) {
		result = layer_apply(&layer, config, problems);
	}
	layer_finish(&layer);
	free(values);
	return result;
}

static int count_cpus(void)
{
	cpu_set_t set;
	long count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set)
								  : sysconf(_SC_NPROCESSORS_ONLN);

	return count < 1 ? 1 : count > LIMIT_EXECUTORS ? LIMIT_EXECUTORS : (int)count;
}

int apply_derived(struct config *config)
{
	if (config->worker.executors == 0) {
		config->worker.executors = count_cpus();
	}
	if (config->worker.threads_per_executor == 0) {
		const int share = count_cpus() / config->worker.executors;

		config->worker.threads_per_executor =
			share > LIMIT_WORK_THREADS ? LIMIT_WORK_THREADS : share;
	}
	if (config->worker.threads_per_executor == 0) {
		config->worker.threads_per_executor = 1;
	}
	for (size_t i = 0; i < config->mode_count; i++) {
		struct config_mode *mode = &config->modes[i];

		mode->timeout_ms =
			mode->timeout_ms != 0 ? mode->timeout_ms : config->tasks.timeout_ms;
		mode->max_attempts =
			mode->max_attempts != 0 ? mode->max_attempts : config->tasks.max_attempts;
	}
	if (config_find_engine(config, "local") == NULL) {
		struct config_engine *local = add_engine(config, "local");

		if (local == NULL) {
			return -ENOMEM;
		}
		local->type = strdup("local");
		return local->type == NULL ? -ENOMEM : 0;
	}
	return 0;
}

static bool names_engines(const char *member)
{
	static const char *const names[] = {
		"engine", "fallback", "helper", "engines_allowed", NULL};
	size_t i = 0;

	while (names[i] != NULL && strcmp(names[i], member) != 0) {
		i++;
	}
	return names[i] != NULL;
}

/* A name, or several with commas between, as a list is printed. */
static void check_engines(const struct config *config, const char *names, struct place place,
	struct config_problems *problems)
{
	while (names[0] != '\0') {
		char name[LIMIT_ENGINE_NAME + 1];
		size_t len = strcspn(names, ",");

		(void)snprintf(name, sizeof(name), "%.*s", (int)len, names);
		if (config_find_engine(config, name) == NULL) {
			problems_add(problems, place,
				"no section configures the engine \"%s\"; add engine \"%s\" { type "
				"= ... }",
				name, name);
		}
		names += len;
		names += names[0] == ',';
	}
}

void apply_check_engines(const struct config *config, const struct document *document,
	struct config_problems *problems)
{
	for (size_t i = 0; i < document->count; i++) {
		const struct document_block *block = &document->blocks[i];

		for (size_t k = 0; k < block->member_count; k++) {
			const struct document_member *member = &block->members[k];

			if (strcmp(block->section, "mode") != 0 || !names_engines(member->name)) {
				continue;
			}
			for (size_t m = 0; m < member->value_count; m++) {
				check_engines(config, member->values[m].text,
					(struct place){block->place.file, member->line}, problems);
			}
		}
	}
}

void apply_check_sentinel(const struct config *config, const struct document *document,
	struct config_problems *problems)
{
	const bool master = config->redis.sentinel_master != NULL;

	for (size_t i = 0; i < document->count; i++) {
		const struct document_block *block = &document->blocks[i];

		if (strcmp(block->section, "redis.sentinel") == 0 &&
			master != (config->redis.sentinel_hosts != NULL)) {
			problems_add(problems, block->place,
				"the section sentinel has %s without %s; give both",
				master ? "a master" : "hosts", master ? "hosts" : "a master");
			return;
		}
	}
}
