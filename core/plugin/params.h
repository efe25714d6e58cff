/* A task against the description of its mode: config checked and completed, pictures found.
 *
 * Runs in the supervisor, on the description alone. No state. */
#ifndef FORMY_PLUGIN_PARAMS_H
#define FORMY_PLUGIN_PARAMS_H

#include <stddef.h>

#include "base/limits.h"

struct descriptor_mode;
struct json_object;

/* Why a task cannot be run. */
struct params_problem {
	const char *code; /* the contract's: INVALID_CONFIG, MISSING_REQUIRED_PARAM, ... */
	char message[LIMIT_ERROR_MESSAGE]; /* one sentence that names the member */
};

/* Checks config, a JSON object or NULL for none, against the mode's parameters. A member that is
 * null counts as absent. *ret_config is a new object, the caller's: the parameters with defaults
 * filled in, and the members that name pictures as they came. Members that the mode does not know
 * are added to unknown, an object, which may be NULL.
 * 0; -EINVAL with *ret_problem; or -ENOMEM. */
int params_check(const struct descriptor_mode *mode, struct json_object *config,
	struct json_object *unknown, struct params_problem *ret_problem,
	struct json_object **ret_config);

/* A picture of a task. The texts belong to the descriptor and to the task's JSON. */
struct params_input {
	const char *role;
	const char *image_id;
	const char *member; /* where the id stood: "source_image", "bg_image", ... */
};

struct params_inputs {
	struct params_input items[LIMIT_TASK_INPUTS];
	size_t count;
};

/* Finds the pictures of a task, in the order of the mode's inputs. source_image and
 * reference_image: data's members of those names, or NULL; any JSON value. config: what
 * params_check() gave, alive as long as *ret_inputs. A picture whose required_if does not hold is
 * left out. 0, or -EINVAL with *ret_problem: MISSING_REQUIRED_PARAM, INVALID_CONFIG,
 * INVALID_SOURCE_IMAGE or INVALID_REFERENCE_IMAGE. */
int params_find_inputs(const struct descriptor_mode *mode, struct json_object *source_image,
	struct json_object *reference_image, struct json_object *config,
	struct params_problem *ret_problem, struct params_inputs *ret_inputs);

#endif
