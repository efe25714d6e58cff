/* Parameters to try a mode with: what its description allows, at its edges and by chance. */
#ifndef FORMY_CLI_CHECK_VALUES_H
#define FORMY_CLI_CHECK_VALUES_H

#include <stddef.h>
#include <stdint.h>

struct descriptor_mode;
struct descriptor_param;
struct json_object;

/* The same numbers each time: a case that failed once can be repeated. Not zero at first. */
struct chance {
	uint64_t state;
};

uint64_t chance_below(struct chance *chance, uint64_t limit);

/* Values of a parameter at its edges, one after another; NULL when there are no more. The
 * caller's. */
struct json_object *value_at_edge(const struct descriptor_param *param, size_t index);

/* Any JSON value: numbers without bounds, texts without end, nested what can be. The caller's. */
struct json_object *value_of_chance(struct chance *chance, unsigned depth);

/* An object of some members as those above. The caller's. */
struct json_object *values_of_chance(struct chance *chance);

/* A config that the worker lets pass: the least that is needed and, where name is set, that value.
 * The caller's; NULL when none was found. */
struct json_object *config_with(
	const struct descriptor_mode *mode, const char *name, struct json_object *value);

/* One that chance made, within the description's bounds and beyond; NULL when the worker refuses
 * it, as it should most of those that are beyond. */
struct json_object *config_of_chance(const struct descriptor_mode *mode, struct chance *chance);

#endif
