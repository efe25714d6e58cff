#include "http/path.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"

#define NAME_MAX_BYTES 128

static struct json_object *step(struct json_object *value, const char *name)
{
	char *end = NULL;
	unsigned long at;

	if (!json_object_is_type(value, json_type_array)) {
		return json_member(value, name);
	}
	at = strtoul(name, &end, 10);
	return end != name && *end == '\0' && at < json_object_array_length(value)
		? json_object_array_get_idx(value, at)
		: NULL;
}

struct json_object *path_find(struct json_object *root, const char *path)
{
	struct json_object *value = root;

	while (value && *path) {
		char name[NAME_MAX_BYTES];
		size_t len = strcspn(path, ".[]");

		if (len >= sizeof(name)) {
			return NULL;
		}
		if (len > 0) {
			memcpy(name, path, len);
			name[len] = '\0';
			value = step(value, name);
		}
		path += len;
		path += strspn(path, ".[]");
	}
	return value;
}

const char *path_text(struct json_object *root, const char *path)
{
	struct json_object *value = path_find(root, path);

	switch (json_object_get_type(value)) {
	case json_type_string:
		return json_object_get_string(value);
	case json_type_int:
	case json_type_double:
	case json_type_boolean:
		return json_text(value);
	default:
		return NULL;
	}
}
