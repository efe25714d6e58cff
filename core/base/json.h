/* JSON from outside, read strictly; json-c underneath.
 *
 * json-c by itself takes comments, NaN, single quotes and raw control characters, saturates
 * numbers without a word and turns any type into any other. Here a text is JSON (RFC 8259) or an
 * error, and a getter gives a value of the asked type and range or says why not. */
#ifndef FORMY_BASE_JSON_H
#define FORMY_BASE_JSON_H

#include <json-c/json_object.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;

/* Parses a whole text: at most `max` bytes, LIMIT_JSON_DEPTH deep, valid UTF-8, no member twice,
 * no NUL in a string. A number too large for its type becomes a double. Returns 0, -EFBIG,
 * -EINVAL or -ENOMEM; *ret_value is then the caller's, to json_object_put. */
int json_parse(
	const char *text, size_t len, size_t max, struct err *err, struct json_object **ret_value);

/* A member of an object, or NULL when it is absent or null, or when object is no object. */
struct json_object *json_member(const struct json_object *object, const char *name);

/* Members of one type: 0, -ENOENT when absent or null, -EINVAL when of another type. The string
 * belongs to the object. */
int json_get_string(const struct json_object *object, const char *name, const char **ret_text);
int json_get_int(const struct json_object *object, const char *name, int64_t *ret_value);
int json_get_bool(const struct json_object *object, const char *name, bool *ret_value);
int json_get_double(const struct json_object *object, const char *name, double *ret_value);

/* The name of a value's type for an error message: "a string", "an object", ... */
const char *json_type_name(const struct json_object *value);

/* The compact text of a value; belongs to the value and lives until it changes. NULL: no memory. */
const char *json_text(struct json_object *value);

/* Appends a string as JSON, quotes included; bytes that are not UTF-8 become U+FFFD. */
void json_add_string(struct buf *out, const char *text);

#endif
