/* What a plugin file says of itself, as plain data: nothing here points into the plugin.
 *
 * A probe, which has loaded the file, writes the description as JSON; the supervisor reads that
 * JSON, trusting nothing, and checks tasks against the result before any code of the plugin runs.
 * A struct descriptor owns all that it points to and does not change; any thread may read it. */
#ifndef FORMY_PLUGIN_DESCRIPTOR_H
#define FORMY_PLUGIN_DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formy/plugin.h"

struct buf;
struct err;
struct json_object;

enum param_type {
	PARAM_STRING = 1,
	PARAM_NUMBER,
	PARAM_INTEGER,
	PARAM_BOOLEAN,
	PARAM_ARRAY,
	PARAM_OBJECT,
};

/* A parameter of a mode: a member of config. */
struct descriptor_param {
	char *name;
	char *help; /* NULL: none */
	enum param_type type;
	bool required;
	bool has_min, has_max;
	double min, max;               /* the value of a number or an integer */
	size_t min_length, max_length; /* characters of a string, or items of an array */
	char **choices;                /* a string is one of these; NULL: any */
	size_t choice_count;
	bool color;                      /* a string may also be, or is, #rrggbb */
	struct json_object *fallback;    /* the default; NULL: none */
	struct json_object *required_if; /* an object: required when config has these; NULL: none */
};

/* A picture that a mode takes. */
struct descriptor_input {
	char *role;
	char **members; /* of config, under which its id may come; the first that is there counts */
	size_t member_count;
	bool source;    /* it is data.source_image */
	bool reference; /* data.reference_image will do as well */
	bool required;
	struct json_object *required_if; /* an object; NULL: none. When it does not hold, the
					    picture is not wanted at all */
};

struct descriptor_mode {
	char *name;
	char *title;
	bool has_output;                 /* false: the mode makes no picture */
	struct descriptor_input *inputs; /* in the order of the comparison */
	size_t input_count;
	struct descriptor_param *params;
	size_t param_count;
};

struct descriptor_engine {
	char *type;
	char *title;
	bool has_check;
	bool whole_config;  /* it wants all of a task's config: FORMY_ENGINE_WHOLE_CONFIG */
	bool any_operation; /* its configuration says what it can do */
	char **operations;
	size_t operation_count;
};

struct descriptor {
	char *id;
	char *version;
	char *license;  /* NULL: none */
	char *homepage; /* NULL: none */
	uint32_t abi_major, abi_minor;
	uint32_t needs; /* FORMY_NEEDS_... */
	struct descriptor_mode *modes;
	size_t mode_count;
	struct descriptor_engine *engines;
	size_t engine_count;
};

/* Checks the sizes and ABI numbers of a loaded plugin's structs, and appends their content as JSON
 * to out. That JSON still has to go through descriptor_from_json(), which checks all the rest.
 * 0, or -EINVAL with a sentence that says what the plugin does wrong. */
int descriptor_to_json(const formy_plugin *plugin, struct err *err, struct buf *out);

/* Whether a plugin of these numbers can be taken by this host, as far as they tell. */
bool descriptor_abi_fits(uint32_t major, uint32_t minor);

/* Reads and checks a description: names, limits, types, and that parameters and inputs fit each
 * other. 0, -EINVAL with a sentence that names the mode and the parameter, or -ENOMEM. */
int descriptor_from_json(
	const char *json, size_t len, struct err *err, struct descriptor **ret_descriptor);

/* Takes NULL. */
void descriptor_destroy(struct descriptor *descriptor);

/* NULL when there is none of that name. */
const struct descriptor_mode *descriptor_find_mode(
	const struct descriptor *descriptor, const char *name);
const struct descriptor_engine *descriptor_find_engine(
	const struct descriptor *descriptor, const char *type);
const struct descriptor_param *descriptor_find_param(
	const struct descriptor_mode *mode, const char *name);

/* "string", "number", ... as in a description. */
const char *descriptor_type_name(enum param_type type);

#endif
