/* One value of config against the description of its parameter. */
#ifndef FORMY_PLUGIN_VALUE_H
#define FORMY_PLUGIN_VALUE_H

#include <stdbool.h>

struct descriptor_param;
struct err;
struct json_object;

/* 0, or -EINVAL with a sentence that begins with `where`: the parameter's name as the reader of
 * the sentence knows it. */
int value_check(const struct descriptor_param *param, struct json_object *value, const char *where,
	struct err *err);

/* True when config has every member of the condition, with the same value. A condition that is
 * NULL holds. */
bool value_condition_holds(struct json_object *condition, struct json_object *config);

/* "#rrggbb", with either case of letters. */
bool value_is_color(const char *text);

#endif
