#include "config/config.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/limits.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
	const char *type;
	const char *environment;
} variables[] = {
	{"runninghub", "RUNNINGHUB_API_KEY"},
	{"openai", "OPENAI_API_KEY"},
};

static int take_key(struct str text, const char *where, struct err *err, char **ret_key)
{
	while (text.len > 0 && isspace((unsigned char)text.data[0])) {
		text.data++;
		text.len--;
	}
	while (text.len > 0 && isspace((unsigned char)text.data[text.len - 1])) {
		text.len--;
	}
	for (size_t i = 0; i < text.len; i++) {
		/* a line break in a key would end the HTTP header that it is sent in */
		if (!isgraph((unsigned char)text.data[i])) {
			return err_set(err, -EINVAL, "%s: a key is one line without blanks", where);
		}
	}
	if (text.len == 0) {
		return err_set(err, -EINVAL, "%s: there is no key in it", where);
	}
	*ret_key = strndup(text.data, text.len);
	return *ret_key == NULL ? -ENOMEM : 0;
}

/* A key that others may read is no secret any more. What cannot be looked at fails when it is read. */
static int check_mode(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) == 0 && (st.st_mode & 077) != 0) {
		return err_set(err, -EPERM,
			"%s: others than its owner may use this file (mode %04o); change the key, "
			"and "
			"chmod 0600 it",
			path, (unsigned)(st.st_mode & 07777));
	}
	return 0;
}

const char *config_key_variable(const struct config_engine *engine)
{
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		if (strcmp(engine->type, variables[i].type) == 0) {
			return variables[i].environment;
		}
	}
	return NULL;
}

int config_read_api_key(const struct config_engine *engine, struct err *err, char **ret_key)
{
	const char *variable = config_key_variable(engine);
	const char *value = variable != NULL ? getenv(variable) : NULL;
	struct buf text = {0};
	int result;

	if (value != NULL && value[0] != '\0') {
		return take_key(str_of(value), variable, err, ret_key);
	}
	if (engine->api_key_file == NULL) {
		return err_set(err, -ENOENT,
			"the engine %s has no key: set api_key_file or the variable of its type",
			engine->name);
	}
	result = check_mode(engine->api_key_file, err);
	if (result < 0) {
		return result;
	}
	result = fs_read_file(engine->api_key_file, LIMIT_API_KEY, &text);
	if (result < 0) {
		/* -ENOENT means that none is configured, and here one is */
		result = err_set(err, result == -ENOENT ? -EIO : result,
			"%s: the key cannot be read: %s", engine->api_key_file, strerror(-result));
	} else {
		result = take_key(
			(struct str){text.data, text.len}, engine->api_key_file, err, ret_key);
	}
	if (text.data != NULL) {
		explicit_bzero(text.data, text.len);
	}
	buf_finish(&text);
	return result;
}
