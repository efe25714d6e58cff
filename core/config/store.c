#include "config/store.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/sandbox.h"
#include "config/array.h"
#include "config/utf8.h"
#include "config/value.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A list's count follows its pointer in the struct. */
struct path_list {
	char **paths;
	size_t count;
};

_Static_assert(offsetof(struct config_worker, plugin_dir_count) ==
		offsetof(struct config_worker, plugin_dirs) + offsetof(struct path_list, count),
	"plugin_dir_count stands behind plugin_dirs");

static void *place_in(void *object, const struct option *option)
{
	return (char *)object + option->offset;
}

static const void *place_of(const void *object, const struct option *option)
{
	return (const char *)object + option->offset;
}

bool store_is_number(const struct option *option)
{
	return option->type == OPTION_INT || option->type == OPTION_BOOL ||
		option->type == OPTION_SIZE || option->type == OPTION_DURATION ||
		option->type == OPTION_CHOICE;
}

static void put_number(void *object, const struct option *option, int64_t value)
{
	if (option->type == OPTION_BOOL) {
		*(bool *)place_in(object, option) = value != 0;
	} else if (option->width == sizeof(int64_t)) {
		*(int64_t *)place_in(object, option) = value;
	} else {
		/* the range of the option keeps it in an int; an enum is one to the compiler too */
		int narrow = (int)value;

		memcpy(place_in(object, option), &narrow, sizeof(narrow));
	}
}

int64_t store_number(const void *object, const struct option *option)
{
	int narrow;

	if (option->type == OPTION_BOOL) {
		return *(const bool *)place_of(object, option);
	}
	if (option->width == sizeof(int64_t)) {
		return *(const int64_t *)place_of(object, option);
	}
	memcpy(&narrow, place_of(object, option), sizeof(narrow));
	return narrow;
}

const char *store_text(const void *object, const struct option *option)
{
	return *(char *const *)place_of(object, option);
}

char *const *store_paths(const void *object, const struct option *option, size_t *ret_count)
{
	const struct path_list *list = place_of(object, option);

	*ret_count = list->count;
	return list->paths;
}

/* Makes a path absolute, with the option's own folder below the setting's. */
static int resolve(const struct setting *setting, const char *text, char to[PATH_MAX])
{
	char folder[PATH_MAX];
	bool workflow = setting->option->type == OPTION_WORKFLOW;

	if (text[0] == '/') {
		return text_copy(to, PATH_MAX, text) ? 0 : -ENAMETOOLONG;
	}
	if (workflow && fs_join(folder, sizeof(folder), setting->folder, "workflows") < 0) {
		return -ENAMETOOLONG;
	}
	return fs_join(to, PATH_MAX, workflow ? folder : setting->folder, text);
}

/* The text that is stored for a text that is written, checked. */
static int make_text(
	const struct setting *setting, const char *text, struct err *err, char **ret_text)
{
	const struct option *option = setting->option;
	char path[PATH_MAX];
	const char *controls = strcmp(option->name, "prompt") == 0 ? "\n\t" : "";

	if (text[0] == '\0') {
		return err_set(
			err, -EINVAL, "%s is empty; leave it out for the default", option->name);
	}
	if (!utf8_is_printable(text, controls)) {
		return err_set(err, -EINVAL, "%s holds bytes that are not text", option->name);
	}
	if (option->word && strpbrk(text, " \t\n") != NULL) {
		return err_set(err, -EINVAL, "%s may not have blanks in it", option->name);
	}
	if (option->type != OPTION_TEXT) {
		if (resolve(setting, text, path) < 0) {
			return err_set(err, -EINVAL, "%s is too long a path", option->name);
		}
		text = path;
	}
	if (strlen(text) > (size_t)option->max) {
		return err_set(err, -EINVAL, "%s is %zu bytes long; it may be %lld at most",
			option->name, strlen(text), (long long)option->max);
	}
	*ret_text = strdup(text);
	return *ret_text == NULL ? -ENOMEM : 0;
}

static void clear_paths(struct path_list *list)
{
	array_free_texts(list->paths, list->count);
	*list = (struct path_list){0};
}

static int add_paths(const struct setting *setting, struct path_list *list, struct err *err)
{
	for (size_t i = 0; i < setting->count; i++) {
		char *path = NULL;
		int result = make_text(setting, setting->values[i].text, err, &path);

		if (result == 0) {
			result = array_add_text(&list->paths, &list->count, path);
		}
		free(path);
		if (result < 0) {
			return result;
		}
	}
	return 0;
}

static int put_paths(void *object, const struct setting *setting, struct err *err)
{
	struct path_list *list = place_in(object, setting->option);
	struct path_list made = {0};
	int result = 0;

	for (size_t i = 0; setting->append && result == 0 && i < list->count; i++) {
		result = array_add_text(&made.paths, &made.count, list->paths[i]);
	}
	if (result == 0) {
		result = add_paths(setting, &made, err);
	}
	if (result < 0) {
		clear_paths(&made);
		return result;
	}
	clear_paths(list);
	*list = made;
	return 0;
}

