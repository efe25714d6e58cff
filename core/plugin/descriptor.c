#include "plugin/descriptor.h"

#include <json-c/json_object.h>
#include <stdlib.h>
#include <string.h>

static void free_texts(char **texts, size_t count)
{
	for (size_t i = 0; texts && i < count; i++) {
		free(texts[i]);
	}
	free(texts);
}

static void finish_param(struct descriptor_param *param)
{
	free(param->name);
	free(param->help);
	free_texts(param->choices, param->choice_count);
	json_object_put(param->fallback);
	json_object_put(param->required_if);
}

static void finish_input(struct descriptor_input *input)
{
	free(input->role);
	free_texts(input->members, input->member_count);
	json_object_put(input->required_if);
}

static void finish_mode(struct descriptor_mode *mode)
{
	free(mode->name);
	free(mode->title);
	for (size_t i = 0; mode->inputs && i < mode->input_count; i++) {
		finish_input(&mode->inputs[i]);
	}
	free(mode->inputs);
	for (size_t i = 0; mode->params && i < mode->param_count; i++) {
		finish_param(&mode->params[i]);
	}
	free(mode->params);
}

static void finish_engine(struct descriptor_engine *engine)
{
	free(engine->type);
	free(engine->title);
	free_texts(engine->operations, engine->operation_count);
}

void descriptor_destroy(struct descriptor *descriptor)
{
	if (!descriptor) {
		return;
	}
	free(descriptor->id);
	free(descriptor->version);
	free(descriptor->license);
	free(descriptor->homepage);
	for (size_t i = 0; descriptor->modes && i < descriptor->mode_count; i++) {
		finish_mode(&descriptor->modes[i]);
	}
	free(descriptor->modes);
	for (size_t i = 0; descriptor->engines && i < descriptor->engine_count; i++) {
		finish_engine(&descriptor->engines[i]);
	}
	free(descriptor->engines);
	free(descriptor);
}

const struct descriptor_mode *descriptor_find_mode(
	const struct descriptor *descriptor, const char *name)
{
	for (size_t i = 0; i < descriptor->mode_count; i++) {
		if (strcmp(descriptor->modes[i].name, name) == 0) {
			return &descriptor->modes[i];
		}
	}
	return NULL;
}

const struct descriptor_engine *descriptor_find_engine(
	const struct descriptor *descriptor, const char *type)
{
	for (size_t i = 0; i < descriptor->engine_count; i++) {
		if (strcmp(descriptor->engines[i].type, type) == 0) {
			return &descriptor->engines[i];
		}
	}
	return NULL;
}

const struct descriptor_param *descriptor_find_param(
	const struct descriptor_mode *mode, const char *name)
{
	for (size_t i = 0; i < mode->param_count; i++) {
		if (strcmp(mode->params[i].name, name) == 0) {
			return &mode->params[i];
		}
	}
	return NULL;
}

const char *descriptor_type_name(enum param_type type)
{
	static const char *const names[] = {
		[PARAM_STRING] = "string",
		[PARAM_NUMBER] = "number",
		[PARAM_INTEGER] = "integer",
		[PARAM_BOOLEAN] = "boolean",
		[PARAM_ARRAY] = "array",
		[PARAM_OBJECT] = "object",
	};

	return type >= PARAM_STRING && type <= PARAM_OBJECT ? names[type] : "unknown";
}

bool descriptor_abi_fits(uint32_t major, uint32_t minor)
{
	/* of a draft no two numbers are alike */
	return major == FORMY_ABI_MAJOR && (major > 0 || minor == FORMY_ABI_MINOR);
}
