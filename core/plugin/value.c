#include "plugin/value.h"

#include <ctype.h>
#include <errno.h>
#include <json-c/json.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "plugin/descriptor.h"

#define SHOWN_MAX 48 /* bytes of a wrong value in a message */

bool value_is_color(const char *text)
{
	if (strlen(text) != 7 || text[0] != '#') {
		return false;
	}
	for (size_t i = 1; i < 7; i++) {
		if (!isxdigit((unsigned char)text[i])) {
			return false;
		}
	}
	return true;
}

/* Characters of UTF-8, not bytes. */
static size_t count_characters(const char *text)
{
	size_t count = 0;

	for (; *text; text++) {
		count += ((unsigned char)*text & 0xc0) != 0x80;
	}
	return count;
}

/* `"a", "b" or "c"` and, where it fits, a colour. */
static void list_choices(const struct descriptor_param *param, struct buf *out)
{
	size_t total = param->choice_count + (param->color ? 1 : 0);

	for (size_t i = 0; i < total; i++) {
		if (i > 0) {
			buf_add_text(out, i + 1 == total ? " or " : ", ");
		}
		if (i < param->choice_count) {
			buf_printf(out, "\"%s\"", param->choices[i]);
		} else {
			buf_add_text(out, "a colour like #a0b1c2");
		}
	}
}

static int check_string(const struct descriptor_param *param, struct json_object *value,
	const char *where, struct err *err)
{
	const char *text = json_object_get_string(value);
	size_t length = count_characters(text);
	struct buf choices = {0};
	char shown[SHOWN_MAX];
	int result;

	for (size_t i = 0; i < param->choice_count; i++) {
		if (strcmp(param->choices[i], text) == 0) {
			return 0;
		}
	}
	if (param->color && value_is_color(text)) {
		return 0;
	}
	if (param->choice_count > 0 || param->color) {
		list_choices(param, &choices);
		(void)text_copy(shown, sizeof(shown), text);
		result = buf_failed(&choices) ? err_set(err, -ENOMEM, "out of memory")
					      : err_set(err, -EINVAL, "%s is \"%s\"; it must be %s",
							where, shown, buf_cstr(&choices));
		buf_finish(&choices);
		return result;
	}
	if (length > param->max_length) {
		return err_set(err, -EINVAL, "%s has %zu characters; at most %zu are taken", where,
			length, param->max_length);
	}
	return 0;
}

static int check_number(const struct descriptor_param *param, struct json_object *value,
	const char *where, struct err *err)
{
	double number = json_object_get_double(value);

	if (!isfinite(number)) {
		return err_set(err, -EINVAL, "%s is not a finite number", where);
	}
	if (param->type == PARAM_INTEGER) {
		/* 2.0 is a whole number, whichever way its sender writes it; beyond 2^53 a
		 * double is no count of anything */
		if (fabs(number) > 9007199254740992.0 || (double)(int64_t)number != number) {
			return err_set(
				err, -EINVAL, "%s is %g; it must be a whole number", where, number);
		}
	}
	if (param->has_min && param->has_max && (number < param->min || number > param->max)) {
		return err_set(err, -EINVAL, "%s is %g; it must be from %g to %g", where, number,
			param->min, param->max);
	}
	if (param->has_min && number < param->min) {
		return err_set(err, -EINVAL, "%s is %g; it must be at least %g", where, number,
			param->min);
	}
	if (param->has_max && number > param->max) {
		return err_set(
			err, -EINVAL, "%s is %g; it must be at most %g", where, number, param->max);
	}
	return 0;
}

static int check_array(const struct descriptor_param *param, struct json_object *value,
	const char *where, struct err *err)
{
	size_t count = json_object_array_length(value);

	if (count >= param->min_length && count <= param->max_length) {
		return 0;
	}
	if (param->min_length == param->max_length) {
		return err_set(err, -EINVAL, "%s has %zu items; it must have %zu", where, count,
			param->min_length);
	}
	if (count < param->min_length) {
		return err_set(err, -EINVAL, "%s has %zu items; it must have at least %zu", where,
			count, param->min_length);
	}
	return err_set(err, -EINVAL, "%s has %zu items; it must have at most %zu", where, count,
		param->max_length);
}

static bool type_fits(enum param_type type, struct json_object *value)
{
	switch (type) {
	case PARAM_STRING:
		return json_object_is_type(value, json_type_string);
	case PARAM_NUMBER:
	case PARAM_INTEGER:
		return json_object_is_type(value, json_type_int) ||
			json_object_is_type(value, json_type_double);
	case PARAM_BOOLEAN:
		return json_object_is_type(value, json_type_boolean);
	case PARAM_ARRAY:
		return json_object_is_type(value, json_type_array);
	case PARAM_OBJECT:
		return json_object_is_type(value, json_type_object);
	}
	return false;
}

static const char *type_phrase(enum param_type type)
{
	switch (type) {
	case PARAM_STRING:
		return "a string";
	case PARAM_NUMBER:
		return "a number";
	case PARAM_INTEGER:
		return "a whole number";
	case PARAM_BOOLEAN:
		return "true or false";
	case PARAM_ARRAY:
		return "an array";
	case PARAM_OBJECT:
		return "an object";
	}
	return "something else";
}

int value_check(const struct descriptor_param *param, struct json_object *value, const char *where,
	struct err *err)
{
	if (!type_fits(param->type, value)) {
		return err_set(err, -EINVAL, "%s is %s; it must be %s", where,
			json_type_name(value), type_phrase(param->type));
	}
	switch (param->type) {
	case PARAM_STRING:
		return check_string(param, value, where, err);
	case PARAM_NUMBER:
	case PARAM_INTEGER:
		return check_number(param, value, where, err);
	case PARAM_ARRAY:
		return check_array(param, value, where, err);
	case PARAM_BOOLEAN:
	case PARAM_OBJECT:
		break;
	}
	return 0;
}

bool value_condition_holds(struct json_object *condition, struct json_object *config)
{
	if (!condition) {
		return true;
	}
	json_object_object_foreach(condition, name, wanted)
	{
		struct json_object *value = json_member(config, name);

		if (!value || !json_object_equal(value, wanted)) {
			return false;
		}
	}
	return true;
}
