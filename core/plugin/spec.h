/* Reads what a mode says of its parameters and pictures: spec_params.c and spec_inputs.c, with what
 * both need in spec.c. Used by descriptor_from_json() alone. */
#ifndef FORMY_PLUGIN_SPEC_H
#define FORMY_PLUGIN_SPEC_H

#include <stdbool.h>
#include <stddef.h>

struct descriptor_mode;
struct err;
struct json_object;

/* Read the two JSON values into the mode, whose name is set. What was read when they fail is in
 * the mode, for descriptor_destroy(). 0, -EINVAL with a sentence that names mode and member, or
 * -ENOMEM. */
int spec_read_params(struct json_object *params, struct descriptor_mode *mode, struct err *err);
int spec_read_inputs(struct json_object *inputs, struct descriptor_mode *mode, struct err *err);

/* After both: conditions speak of parameters that exist. */
int spec_check_conditions(const struct descriptor_mode *mode, struct err *err);

/* Names the place of a problem: `mode X: parameter "y"`. */
struct spec_where {
	char text[192];
};

struct spec_where spec_where(const char *mode, const char *kind, const char *name);

/* Refuses members that are not in the list, which ends with NULL: they are typing errors. */
int spec_check_members(
	struct json_object *object, const char *const *known, const char *where, struct err *err);

/* A member that is true or false, or absent. */
int spec_read_flag(struct json_object *object, const char *name, const char *where, struct err *err,
	bool *ret_flag);

/* The member required_if; what it says is the caller's. */
int spec_read_condition(struct json_object *object, const char *where, struct err *err,
	struct json_object **ret_condition);

/* A new array of `count` copies of the strings in an array; names a problem as `where`. */
int spec_read_texts(struct json_object *array, size_t max, const char *where, struct err *err,
	char ***ret_texts, size_t *ret_count);

#endif
