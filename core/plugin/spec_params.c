#include "plugin/spec.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/ident.h"
#include "base/json.h"
#include "base/limits.h"
#include "plugin/descriptor.h"
#include "plugin/value.h"

#define MAX_CHOICES 64

static int read_bound(struct json_object *object, const char *name, const char *where,
	struct err *err, bool *ret_has, double *ret_value)
{
	int result = json_get_double(object, name, ret_value);

	if (result == -EINVAL) {
		return err_set(err, -EINVAL, "%s: %s must be a number", where, name);
	}
	*ret_has = result == 0;
	return 0;
}

static int read_size(struct json_object *object, const char *name, const char *where,
	struct err *err, size_t *ret_size)
{
	int64_t number;
	int result = json_get_int(object, name, &number);

	if (result == -ENOENT) {
		return 0;
	}
	if (result < 0 || number < 0 || number > LIMIT_TASK_DATA) {
		return err_set(err, -EINVAL, "%s: %s must be a whole number from 0 to %d", where,
			name, LIMIT_TASK_DATA);
	}
	*ret_size = (size_t)number;
	return 0;
}

static int read_type(
	struct json_object *object, const char *where, struct err *err, enum param_type *ret_type)
{
	const char *name;

	if (json_get_string(object, "type", &name) == 0) {
		for (int type = PARAM_STRING; type <= PARAM_OBJECT; type++) {
			if (strcmp(name, descriptor_type_name((enum param_type)type)) == 0) {
				*ret_type = (enum param_type)type;
				return 0;
			}
		}
	}
	return err_set(err, -EINVAL,
		"%s: type must be \"string\", \"number\", \"integer\", \"boolean\", \"array\" or "
		"\"object\"",
		where);
}

/* The rules that only one type of parameter can have. */
static int read_rules(struct json_object *object, struct descriptor_param *param, const char *where,
	struct err *err)
{
	static const char *const rules[][6] = {
		[PARAM_STRING] = {"enum", "pattern", "max_length", NULL},
		[PARAM_NUMBER] = {"min", "max", NULL},
		[PARAM_INTEGER] = {"min", "max", NULL},
		[PARAM_BOOLEAN] = {NULL},
		[PARAM_ARRAY] = {"min_items", "max_items", NULL},
		[PARAM_OBJECT] = {NULL},
	};
	static const char *const common[] = {"type", "default", "required", "required_if", "help"};
	const char *known[16] = {NULL};
	const char *pattern;
	struct json_object *choices = json_member(object, "enum");
	size_t count = 0;
	int result;

	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
		known[count++] = common[i];
	}
	for (size_t i = 0; rules[param->type][i]; i++) {
		known[count++] = rules[param->type][i];
	}
	param->max_length = LIMIT_TASK_DATA;
	if ((result = spec_check_members(object, known, where, err)) < 0 ||
		(result = read_bound(object, "min", where, err, &param->has_min, &param->min)) <
			0 ||
		(result = read_bound(object, "max", where, err, &param->has_max, &param->max)) <
			0 ||
		(result = read_size(object, "min_items", where, err, &param->min_length)) < 0 ||
		(result = read_size(object, "max_items", where, err, &param->max_length)) < 0 ||
		(result = read_size(object, "max_length", where, err, &param->max_length)) < 0) {
		return result;
	}
	if ((param->has_min && param->has_max && param->min > param->max) ||
		param->min_length > param->max_length) {
		return err_set(err, -EINVAL, "%s: its least value is above its greatest", where);
	}
	result = json_get_string(object, "pattern", &pattern);
	if (result == -EINVAL || (result == 0 && strcmp(pattern, "color") != 0)) {
		return err_set(err, -EINVAL, "%s: the only pattern there is is \"color\"", where);
	}
	param->color = result == 0;
	if (!choices) {
		return 0;
	}
	return spec_read_texts(
		choices, MAX_CHOICES, where, err, &param->choices, &param->choice_count);
}

static int read_param(struct json_object *object, struct descriptor_param *param, const char *where,
	struct err *err)
{
	struct json_object *fallback = json_member(object, "default");
	const char *help = NULL;
	struct err why;
	int result;

	if (!json_object_is_type(object, json_type_object)) {
		return err_set(err, -EINVAL, "%s must be an object, not %s", where,
			json_type_name(object));
	}
	if ((result = read_type(object, where, err, &param->type)) < 0 ||
		(result = read_rules(object, param, where, err)) < 0 ||
		(result = spec_read_flag(object, "required", where, err, &param->required)) < 0 ||
		(result = spec_read_condition(object, where, err, &param->required_if)) < 0) {
		return result;
	}
	if (json_get_string(object, "help", &help) == -EINVAL) {
		return err_set(err, -EINVAL, "%s: help must be a string", where);
	}
	if (help && !(param->help = strdup(help))) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	if (!fallback) {
		return 0;
	}
	if (param->required || param->required_if) {
		return err_set(
			err, -EINVAL, "%s is required and has a default; one is too much", where);
	}
	if (value_check(param, fallback, "the default", &why) < 0) {
		return err_set(err, -EINVAL, "%s: %.300s", where, why.text);
	}
	param->fallback = json_object_get(fallback);
	return 0;
}

int spec_read_params(struct json_object *params, struct descriptor_mode *mode, struct err *err)
{
	int count;

	if (!json_object_is_type(params, json_type_object)) {
		return err_set(err, -EINVAL, "mode %.64s: its params must be an object, not %s",
			mode->name, json_type_name(params));
	}
	count = json_object_object_length(params);
	if (count > LIMIT_MODE_PARAMS) {
		return err_set(err, -EINVAL, "mode %.64s has %d parameters; at most %d are taken",
			mode->name, count, LIMIT_MODE_PARAMS);
	}
	if (count == 0) {
		return 0;
	}
	mode->params = calloc((size_t)count, sizeof(*mode->params));
	if (!mode->params) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	json_object_object_foreach(params, name, value)
	{
		struct spec_where where = spec_where(mode->name, "parameter", name);
		struct descriptor_param *param = &mode->params[mode->param_count++];
		int result;

		if (!ident_is_name(name, strlen(name))) {
			return err_set(
				err, -EINVAL, "%s: a name must be like \"edge_blur\"", where.text);
		}
		param->name = strdup(name);
		if (!param->name) {
			return err_set(err, -ENOMEM, "out of memory");
		}
		result = read_param(value, param, where.text, err);
		if (result < 0) {
			return result;
		}
	}
	return 0;
}
