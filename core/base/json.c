#include "base/json.h"

#include <errno.h>
#include <json-c/json.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"

#define OUTPUT_FLAGS (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

/* What json-c lets through although RFC 8259 does not: looks at the characters outside strings,
 * and for control characters inside them. */
static const char *find_laxity(const char *text, size_t len)
{
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (in_string) {
			if (c < 0x20) {
				return "a raw control character in a string";
			}
			if (c == '\\') {
				i++;
			} else if (c == '"') {
				in_string = false;
			}
		} else if (c == '"') {
			in_string = true;
		} else if (c == '\'') {
			return "a single quote";
		} else if (c == 'N' || c == 'I') {
			return "NaN or Infinity";
		} else if (c == '\0') {
			return "a NUL";
		}
	}
	return NULL;
}

/* Counts the members that the text names and those that the parsed value kept. */
struct counts {
	size_t members;
	const char *problem;
};

static void count_members(struct json_object *value, struct counts *counts)
{
	enum json_type type = json_object_get_type(value);

	if (type == json_type_object) {
		json_object_object_foreach(value, name, member)
		{
			(void)name;
			counts->members++;
			count_members(member, counts);
		}
	} else if (type == json_type_array) {
		for (size_t i = 0; i < json_object_array_length(value); i++) {
			count_members(json_object_array_get_idx(value, i), counts);
		}
	} else if (type == json_type_string) {
		const char *text = json_object_get_string(value);

		if (strlen(text) != (size_t)json_object_get_string_len(value)) {
			counts->problem = "a NUL in a string";
		}
	} else if (type == json_type_double && !isfinite(json_object_get_double(value))) {
		counts->problem = "a number out of range";
	}
}

/* Outside strings a colon stands once for every member. */
static size_t count_colons(const char *text, size_t len)
{
	bool in_string = false;
	size_t colons = 0;

	for (size_t i = 0; i < len; i++) {
		if (in_string) {
			if (text[i] == '\\') {
				i++;
			} else if (text[i] == '"') {
				in_string = false;
			}
		} else if (text[i] == '"') {
			in_string = true;
		} else if (text[i] == ':') {
			colons++;
		}
	}
	return colons;
}

int json_parse(
	const char *text, size_t len, size_t max, struct err *err, struct json_object **ret_value)
{
	struct json_tokener *tokener = NULL;
	struct json_object *value = NULL;
	struct counts counts = {0};
	const char *laxity;
	enum json_tokener_error code;
	int result = 0;

	if (len > max) {
		return err_set(err, -EFBIG, "%zu bytes of JSON, at most %zu are taken", len, max);
	}
	laxity = find_laxity(text, len);
	if (laxity) {
		return err_set(err, -EINVAL, "not JSON: %s", laxity);
	}
	tokener = json_tokener_new_ex(LIMIT_JSON_DEPTH);
	if (!tokener) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	value = json_tokener_parse_ex(tokener, text, (int)len);
	code = json_tokener_get_error(tokener);
	if (code == json_tokener_continue) {
		/* a number at the very end is complete only when something follows it */
		value = json_tokener_parse_ex(tokener, " ", 1);
		code = json_tokener_get_error(tokener);
	} else if (code == json_tokener_success && json_tokener_get_parse_end(tokener) != len) {
		size_t end = json_tokener_get_parse_end(tokener);

		while (end < len && strchr(" \t\r\n", text[end])) {
			end++;
		}
		if (end != len) {
			result = err_set(
				err, -EINVAL, "not JSON: text after the value, at byte %zu", end);
			goto out;
		}
	}
	if (code != json_tokener_success) {
		result = err_set(err, -EINVAL, "not JSON: %s, at byte %zu",
			code == json_tokener_continue ? "it ends too early"
						      : json_tokener_error_desc(code),
			json_tokener_get_parse_end(tokener));
		goto out;
	}
	count_members(value, &counts);
	if (!counts.problem && counts.members != count_colons(text, len)) {
		counts.problem = "a member that stands twice";
	}
	if (counts.problem) {
		result = err_set(err, -EINVAL, "not JSON that is taken here: %s", counts.problem);
		goto out;
	}
	*ret_value = value;
	value = NULL;
out:
	json_object_put(value);
	json_tokener_free(tokener);
	return result;
}

struct json_object *json_member(const struct json_object *object, const char *name)
{
	struct json_object *value = NULL;

	if (!json_object_is_type(object, json_type_object)) {
		return NULL;
	}
	return json_object_object_get_ex(object, name, &value) ? value : NULL;
}

int json_get_string(const struct json_object *object, const char *name, const char **ret_text)
{
	struct json_object *value = json_member(object, name);

	if (!value) {
		return -ENOENT;
	}
	if (!json_object_is_type(value, json_type_string)) {
		return -EINVAL;
	}
	*ret_text = json_object_get_string(value);
	return 0;
}

int json_get_int(const struct json_object *object, const char *name, int64_t *ret_value)
{
	struct json_object *value = json_member(object, name);
	int64_t number;

	if (!value) {
		return -ENOENT;
	}
	if (!json_object_is_type(value, json_type_int)) {
		return -EINVAL;
	}
	number = json_object_get_int64(value);
	/* json-c saturates: a number that long is not one that anybody means */
	if (number == INT64_MAX || number == INT64_MIN) {
		return -EINVAL;
	}
	*ret_value = number;
	return 0;
}

int json_get_bool(const struct json_object *object, const char *name, bool *ret_value)
{
	struct json_object *value = json_member(object, name);

	if (!value) {
		return -ENOENT;
	}
	if (!json_object_is_type(value, json_type_boolean)) {
		return -EINVAL;
	}
	*ret_value = json_object_get_boolean(value);
	return 0;
}

int json_get_double(const struct json_object *object, const char *name, double *ret_value)
{
	struct json_object *value = json_member(object, name);

	if (!value) {
		return -ENOENT;
	}
	if (!json_object_is_type(value, json_type_double) &&
		!json_object_is_type(value, json_type_int)) {
		return -EINVAL;
	}
	*ret_value = json_object_get_double(value);
	return 0;
}

const char *json_type_name(const struct json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_null:
		return "null";
	case json_type_boolean:
		return "a boolean";
	case json_type_double:
	case json_type_int:
		return "a number";
	case json_type_object:
		return "an object";
	case json_type_array:
		return "an array";
	case json_type_string:
		return "a string";
	}
	return "something else";
}

const char *json_text(struct json_object *value)
{
	return json_object_to_json_string_ext(value, OUTPUT_FLAGS);
}

void json_add_string(struct buf *out, const char *text)
{
	buf_add_char(out, '"');
	for (const char *at = text; *at; at++) {
		unsigned char c = (unsigned char)*at;

		if (c == '"' || c == '\\') {
			buf_add_char(out, '\\');
			buf_add_char(out, (char)c);
		} else if (c < 0x20 || c == 0x7f) {
			buf_printf(out, "\\u%04x", c);
		} else {
			buf_add_char(out, (char)c);
		}
	}
	buf_add_char(out, '"');
}