static int check_grants(const char *words, struct err *err)
{
	uint32_t grants;
	const char *bad;

	if (sandbox_grants_read(words, &grants, &bad) == 0) {
		return 0;
	}
	return err_set(err, -EINVAL, "allow is of net, gpu, exec and none, not \"%.*s\"",
		(int)strcspn(bad, ","), bad);
}

static int put_joined(void *object, const struct setting *setting, struct err *err)
{
	char **text = place_in(object, setting->option);
	struct buf joined = {0};
	char *made = NULL;
	int result;

	if (setting->append && *text != NULL) {
		buf_printf(&joined, "%s", *text);
	}
	for (size_t i = 0; i < setting->count; i++) {
		buf_printf(&joined, "%s%s", joined.len > 0 ? "," : "", setting->values[i].text);
	}
	result = buf_failed(&joined) ? -ENOMEM : make_text(setting, buf_cstr(&joined), err, &made);
	if (result == 0 && setting->option->grants) {
		result = check_grants(made, err);
	}
	if (result < 0) {
		free(made);
	} else {
		free(*text);
		*text = made;
	}
	buf_finish(&joined);
	return result;
}

static int put_setting(void *object, const struct setting *setting, struct err *err)
{
	const struct option *option = setting->option;
	char **text = place_in(object, option);
	char *made = NULL;
	int64_t value;
	int result;

	if (option->type == OPTION_PATHS) {
		return put_paths(object, setting, err);
	}
	if (option->joined) {
		return put_joined(object, setting, err);
	}
	if (setting->list || setting->append || setting->count != 1) {
		return err_set(err, -EINVAL, "%s takes one value, not a list", option->name);
	}
	if (store_is_number(option)) {
		result = value_parse(option, setting->values[0].text, err, &value);
		if (result == 0) {
			put_number(object, option, value);
		}
		return result;
	}
	/* so that "${NAME:-}" says that there may be none */
	result = setting->values[0].text[0] == '\0' && option->standard == NULL
		? 0
		: make_text(setting, setting->values[0].text, err, &made);
	if (result == 0) {
		free(*text);
		*text = made;
	}
	return result;
}

int store_setting(void *object, const struct setting *setting, struct config_problems *problems)
{
	struct err err = {0};
	int result = put_setting(object, setting, &err);

	if (result == -EINVAL) {
		problems_add(problems, setting->place, "%s", err.text);
	}
	return result;
}

/* The administrator's own. */
#define FORMY_LOCAL_PLUGIN_DIR "/usr/local/lib/formy/plugins"

/* In a build tree the plugins lie beside the folder of the programs. */
static int default_plugin_dirs(struct path_list *list)
{
	char program[PATH_MAX];
	char built[PATH_MAX];
	struct stat st;
	int result;

	if (fs_program_dir(program, sizeof(program)) == 0) {
		char *slash = strrchr(program, '/');

		if (slash != NULL && slash != program) {
			*slash = '\0';
		}
		if (fs_join(built, sizeof(built), program, "plugins") == 0 &&
			stat(built, &st) == 0 && S_ISDIR(st.st_mode)) {
			return array_add_text(&list->paths, &list->count, built);
		}
	}
	result = array_add_text(&list->paths, &list->count, FORMY_PLUGIN_DIR);
	/* the packages' folder belongs to the package manager */
	if (result == 0 && strcmp(FORMY_PLUGIN_DIR, FORMY_LOCAL_PLUGIN_DIR) != 0) {
		result = array_add_text(&list->paths, &list->count, FORMY_LOCAL_PLUGIN_DIR);
	}
	return result;
}

int store_default(void *object, const struct option *option)
{
	char **text = place_in(object, option);
	int64_t value = 0;

	if (option->type == OPTION_URL) {
		return 0;
	}
	if (option->type == OPTION_PATHS) {
		clear_paths(place_in(object, option));
		return default_plugin_dirs(place_in(object, option));
	}
	if (store_is_number(option)) {
		if (option->standard != NULL &&
			value_parse(option, option->standard, NULL, &value) < 0) {
			return -EINVAL;
		}
		put_number(object, option, value);
		return 0;
	}
	free(*text);
	*text = option->standard == NULL ? NULL : strdup(option->standard);
	return *text == NULL && option->standard != NULL ? -ENOMEM : 0;
}

static bool is_in(const struct option *option, const char *section)
{
	return section == NULL ? !option_section_is_open(option->section)
			       : strcmp(option->section, section) == 0;
}

int store_defaults(void *object, const char *section)
{
	for (size_t i = 0; i < option_count; i++) {
		int result = is_in(&options[i], section) ? store_default(object, &options[i]) : 0;

		if (result < 0) {
			return result;
		}
	}
	return 0;
}

void store_finish(void *object, const char *section)
{
	for (size_t i = 0; i < option_count; i++) {
		const struct option *option = &options[i];

		if (!is_in(option, section) || store_is_number(option)) {
			continue;
		}
		if (option->type == OPTION_PATHS) {
			clear_paths(place_in(object, option));
		} else if (option->type != OPTION_URL) {
			char **text = place_in(object, option);

			free(*text);
			*text = NULL;
		}
	}
}
