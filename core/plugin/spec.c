#include "plugin/spec.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/limits.h"
#include "plugin/descriptor.h"
#include "plugin/value.h"

struct spec_where spec_where(const char *mode, const char *kind, const char *name)
{
	struct spec_where where;

	(void)snprintf(
		where.text, sizeof(where.text), "mode %.64s: %s \"%.40s\"", mode, kind, name);
	return where;
}

int spec_read_texts(struct json_object *array, size_t max, const char *where, struct err *err,
	char ***ret_texts, size_t *ret_count)
{
	size_t count;
	char **texts;

	if (!json_object_is_type(array, json_type_array)) {
		return err_set(err, -EINVAL, "%s must be an array of strings, not %s", where,
			json_type_name(array));
	}
	count = json_object_array_length(array);
	if (count == 0 || count > max) {
		return err_set(err, -EINVAL, "%s has %zu strings; it must have 1 to %zu", where,
			count, max);
	}
	texts = calloc(count, sizeof(*texts));
	if (!texts) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	/* the caller frees what is there, whether all of it could be read or not */
	*ret_texts = texts;
	*ret_count = count;
	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_object_array_get_idx(array, i);

		if (!json_object_is_type(item, json_type_string)) {
			return err_set(err, -EINVAL, "%s must hold strings, not %s", where,
				json_type_name(item));
		}
		texts[i] = strdup(json_object_get_string(item));
		if (!texts[i]) {
			return err_set(err, -ENOMEM, "out of memory");
		}
	}
	return 0;
}

int spec_check_members(
	struct json_object *object, const char *const *known, const char *where, struct err *err)
{
	json_object_object_foreach(object, name, value)
	{
		size_t i = 0;

		(void)value;
		while (known[i] && strcmp(known[i], name) != 0) {
			i++;
		}
		if (!known[i]) {
			return err_set(err, -EINVAL,
				"%s has a member \"%.40s\", which means nothing", where, name);
		}
	}
	return 0;
}

int spec_read_flag(struct json_object *object, const char *name, const char *where, struct err *err,
	bool *ret_flag)
{
	return json_get_bool(object, name, ret_flag) == -EINVAL
		? err_set(err, -EINVAL, "%s: %s must be true or false", where, name)
		: 0;
}

int spec_read_condition(struct json_object *object, const char *where, struct err *err,
	struct json_object **ret_condition)
{
	struct json_object *condition = json_member(object, "required_if");

	if (!condition) {
		return 0;
	}
	if (!json_object_is_type(condition, json_type_object) ||
		json_object_object_length(condition) == 0) {
		return err_set(err, -EINVAL,
			"%s: required_if must be an object like {\"parameter\": \"value\"}", where);
	}
	*ret_condition = json_object_get(condition);
	return 0;
}

static int check_condition(const struct descriptor_mode *mode, struct json_object *condition,
	const char *kind, const char *of, struct err *err)
{
	if (!condition) {
		return 0;
	}
	json_object_object_foreach(condition, name, value)
	{
		const struct descriptor_param *param = descriptor_find_param(mode, name);
		struct spec_where where = spec_where(mode->name, kind, of);
		struct err why;

		if (!param) {
			return err_set(err, -EINVAL,
				"%s: required_if speaks of \"%.40s\", which is no parameter",
				where.text, name);
		}
		if (!value || value_check(param, value, name, &why) < 0) {
			return err_set(err, -EINVAL, "%s: required_if can never hold: %.200s",
				where.text, value ? why.text : "null counts as absent");
		}
	}
	return 0;
}

int spec_check_conditions(const struct descriptor_mode *mode, struct err *err)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < mode->param_count; i++) {
		result = check_condition(
			mode, mode->params[i].required_if, "parameter", mode->params[i].name, err);
	}
	for (size_t i = 0; result == 0 && i < mode->input_count; i++) {
		result = check_condition(
			mode, mode->inputs[i].required_if, "input", mode->inputs[i].role, err);
	}
	return result;
}
