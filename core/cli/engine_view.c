#include "cli/engine_view.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

const char *engine_text(struct json_object *object, const char *name)
{
	const char *text = NULL;

	return json_get_string(object, name, &text) == 0 ? text : NULL;
}

const char *engine_number(
	struct json_object *object, const char *name, char text[ENGINE_NUMBER_SIZE])
{
	int64_t number = 0;

	if (json_get_int(object, name, &number) < 0) {
		return NULL;
	}
	(void)snprintf(text, ENGINE_NUMBER_SIZE, "%" PRId64, number);
	return text;
}

const char *engine_servers(struct json_object *report, char text[ENGINE_NUMBER_SIZE])
{
	struct json_object *servers = json_member(report, "servers");
	int ready = 0;
	int all = 0;

	if (!json_object_is_type(servers, json_type_object)) {
		return NULL;
	}
	json_object_object_foreach(servers, address, state)
	{
		const char *word = json_object_get_string(state);

		(void)address;
		all++;
		ready += word && strcmp(word, "ready") == 0;
	}
	if (ready == all) {
		(void)snprintf(text, ENGINE_NUMBER_SIZE, "%d", all);
	} else {
		(void)snprintf(text, ENGINE_NUMBER_SIZE, "%d of %d", ready, all);
	}
	return text;
}
