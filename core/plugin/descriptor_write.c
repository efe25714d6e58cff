#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/limits.h"
#include "plugin/descriptor.h"

#define KNOWN_FLAGS (FORMY_NEEDS_NET | FORMY_NEEDS_GPU | FORMY_NEEDS_EXEC)

static int out_of_memory(struct err *err)
{
	return err_set(err, -ENOMEM, "out of memory");
}

/* Adds a member, whose value is then the object's. False when there was no memory for either. */
static bool add(struct json_object *object, const char *name, struct json_object *value)
{
	if (!value) {
		return false;
	}
	if (json_object_object_add(object, name, value) < 0) {
		json_object_put(value);
		return false;
	}
	return true;
}

static bool add_item(struct json_object *array, struct json_object *value)
{
	if (!value) {
		return false;
	}
	if (json_object_array_add(array, value) < 0) {
		json_object_put(value);
		return false;
	}
	return true;
}

/* A text that the plugin left NULL is left out. */
static bool add_text(struct json_object *object, const char *name, const char *text)
{
	return !text || add(object, name, json_object_new_string(text));
}

/* Adds a JSON text of the plugin as what it says. */
static int add_parsed(struct json_object *object, const char *name, const char *text,
	const char *mode, struct err *err)
{
	struct json_object *value = NULL;
	struct err why;
	int result;

	if (!text) {
		return err_set(err, -EINVAL, "mode %s: its %s are NULL", mode, name);
	}
	result = json_parse(
		text, strnlen(text, LIMIT_DESCRIPTOR + 1), LIMIT_DESCRIPTOR, &why, &value);
	if (result < 0) {
		return err_set(err, -EINVAL, "mode %s: its %s are %s", mode, name, why.text);
	}
	return add(object, name, value) ? 0 : out_of_memory(err);
}

/* While it is a draft there is one size. Later a newer plugin's structs may be larger; the smallest
 * are those of the major's first number, which have to be written down here when one grows. */
static bool is_size(uint32_t size, size_t known)
{
	return FORMY_ABI_MAJOR == 0 ? size == known : size >= known;
}

static int write_mode(const formy_mode *mode, struct json_object *to, struct err *err)
{
	int result;

	if (!is_size(mode->size, sizeof(*mode))) {
		return err_set(err, -EINVAL,
			"a mode says that its size is %u bytes, in this ABI it is %zu; set size to "
			"sizeof(formy_mode)",
			mode->size, sizeof(*mode));
	}
	if (!mode->name) {
		return err_set(err, -EINVAL, "a mode has no name");
	}
	if (!mode->run) {
		return err_set(err, -EINVAL, "mode %.64s has no run function", mode->name);
	}
	if (mode->flags & ~(uint32_t)FORMY_MODE_NO_OUTPUT) {
		return err_set(err, -EINVAL,
			"mode %.64s has flags that this ABI does not know: %#x", mode->name,
			mode->flags);
	}
	if (!add_text(to, "name", mode->name) || !add_text(to, "title", mode->title) ||
		!add(to, "output",
			json_object_new_boolean(!(mode->flags & FORMY_MODE_NO_OUTPUT)))) {
		return out_of_memory(err);
	}
	result = add_parsed(to, "inputs", mode->inputs, mode->name, err);
	return result < 0 ? result : add_parsed(to, "params", mode->params, mode->name, err);
}

static int write_engine(const formy_engine *engine, struct json_object *to, struct err *err)
{
	struct json_object *operations;

	if (!is_size(engine->size, sizeof(*engine))) {
		return err_set(err, -EINVAL,
			"an engine says that its size is %u bytes, in this ABI it is %zu; set size "
			"to sizeof(formy_engine)",
			engine->size, sizeof(*engine));
	}
	if (!engine->type) {
		return err_set(err, -EINVAL, "an engine has no type");
	}
	if (!engine->run) {
		return err_set(err, -EINVAL, "engine %.64s has no run function", engine->type);
	}
	if (engine->flags & ~(uint32_t)FORMY_ENGINE_WHOLE_CONFIG) {
		return err_set(err, -EINVAL,
			"engine %.64s has flags that this ABI does not know: %#x", engine->type,
			engine->flags);
	}
	if (!add_text(to, "type", engine->type) || !add_text(to, "title", engine->title) ||
		!add(to, "check", json_object_new_boolean(engine->check != NULL)) ||
		!add(to, "whole_config",
			json_object_new_boolean(
				(engine->flags & FORMY_ENGINE_WHOLE_CONFIG) != 0))) {
		return out_of_memory(err);
	}
	if (!engine->operations) {
		return 0;
	}
	operations = json_object_new_array();
	if (!add(to, "operations", operations)) {
		return out_of_memory(err);
	}
	for (size_t i = 0; engine->operations[i]; i++) {
		if (i == LIMIT_MODE_PARAMS) {
			return err_set(err, -EINVAL, "engine %.64s has more than %d operations",
				engine->type, LIMIT_MODE_PARAMS);
		}
		if (!add_item(operations, json_object_new_string(engine->operations[i]))) {
			return out_of_memory(err);
		}
	}
	return 0;
}

