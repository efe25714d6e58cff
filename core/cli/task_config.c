#include "cli/task_config.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/limits.h"
#include "cli/args.h"

/* Puts a value under a name. Takes the value over, also when it fails. */
static int put_member(
	struct json_object *config, const char *name, struct json_object *value, struct err *err)
{
	if (json_object_object_add(config, name, value) < 0) {
		json_object_put(value);
		return err_set(err, -ENOMEM, "out of memory");
	}
	return 0;
}

static int merge(struct json_object *config, const char *text, struct err *err)
{
	struct json_object *value = NULL;
	struct err why;
	int result = json_parse(text, strlen(text), LIMIT_TASK_DATA, &why, &value);

	if (result < 0) {
		return err_set(err, result, "--config: %s", why.text);
	}
	if (!json_object_is_type(value, json_type_object)) {
		result = err_set(err, -EINVAL,
			"--config is %s, and must be an object: {\"name\": value, ...}",
			json_type_name(value));
	} else {
		json_object_object_foreach(value, name, member)
		{
			if (result == 0) {
				result = put_member(config, name, json_object_get(member), err);
			}
		}
	}
	json_object_put(value);
	return result;
}

static int set(struct json_object *config, const char *text, struct err *err)
{
	const char *equals = strchr(text, '=');
	struct json_object *value = NULL;
	char name[256];
	size_t len;

	if (!equals || equals == text) {
		return err_set(err, -EINVAL, "--set %s: write NAME=VALUE", text);
	}
	len = (size_t)(equals - text);
	if (len >= sizeof(name)) {
		return err_set(err, -EINVAL, "--set: a name of %zu characters is too long", len);
	}
	memcpy(name, text, len);
	name[len] = '\0';
	if (json_parse(equals + 1, strlen(equals + 1), LIMIT_TASK_DATA, NULL, &value) < 0) {
		value = json_object_new_string(equals + 1);
		if (!value) {
			return err_set(err, -ENOMEM, "out of memory");
		}
	}
	return put_member(config, name, value, err);
}

int task_config_make(const struct args *args, struct err *err, struct json_object **ret_config)
{
	struct json_object *config = json_object_new_object();
	int result = config ? 0 : err_set(err, -ENOMEM, "out of memory");

	for (size_t i = 0; result == 0 && i < args->option_count; i++) {
		const struct arg *arg = &args->options[i];

		if (strcmp(arg->spec->name, "config") == 0) {
			result = merge(config, arg->text, err);
		} else if (strcmp(arg->spec->name, "set") == 0) {
			result = set(config, arg->text, err);
		}
	}
	if (result < 0) {
		json_object_put(config);
		return result;
	}
	*ret_config = config;
	return 0;
}
