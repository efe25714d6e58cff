#include "cli/engine_view.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>

#include "base/json.h"

const char *engine_text(struct json_object *object, const char *name)
{
	const char *text = NULL;

	return json_get_string(object, name, &text) == 0 ? text : NULL;
}

const char *engine_number(
	struct json_object *object, const char *name, char text[ENGINE_NUMBER_SIZE])
{
	struct json_object *value = json_member(object, name);
	int64_t number = 0;

	text[0] = '\0';
	if (json_object_is_type(value, json_type_array)) {
		(void)snprintf(
			text, ENGINE_NUMBER_SIZE, "%zu", (size_t)json_object_array_length(value));
	} else if (json_get_int(object, name, &number) == 0) {
		(void)snprintf(text, ENGINE_NUMBER_SIZE, "%" PRId64, number);
	}
	return text[0] ? text : NULL;
}
