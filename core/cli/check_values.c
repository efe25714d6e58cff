#include "cli/check_values.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "plugin/descriptor.h"
#include "plugin/params.h"

#define MOST_MEMBERS 4
#define MOST_DEPTH 3
#define WIDE 1000 /* of a number that has no bounds */

uint64_t chance_below(struct chance *chance, uint64_t limit)
{
	/* xorshift */
	chance->state ^= chance->state << 13;
	chance->state ^= chance->state >> 7;
	chance->state ^= chance->state << 17;
	return chance->state % limit;
}

struct json_object *value_at_edge(const struct descriptor_param *param, size_t index)
{
	const double bounds[] = {param->has_min ? param->min : 0, param->has_max ? param->max : 1};

	switch (param->type) {
	case PARAM_NUMBER:
		return index < 2 ? json_object_new_double(bounds[index]) : NULL;
	case PARAM_INTEGER:
		return index < 2 ? json_object_new_int64((int64_t)bounds[index]) : NULL;
	case PARAM_BOOLEAN:
		return index < 2 ? json_object_new_boolean(index == 1) : NULL;
	case PARAM_STRING:
		if (index < param->choice_count) {
			return json_object_new_string(param->choices[index]);
		}
		if (index == param->choice_count && (param->color || param->choice_count == 0)) {
			return json_object_new_string(param->color ? "#808080" : "x");
		}
		return NULL;
	case PARAM_OBJECT:
		return index < 1 ? json_object_new_object() : NULL;
	case PARAM_ARRAY:
		return index < 1 && param->min_length == 0 ? json_object_new_array() : NULL;
	}
	return NULL;
}

static struct json_object *text_of_chance(struct chance *chance, uint64_t most)
{
	static const char *const pieces[] = {"a", "Z", "0", " ", "\n", "\"", "\\", "%s", "%n",
		"../", "#", "{", "ä", "漢", "🙂", "\x01"};
	uint64_t count = chance_below(chance, most + 1);
	struct buf text = {0};
	struct json_object *value;

	for (uint64_t i = 0; i < count; i++) {
		buf_add_text(
			&text, pieces[chance_below(chance, sizeof(pieces) / sizeof(pieces[0]))]);
	}
	value = json_object_new_string(buf_cstr(&text) ? buf_cstr(&text) : "");
	buf_finish(&text);
	return value;
}

static struct json_object *number_of_chance(struct chance *chance)
{
	static const double odd[] = {0, -0.0, -1, 1e-308, 1e308, -1e308, 9007199254740993.0,
		4294967296.0, 2147483648.0, -2147483649.0, 0.1, 255.5};

	return json_object_new_double(odd[chance_below(chance, sizeof(odd) / sizeof(odd[0]))]);
}

struct json_object *value_of_chance(struct chance *chance, unsigned depth)
{
	struct json_object *value;
	uint64_t count;

	switch (chance_below(chance, depth < MOST_DEPTH ? 7 : 5)) {
	case 0:
		return json_object_new_boolean(chance_below(chance, 2) == 1);
	case 1:
		return number_of_chance(chance);
	case 2:
		return json_object_new_int64((int64_t)chance_below(chance, UINT64_MAX));
	case 3:
		return text_of_chance(chance, 40);
	case 4:
		return NULL;
	case 5:
		value = json_object_new_array();
		count = chance_below(chance, MOST_MEMBERS);
		for (uint64_t i = 0; i < count; i++) {
			json_object_array_add(value, value_of_chance(chance, depth + 1));
		}
		return value;
	default:
		return values_of_chance(chance);
	}
}

struct json_object *values_of_chance(struct chance *chance)
{
	static const char *const names[] = {
		"width", "size", "model", "seed", "points", "x", "", "ä"};
	struct json_object *object = json_object_new_object();
	uint64_t count = chance_below(chance, MOST_MEMBERS);

	for (uint64_t i = 0; i < count; i++) {
		json_object_object_add(object,
			names[chance_below(chance, sizeof(names) / sizeof(names[0]))],
			value_of_chance(chance, MOST_DEPTH - 1));
	}
	return object;
}

static struct json_object *number_within(
	const struct descriptor_param *param, struct chance *chance)
{
	double low = param->has_min ? param->min : param->has_max ? param->max - WIDE : -WIDE;
	double high = param->has_max ? param->max : low + 2 * WIDE;
	double value = low + (high - low) * (double)chance_below(chance, 1001) / 1000;

	return param->type == PARAM_INTEGER ? json_object_new_int64((int64_t)value)
					    : json_object_new_double(value);
}

static struct json_object *color_of_chance(struct chance *chance)
{
	char text[8] = "#";

	for (size_t i = 1; i < 7; i++) {
		text[i] = "0123456789abcdefABCDEF"[chance_below(chance, 22)];
	}
	return json_object_new_string(text);
}

/* What the description says of the value, but not of what is in it. */
static struct json_object *value_within(const struct descriptor_param *param, struct chance *chance)
{
	struct json_object *array;
	uint64_t spread;
	uint64_t count;

	switch (param->type) {
	case PARAM_NUMBER:
	case PARAM_INTEGER:
		return number_within(param, chance);
	case PARAM_BOOLEAN:
		return json_object_new_boolean(chance_below(chance, 2) == 1);
	case PARAM_STRING:
		if (param->color && chance_below(chance, 2) == 1) {
			return color_of_chance(chance);
		}
		if (param->choice_count > 0) {
			return json_object_new_string(
				param->choices[chance_below(chance, param->choice_count)]);
		}
		return text_of_chance(chance, param->max_length < 200 ? param->max_length : 200);
	case PARAM_OBJECT:
		return values_of_chance(chance);
	case PARAM_ARRAY:
		break;
	}
	array = json_object_new_array();
	spread = param->max_length - param->min_length;
	count = param->min_length + chance_below(chance, spread < 20 ? spread + 1 : 20);
	for (uint64_t i = 0; i < count; i++) {
		json_object_array_add(array, value_of_chance(chance, 1));
	}
	return array;
}

static struct json_object *pass(const struct descriptor_mode *mode, struct json_object *given)
{
	struct params_problem problem;
	struct json_object *checked = NULL;

	if (params_check(mode, given, NULL, &problem, &checked) < 0) {
		checked = NULL;
	}
	json_object_put(given);
	return checked;
}

static struct json_object *least(const struct descriptor_mode *mode)
{
	struct json_object *given = json_object_new_object();

	for (size_t i = 0; i < mode->param_count; i++) {
		const struct descriptor_param *param = &mode->params[i];

		if ((param->required || param->required_if) && !param->fallback) {
			json_object_object_add(given, param->name, value_at_edge(param, 0));
		}
	}
	return given;
}

struct json_object *config_with(
	const struct descriptor_mode *mode, const char *name, struct json_object *value)
{
	struct json_object *given = least(mode);

	if (name) {
		json_object_object_add(given, name, json_object_get(value));
	}
	return pass(mode, given);
}

struct json_object *config_of_chance(const struct descriptor_mode *mode, struct chance *chance)
{
	struct json_object *given = least(mode);

	for (size_t i = 0; i < mode->param_count; i++) {
		const struct descriptor_param *param = &mode->params[i];
		uint64_t what = chance_below(chance, 8);

		/* one in eight is beyond, so that most configs pass and some are odd */
		if (what == 0) {
			json_object_object_add(given, param->name, value_of_chance(chance, 0));
		} else if (what < 6) {
			json_object_object_add(given, param->name, value_within(param, chance));
		}
	}
	return pass(mode, given);
}
