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

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

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
		} else if (c == '-' && len - i > 2 && text[i + 1] == '0' && is_digit(text[i + 2])) {
			return "a number that begins with a zero";
		} else if (c == '.' && (i + 1 == len || !is_digit(text[i + 1]))) {
			return "a number that ends with a point";
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

/* Whether the run of digits at `at` is a whole number too long for 64 bits. */
static bool is_long_integer(const char *text, size_t len, size_t at, size_t digits)
{
	static const char largest[] = "9223372036854775807";
	size_t limit = sizeof(largest) - 1;
	char before = at > 0 ? text[at - 1] : ' ';
	char after = at + digits < len ? text[at + digits] : ' ';

	if (digits < limit || strchr(".eE", after) || strchr(".eE+", before)) {
		return false;
	}
	return digits > limit || memcmp(text + at, largest, limit) > 0;
}

/* json-c turns a whole number that is too long into the longest that it knows, without a word. With
 * an exponent it becomes a double, and keeps its digits when it is written again. */
static void widen_integers(const char *text, size_t len, struct buf *out)
{
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		size_t digits = 0;

		while (!in_string && i + digits < len && is_digit(text[i + digits])) {
			digits++;
		}
		if (digits > 0) {
			buf_add(out, text + i, digits);
			if (is_long_integer(text, len, i, digits)) {
				buf_add_text(out, "e0");
			}
			i += digits - 1;
			continue;
		}
		buf_add_char(out, text[i]);
		if (in_string && text[i] == '\\' && i + 1 < len) {
			buf_add_char(out, text[++i]);
		} else if (text[i] == '"') {
			in_string = !in_string;
		}
	}
}

/* Whether widen_integers could find something: most texts need no copy. */
static bool has_long_digits(const char *text, size_t len)
{
	size_t run = 0;

	for (size_t i = 0; i < len; i++) {
		run = is_digit(text[i]) ? run + 1 : 0;
		if (run >= 19) {
			return true;
		}
	}
	return false;
}

int json_parse(
	const char *text, size_t len, size_t max, struct err *err, struct json_object **ret_value)
{
	struct json_tokener *tokener = NULL;
	struct json_object *value = NULL;
	struct counts counts = {0};
	struct buf widened = {0};
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
	if (has_long_digits(text, len)) {
		widen_integers(text, len, &widened);
		text = buf_cstr(&widened);
		len = widened.len;
	}
	tokener = text ? json_tokener_new_ex(LIMIT_JSON_DEPTH) : NULL;
	if (!tokener) {
		buf_finish(&widened);
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
	buf_finish(&widened);
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

/* The bytes of the character that begins here, or 0 when it is not UTF-8. */
static size_t utf8_length(const char *text)
{
	static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char first = (unsigned char)*text;
	size_t len = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	unsigned value = first & (0xffu >> (len + 1));

	if (len == 1) {
		return 1;
	}
	/* the NUL at the end is no continuation: it stops the loop */
	for (size_t i = 1; i < len; i++) {
		if (((unsigned char)text[i] & 0xc0) != 0x80) {
			return 0;
		}
		value = value << 6 | ((unsigned char)text[i] & 0x3f);
	}
	return value < least[len] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000) ? 0
											     : len;
}

void json_add_string(struct buf *out, const char *text)
{
	size_t len = 1;

	buf_add_char(out, '"');
	for (const char *at = text; *at; at += len) {
		unsigned char c = (unsigned char)*at;

		len = utf8_length(at);
		if (len == 0) {
			buf_add_text(out, "\xef\xbf\xbd");
			len = 1;
		} else if (len > 1) {
			buf_add(out, at, len);
		} else if (c == '"' || c == '\\') {
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
