#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/ident.h"
#include "base/json.h"
#include "base/limits.h"
#include "plugin/descriptor.h"
#include "plugin/spec.h"

#define MAX_TEXT 200 /* bytes of a title, a version, a license, a homepage */

/* A copy of a member, which may be absent if it is not needed. */
static int read_text(struct json_object *object, const char *name, bool needed, const char *where,
	struct err *err, char **ret_text)
{
	const char *text;
	int result = json_get_string(object, name, &text);

	if (result == -ENOENT && !needed) {
		return 0;
	}
	if (result < 0 || strlen(text) > MAX_TEXT || (needed && !text[0])) {
		return err_set(err, -EINVAL, "%s: its %s must be a text of 1 to %d bytes", where,
			name, MAX_TEXT);
	}
	for (const char *at = text; *at; at++) {
		if ((unsigned char)*at < 0x20 || *at == 0x7f) {
			return err_set(err, -EINVAL, "%s: its %s has a control character in it",
				where, name);
		}
	}
	*ret_text = strdup(text);
	return *ret_text ? 0 : err_set(err, -ENOMEM, "out of memory");
}

static int read_mode(struct json_object *object, struct descriptor_mode *mode, struct err *err)
{
	int result = read_text(object, "name", true, "a mode", err, &mode->name);

	if (result < 0) {
		return result;
	}
	if (!ident_is_mode(mode->name, strlen(mode->name))) {
		return err_set(err, -EINVAL,
			"\"%.64s\" is no name for a mode: it must be like BACKGROUND_CHANGE, of "
			"A-Z, "
			"0-9 and _, of 2 to 64 characters",
			mode->name);
	}
	if (json_get_bool(object, "output", &mode->has_output) != 0) {
		return err_set(err, -EINVAL, "mode %s: output must be true or false", mode->name);
	}
	if ((result = read_text(object, "title", false, mode->name, err, &mode->title)) < 0 ||
		(result = spec_read_params(json_member(object, "params"), mode, err)) < 0 ||
		(result = spec_read_inputs(json_member(object, "inputs"), mode, err)) < 0) {
		return result;
	}
	return spec_check_conditions(mode, err);
}

/* false when it is absent */
static int read_flag(struct json_object *object, const char *name, const char *engine,
	struct err *err, bool *ret_value)
{
	if (json_member(object, name) && json_get_bool(object, name, ret_value) != 0) {
		return err_set(err, -EINVAL, "engine %s: %s must be true or false", engine, name);
	}
	return 0;
}

static int read_engine(
	struct json_object *object, struct descriptor_engine *engine, struct err *err)
{
	struct json_object *operations = json_member(object, "operations");
	int result = read_text(object, "type", true, "an engine", err, &engine->type);

	if (result < 0) {
		return result;
	}
	if (!ident_is_name(engine->type, strlen(engine->type))) {
		return err_set(err, -EINVAL,
			"\"%.64s\" is no type for an engine: it must be like \"local\", of a-z, "
			"0-9, "
			"_ and -, of at most 32 characters",
			engine->type);
	}
	result = read_text(object, "title", false, engine->type, err, &engine->title);
	if (result < 0) {
		return result;
	}
	result = read_flag(object, "check", engine->type, err, &engine->has_check);
	if (result == 0) {
		result =
			read_flag(object, "whole_config", engine->type, err, &engine->whole_config);
	}
	if (result < 0) {
		return result;
	}
	engine->any_operation = !operations;
	if (!operations) {
		return 0;
	}
	return spec_read_texts(operations, LIMIT_MODE_PARAMS, engine->type, err,
		&engine->operations, &engine->operation_count);
}

/* The length of an array that may be absent; at most LIMIT_PLUGIN_MODES. */
static int list_length(
	struct json_object *object, const char *name, struct err *err, size_t *ret_length)
{
	struct json_object *list = json_member(object, name);

	if (list && !json_object_is_type(list, json_type_array)) {
		return err_set(err, -EINVAL, "its %s are not an array", name);
	}
	*ret_length = list ? json_object_array_length(list) : 0;
	if (*ret_length > LIMIT_PLUGIN_MODES) {
		return err_set(err, -EINVAL, "it has %zu %s; at most %d are taken", *ret_length,
			name, LIMIT_PLUGIN_MODES);
	}
	return 0;
}

