#include "config/config.h"

#include "config/apply.h"
#include "config/array.h"
#include "config/files.h"
#include "config/store.h"

#include <errno.h>
#include <json-c/json_object.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* The folder that relative paths of the files begin at. */
static int main_folder(const struct config *config, char **ret_folder)
{
	const char *path = config->path == NULL ? CONFIG_DEFAULT_PATH : config->path;
	const char *slash = strrchr(path, '/');

	*ret_folder = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	return *ret_folder == NULL ? -ENOMEM : 0;
}

static int load(const char *path, const struct config_flags *flags,
	struct config_problems *problems, struct document *document, struct config *config)
{
	char *folder = NULL;
	int files;
	int result = store_defaults(config, NULL);

	if (result < 0) {
		return result;
	}
	files = files_read(path == NULL ? CONFIG_DEFAULT_PATH : path, path == NULL, config,
		problems, document);
	if (files < 0 && files != -EINVAL) {
		return files;
	}
	result = main_folder(config, &folder);
	if (result == 0) {
		result = apply_document(config, document, folder, problems);
	}
	if (result == 0) {
		result = apply_environment(config, problems);
	}
	if (result == 0) {
		result = apply_flags(config, flags, problems);
	}
	if (result == 0) {
		result = apply_derived(config);
	}
	/* the engine may be configured in the file that could not be read */
	if (result == 0 && files == 0) {
		apply_check_engines(config, document, problems);
		apply_check_sentinel(config, document, problems);
	}
	free(folder);
	return result < 0 ? result : files;
}

int config_load(const char *path, const struct config_flags *flags,
	struct config_problems *problems, struct config **ret_config)
{
	struct document document = {0};
	struct config *config = calloc(1, sizeof(*config));
	size_t before = problems->count;
	int result;

	if (config == NULL) {
		return -ENOMEM;
	}
	result = load(path, flags, problems, &document, config);
	if (result == 0 && (problems->count > before || problems->lost)) {
		result = -EINVAL;
	}
	/* what is refused has a reason, or else there was no memory to give it */
	if (result == -EINVAL && problems->count == before && !problems->lost) {
		result = -ENOMEM;
	}
	document_finish(&document);
	if (result < 0) {
		config_destroy(config);
		return result;
	}
	*ret_config = config;
	return 0;
}

struct config *config_share(struct config *config)
{
	config->sharers++;
	return config;
}

void config_destroy(struct config *config)
{
	if (config == NULL || config->sharers-- > 0) {
		return;
	}
	for (size_t i = 0; i < config->mode_count; i++) {
		store_finish(&config->modes[i], "mode");
		free(config->modes[i].name);
		json_object_put(config->modes[i].extra);
	}
	for (size_t i = 0; i < config->engine_count; i++) {
		store_finish(&config->engines[i], "engine");
		free(config->engines[i].name);
		json_object_put(config->engines[i].extra);
	}
	store_finish(config, NULL);
	free(config->modes);
	free(config->engines);
	free(config->path);
	array_free_texts(config->files, config->file_count);
	free(config);
}

bool config_mode_allows(const struct config_mode *mode, const char *engine)
{
	const char *at = mode->engines_allowed;
	size_t len = strlen(engine);

	while (at && *at) {
		size_t item = strcspn(at, ",");

		if (item == len && memcmp(at, engine, len) == 0) {
			return true;
		}
		at += item;
		at += *at == ',';
	}
	return false;
}

const struct config_mode *config_find_mode(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->mode_count; i++) {
		if (strcmp(config->modes[i].name, name) == 0) {
			return &config->modes[i];
		}
	}
	return NULL;
}

const struct config_engine *config_find_engine(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->engine_count; i++) {
		if (strcmp(config->engines[i].name, name) == 0) {
			return &config->engines[i];
		}
	}
	return NULL;
}
