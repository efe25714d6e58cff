/* Reads what a mode says of its parameters and pictures; used by descriptor_from_json() alone. */
#ifndef FORMY_PLUGIN_SPEC_H
#define FORMY_PLUGIN_SPEC_H

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

/* A new array of `count` copies of the strings in an array; names a problem as `where`. */
int spec_read_texts(struct json_object *array, size_t max, const char *where, struct err *err,
	char ***ret_texts, size_t *ret_count);

#endif