static int read_modes(struct json_object *object, struct descriptor *to, struct err *err)
{
	struct json_object *list = json_member(object, "modes");
	size_t count;
	int result = list_length(object, "modes", err, &count);

	if (result < 0 || count == 0) {
		return result;
	}
	to->modes = calloc(count, sizeof(*to->modes));
	if (!to->modes) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < count; i++) {
		struct descriptor_mode *mode = &to->modes[to->mode_count++];

		result = read_mode(json_object_array_get_idx(list, i), mode, err);
		if (result < 0) {
			return result;
		}
		if (descriptor_find_mode(to, mode->name) != mode) {
			return err_set(err, -EINVAL, "it has mode %s twice", mode->name);
		}
	}
	return 0;
}

static int read_engines(struct json_object *object, struct descriptor *to, struct err *err)
{
	struct json_object *list = json_member(object, "engines");
	size_t count;
	int result = list_length(object, "engines", err, &count);

	if (result < 0 || count == 0) {
		return result;
	}
	to->engines = calloc(count, sizeof(*to->engines));
	if (!to->engines) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < count; i++) {
		struct descriptor_engine *engine = &to->engines[to->engine_count++];

		result = read_engine(json_object_array_get_idx(list, i), engine, err);
		if (result < 0) {
			return result;
		}
		if (descriptor_find_engine(to, engine->type) != engine) {
			return err_set(
				err, -EINVAL, "it has an engine of type %s twice", engine->type);
		}
	}
	return 0;
}

static int read_number(
	struct json_object *object, const char *name, struct err *err, uint32_t *ret_number)
{
	int64_t number;

	if (json_get_int(object, name, &number) != 0 || number < 0 || number > UINT32_MAX) {
		return err_set(err, -EINVAL, "its %s is no number", name);
	}
	*ret_number = (uint32_t)number;
	return 0;
}

static int read_head(struct json_object *object, struct descriptor *to, struct err *err)
{
	int result;

	if ((result = read_number(object, "abi_major", err, &to->abi_major)) < 0 ||
		(result = read_number(object, "abi_minor", err, &to->abi_minor)) < 0) {
		return result;
	}
	if (json_member(object, "needs") &&
		(result = read_number(object, "needs", err, &to->needs)) < 0) {
		return result;
	}
	if (!descriptor_abi_fits(to->abi_major, to->abi_minor)) {
		return err_set(err, -EINVAL,
			"it was built for ABI %u.%u, this worker has ABI %u.%u", to->abi_major,
			to->abi_minor, FORMY_ABI_MAJOR, FORMY_ABI_MINOR);
	}
	result = read_text(object, "id", true, "the plugin", err, &to->id);
	if (result < 0) {
		return result;
	}
	if (!ident_is_name(to->id, strlen(to->id))) {
		return err_set(err, -EINVAL,
			"\"%.64s\" is no id for a plugin: it must be like \"head_swap\", of a-z, "
			"0-9, "
			"_ and -, of at most 32 characters",
			to->id);
	}
	if ((result = read_text(object, "version", true, to->id, err, &to->version)) < 0 ||
		(result = read_text(object, "license", false, to->id, err, &to->license)) < 0) {
		return result;
	}
	return read_text(object, "homepage", false, to->id, err, &to->homepage);
}

int descriptor_from_json(
	const char *json, size_t len, struct err *err, struct descriptor **ret_descriptor)
{
	struct json_object *object = NULL;
	struct descriptor *descriptor = NULL;
	int result = json_parse(json, len, LIMIT_DESCRIPTOR, err, &object);

	if (result < 0) {
		return result;
	}
	descriptor = calloc(1, sizeof(*descriptor));
	if (!descriptor) {
		result = err_set(err, -ENOMEM, "out of memory");
		goto out;
	}
	if ((result = read_head(object, descriptor, err)) < 0 ||
		(result = read_modes(object, descriptor, err)) < 0 ||
		(result = read_engines(object, descriptor, err)) < 0) {
		goto out;
	}
	if (descriptor->mode_count == 0 && descriptor->engine_count == 0) {
		result = err_set(err, -EINVAL, "it has neither a mode nor an engine");
		goto out;
	}
	*ret_descriptor = descriptor;
	descriptor = NULL;
out:
	descriptor_destroy(descriptor);
	json_object_put(object);
	return result;
}
