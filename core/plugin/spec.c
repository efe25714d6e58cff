#include "plugin/spec.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/ident.h"
#include "base/json.h"
#include "base/limits.h"
#include "plugin/descriptor.h"
#include "plugin/value.h"

#define WHERE_SIZE 192
#define MAX_CHOICES 64
#define MAX_MEMBERS 8 /* names under which one picture's id may come */

/* Names the place of a problem: "mode X: parameter y". */
struct where {
	char text[WHERE_SIZE];
};

static struct where where_is(const char *mode, const char *kind, const char *name)
{
	struct where where;

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

/* Refuses members that mean nothing: they are typing errors. */
static int check_members(
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

static int read_flag(struct json_object *object, const char *name, const char *where,
	struct err *err, bool *ret_flag)
{
	return json_get_bool(object, name, ret_flag) == -EINVAL
		? err_set(err, -EINVAL, "%s: %s must be true or false", where, name)
		: 0;
}

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

static int read_condition(struct json_object *object, const char *where, struct err *err,
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
	if ((result = check_members(object, known, where, err)) < 0 ||
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
		(result = read_flag(object, "required", where, err, &param->required)) < 0 ||
		(result = read_condition(object, where, err, &param->required_if)) < 0) {
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
		struct where where = where_is(mode->name, "parameter", name);
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

static int read_members(struct json_object *object, struct descriptor_input *input,
	const char *where, struct err *err)
{
	struct json_object *list = json_member(object, "members");
	const char *member;
	int result = json_get_string(object, "member", &member);

	if (result == -EINVAL) {
		return err_set(err, -EINVAL, "%s: member must be a string", where);
	}
	if (result == 0 && strcmp(member, "source_image") == 0) {
		input->source = true;
		return list ? err_set(err, -EINVAL, "%s: the source has no other members", where)
			    : 0;
	}
	if (result == 0) {
		return err_set(err, -EINVAL,
			"%s: member can only be \"source_image\"; names in config are given as "
			"\"members\": [\"%.40s\"]",
			where, member);
	}
	if (!list) {
		return 0;
	}
	result = spec_read_texts(
		list, MAX_MEMBERS, where, err, &input->members, &input->member_count);
	for (size_t i = 0; result == 0 && i < input->member_count; i++) {
		if (!ident_is_name(input->members[i], strlen(input->members[i]))) {
			return err_set(err, -EINVAL, "%s: \"%.40s\" is no name for a member", where,
				input->members[i]);
		}
	}
	return result;
}

static int read_input(struct json_object *object, struct descriptor_mode *mode,
	struct descriptor_input *input, struct err *err)
{
	static const char *const known[] = {
		"role", "member", "members", "reference", "required", "required_if", "help", NULL};
	struct where where;
	const char *role;
	int result;

	if (json_get_string(object, "role", &role) != 0 || !ident_is_name(role, strlen(role))) {
		return err_set(err, -EINVAL,
			"mode %.64s: each input must be an object with a role like \"source\"",
			mode->name);
	}
	where = where_is(mode->name, "input", role);
	for (size_t i = 0; &mode->inputs[i] != input; i++) {
		if (strcmp(mode->inputs[i].role, role) == 0) {
			return err_set(err, -EINVAL, "%s stands there twice", where.text);
		}
	}
	input->role = strdup(role);
	if (!input->role) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	if ((result = check_members(object, known, where.text, err)) < 0 ||
		(result = read_members(object, input, where.text, err)) < 0 ||
		(result = read_flag(object, "reference", where.text, err, &input->reference)) < 0 ||
		(result = read_flag(object, "required", where.text, err, &input->required)) < 0 ||
		(result = read_condition(object, where.text, err, &input->required_if)) < 0) {
		return result;
	}
	if (!input->source && !input->reference && input->member_count == 0) {
		return err_set(err, -EINVAL,
			"%s can never be given: it needs member, members or reference", where.text);
	}
	return 0;
}

int spec_read_inputs(struct json_object *inputs, struct descriptor_mode *mode, struct err *err)
{
	size_t count;

	if (!json_object_is_type(inputs, json_type_array)) {
		return err_set(err, -EINVAL, "mode %.64s: its inputs must be an array, not %s",
			mode->name, json_type_name(inputs));
	}
	count = json_object_array_length(inputs);
	if (count > LIMIT_TASK_INPUTS) {
		return err_set(err, -EINVAL, "mode %.64s has %zu inputs; at most %d are taken",
			mode->name, count, LIMIT_TASK_INPUTS);
	}
	if (count == 0) {
		return 0;
	}
	mode->inputs = calloc(count, sizeof(*mode->inputs));
	if (!mode->inputs) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < count; i++) {
		int result;

		mode->input_count++;
		result = read_input(
			json_object_array_get_idx(inputs, i), mode, &mode->inputs[i], err);
		if (result < 0) {
			return result;
		}
	}
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
		struct where where = where_is(mode->name, kind, of);
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
