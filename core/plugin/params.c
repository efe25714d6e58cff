#include "plugin/params.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/ident.h"
#include "base/json.h"
#include "plugin/descriptor.h"
#include "plugin/value.h"

#define SHOWN_MAX 48 /* bytes of a wrong value in a message */

__attribute__((format(printf, 3, 4))) static int problem_set(
	struct params_problem *problem, const char *code, const char *format, ...)
{
	char message[LIMIT_ERROR_MESSAGE + 4];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	problem->code = code;
	/* a cut by snprintf can be within a character, that by text_copy is not */
	(void)text_copy(problem->message, sizeof(problem->message), message);
	return -EINVAL;
}

/* Adds a reference to value. */
static int add_member(struct json_object *object, const char *name, struct json_object *value)
{
	struct json_object *own = json_object_get(value);

	if (json_object_object_add(object, name, own) == 0) {
		return 0;
	}
	json_object_put(own);
	return -ENOMEM;
}

static bool names_picture(const struct descriptor_mode *mode, const char *name)
{
	for (size_t i = 0; i < mode->input_count; i++) {
		for (size_t k = 0; k < mode->inputs[i].member_count; k++) {
			if (strcmp(mode->inputs[i].members[k], name) == 0) {
				return true;
			}
		}
	}
	return false;
}

/* Pictures go over as they came, unknown members go elsewhere. */
static int take_others(const struct descriptor_mode *mode, struct json_object *config,
	struct json_object *unknown, struct json_object *to)
{
	json_object_object_foreach(config, name, value)
	{
		struct json_object *target;

		if (!value || descriptor_find_param(mode, name)) {
			continue;
		}
		target = names_picture(mode, name) ? to : unknown;
		if (target && add_member(target, name, value) < 0) {
			return -ENOMEM;
		}
	}
	return 0;
}

static int take_params(const struct descriptor_mode *mode, struct json_object *config,
	struct params_problem *problem, struct json_object *to)
{
	for (size_t i = 0; i < mode->param_count; i++) {
		const struct descriptor_param *param = &mode->params[i];
		struct json_object *value = json_member(config, param->name);
		char where[LIMIT_ROLE_NAME + 16];
		struct err err;

		if (!value) {
			value = param->fallback;
		} else {
			(void)snprintf(where, sizeof(where), "config.%s", param->name);
			if (value_check(param, value, where, &err) < 0) {
				return problem_set(problem, "INVALID_CONFIG", "%s.", err.text);
			}
		}
		if (value && add_member(to, param->name, value) < 0) {
			return -ENOMEM;
		}
	}
	return 0;
}

/* `, as background_type is "preset"` */
static void add_reason(struct buf *out, struct json_object *condition)
{
	bool first = true;

	if (!condition) {
		return;
	}
	json_object_object_foreach(condition, name, value)
	{
		const char *text = json_text(value);

		buf_printf(out, "%s config.%s is %s", first ? ", as" : " and", name,
			text ? text : "so");
		first = false;
	}
}

static int problem_missing(
	struct params_problem *problem, const char *what, struct json_object *condition)
{
	struct buf reason = {0};
	int result;

	add_reason(&reason, condition);
	result = problem_set(problem, "MISSING_REQUIRED_PARAM", "%s is missing%s.", what,
		buf_failed(&reason) ? "" : buf_cstr(&reason));
	buf_finish(&reason);
	return result;
}

static int check_required(const struct descriptor_mode *mode, struct json_object *config,
	struct params_problem *problem)
{
	for (size_t i = 0; i < mode->param_count; i++) {
		const struct descriptor_param *param = &mode->params[i];
		char what[LIMIT_ROLE_NAME + 16];

		if (json_member(config, param->name)) {
			continue;
		}
		(void)snprintf(what, sizeof(what), "config.%s", param->name);
		if (param->required) {
			return problem_missing(problem, what, NULL);
		}
		if (param->required_if && value_condition_holds(param->required_if, config)) {
			return problem_missing(problem, what, param->required_if);
		}
	}
	return 0;
}

int params_check(const struct descriptor_mode *mode, struct json_object *config,
	struct json_object *unknown, struct params_problem *ret_problem,
	struct json_object **ret_config)
{
	struct json_object *result_config = NULL;
	int result;

	if (config && !json_object_is_type(config, json_type_object)) {
		return problem_set(ret_problem, "INVALID_CONFIG",
			"config is %s; it must be an object.", json_type_name(config));
	}
	result_config = json_object_new_object();
	if (!result_config) {
		return -ENOMEM;
	}
	result = take_params(mode, config, ret_problem, result_config);
	if (result == 0 && config) {
		result = take_others(mode, config, unknown, result_config);
	}
	if (result == 0) {
		result = check_required(mode, result_config, ret_problem);
	}
	if (result == 0) {
		*ret_config = result_config;
		result_config = NULL;
	}
	json_object_put(result_config);
	return result;
}

/* Where a picture's id stands: the first of its places that holds anything. */
static struct json_object *find_id(const struct descriptor_input *input,
	struct json_object *source_image, struct json_object *reference_image,
	struct json_object *config, const char **ret_member)
{
	if (input->source) {
		*ret_member = "source_image";
		return source_image;
	}
	for (size_t i = 0; i < input->member_count; i++) {
		struct json_object *value = json_member(config, input->members[i]);

		if (value) {
			*ret_member = input->members[i];
			return value;
		}
	}
	if (input->reference && reference_image) {
		*ret_member = "reference_image";
		return reference_image;
	}
	*ret_member = input->member_count > 0 ? input->members[0] : "reference_image";
	return NULL;
}

static int check_id(
	struct json_object *value, bool source, const char *member, struct params_problem *problem)
{
	const char *code = source ? "INVALID_SOURCE_IMAGE" : "INVALID_REFERENCE_IMAGE";
	char shown[SHOWN_MAX];
	const char *text;

	if (!json_object_is_type(value, json_type_string)) {
		return problem_set(problem, code, "%s is %s; it must be an image id.", member,
			json_type_name(value));
	}
	text = json_object_get_string(value);
	if (!ident_is_image_id(text, (size_t)json_object_get_string_len(value))) {
		(void)text_copy(shown, sizeof(shown), text);
		return problem_set(problem, code,
			"%s is \"%s\"; an image id has 1 to %d characters of A-Z, a-z, 0-9, _ and "
			"-.",
			member, shown, LIMIT_IMAGE_ID);
	}
	return 0;
}

int params_find_inputs(const struct descriptor_mode *mode, struct json_object *source_image,
	struct json_object *reference_image, struct json_object *config,
	struct params_problem *ret_problem, struct params_inputs *ret_inputs)
{
	struct params_inputs inputs = {0};

	for (size_t i = 0; i < mode->input_count; i++) {
		const struct descriptor_input *input = &mode->inputs[i];
		struct json_object *value;
		const char *member;
		int result;

		if (!value_condition_holds(input->required_if, config)) {
			continue;
		}
		value = find_id(input, source_image, reference_image, config, &member);
		if (!value) {
			if (input->required || input->required_if) {
				return problem_missing(ret_problem, member, input->required_if);
			}
			continue;
		}
		result = check_id(value, input->source, member, ret_problem);
		if (result < 0) {
			return result;
		}
		inputs.items[inputs.count++] = (struct params_input){
			.role = input->role,
			.image_id = json_object_get_string(value),
			.member = member,
		};
	}
	*ret_inputs = inputs;
	return 0;
}
