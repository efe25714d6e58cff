/* What a probe says of a plugin: any text is a description or is refused. A description is then
 * asked for what a task may send, which is the rest of the bytes after a NUL. */
#include "plugin/descriptor.h"

#include <json-c/json.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/limits.h"
#include "plugin/params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_modes(const struct descriptor *descriptor, struct json_object *config)
{
	for (size_t i = 0; i < descriptor->mode_count; i++) {
		struct params_problem problem;
		struct params_inputs inputs;
		struct json_object *checked = NULL;

		if (params_check(&descriptor->modes[i], config, NULL, &problem, &checked) == 0) {
			(void)params_find_inputs(
				&descriptor->modes[i], config, config, checked, &problem, &inputs);
			json_object_put(checked);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *text = (const char *)data;
	const char *end = len > 0 ? memchr(text, '\0', len) : NULL;
	size_t first = end ? (size_t)(end - text) : len;
	struct descriptor *descriptor = NULL;
	struct json_object *config = NULL;
	struct err err = {0};

	if (len > 0 && descriptor_from_json(text, first, &err, &descriptor) == 0) {
		if (end) {
			(void)json_parse(end + 1, len - first - 1, LIMIT_TASK_DATA, NULL, &config);
		}
		check_modes(
			descriptor, json_object_is_type(config, json_type_object) ? config : NULL);
	}
	json_object_put(config);
	descriptor_destroy(descriptor);
	return 0;
}