static int check_abi(const formy_plugin *plugin, struct err *err)
{
	/* the numbers stand in front, so that they can be read of any size that is older or newer */
	if (plugin->size < offsetof(formy_plugin, needs_minor)) {
		return err_set(err, -EINVAL,
			"its description says that its size is %u bytes; set size to "
			"sizeof(formy_plugin)",
			plugin->size);
	}
	if (!descriptor_abi_fits(plugin->abi_major, plugin->abi_minor)) {
		return err_set(err, -EINVAL,
			"it was built for ABI %u.%u, this worker has ABI %u.%u; build it with the "
			"formy/plugin.h of this version",
			plugin->abi_major, plugin->abi_minor, FORMY_ABI_MAJOR, FORMY_ABI_MINOR);
	}
	if (!is_size(plugin->size, sizeof(*plugin))) {
		return err_set(err, -EINVAL,
			"its description says that its size is %u bytes, in ABI %u.%u it is %zu; "
			"set size to sizeof(formy_plugin)",
			plugin->size, FORMY_ABI_MAJOR, FORMY_ABI_MINOR, sizeof(*plugin));
	}
	if (plugin->needs_minor > FORMY_ABI_MINOR) {
		return err_set(err, -EINVAL, "it needs ABI %u.%u, this worker has ABI %u.%u",
			plugin->abi_major, plugin->needs_minor, FORMY_ABI_MAJOR, FORMY_ABI_MINOR);
	}
	if (plugin->flags & ~(uint32_t)KNOWN_FLAGS) {
		return err_set(err, -EINVAL, "it has flags that this ABI does not know: %#x",
			plugin->flags);
	}
	return 0;
}

static int write_modes(const formy_plugin *plugin, struct json_object *to, struct err *err)
{
	struct json_object *list = json_object_new_array();

	if (!add(to, "modes", list)) {
		return out_of_memory(err);
	}
	for (size_t i = 0; plugin->modes && plugin->modes[i]; i++) {
		struct json_object *item = json_object_new_object();
		int result;

		if (!add_item(list, item)) {
			return out_of_memory(err);
		}
		if (i == LIMIT_PLUGIN_MODES) {
			return err_set(err, -EINVAL,
				"it has more than %d modes; does the list end "
				"with NULL?",
				LIMIT_PLUGIN_MODES);
		}
		result = write_mode(plugin->modes[i], item, err);
		if (result < 0) {
			return result;
		}
	}
	return 0;
}

static int write_engines(const formy_plugin *plugin, struct json_object *to, struct err *err)
{
	struct json_object *list = json_object_new_array();

	if (!add(to, "engines", list)) {
		return out_of_memory(err);
	}
	for (size_t i = 0; plugin->engines && plugin->engines[i]; i++) {
		struct json_object *item = json_object_new_object();
		int result;

		if (!add_item(list, item)) {
			return out_of_memory(err);
		}
		if (i == LIMIT_PLUGIN_MODES) {
			return err_set(err, -EINVAL,
				"it has more than %d engines; does the list "
				"end with NULL?",
				LIMIT_PLUGIN_MODES);
		}
		result = write_engine(plugin->engines[i], item, err);
		if (result < 0) {
			return result;
		}
	}
	return 0;
}

int descriptor_to_json(const formy_plugin *plugin, struct err *err, struct buf *out)
{
	struct json_object *json = NULL;
	const char *text;
	int result = check_abi(plugin, err);

	if (result < 0) {
		return result;
	}
	json = json_object_new_object();
	if (!json || !add(json, "abi_major", json_object_new_int64(plugin->abi_major)) ||
		!add(json, "abi_minor", json_object_new_int64(plugin->abi_minor)) ||
		!add(json, "needs", json_object_new_int64(plugin->flags)) ||
		!add_text(json, "id", plugin->id) || !add_text(json, "version", plugin->version) ||
		!add_text(json, "license", plugin->license) ||
		!add_text(json, "homepage", plugin->homepage)) {
		result = out_of_memory(err);
		goto out;
	}
	result = write_modes(plugin, json, err);
	if (result == 0) {
		result = write_engines(plugin, json, err);
	}
	if (result < 0) {
		goto out;
	}
	text = json_text(json);
	if (text) {
		buf_add_text(out, text);
	}
	if (!text || buf_failed(out)) {
		result = out_of_memory(err);
	}
out:
	json_object_put(json);
	return result;
}
