/* Mode TINT: mixes a colour into the source picture. The smallest plugin that is of use: copy this
 * folder, rename what is called tint, and see docs/plugin-guide.md. */
#include "formy/plugin.h"

#include <json-c/json.h>
#include <stdlib.h>

struct tint {
	unsigned color[3];
	double strength;
};

static const char inputs[] = "[{\"role\": \"source\", \"member\": \"source_image\","
			     " \"required\": true}]";

static const char params[] =
	"{\"color\": {\"type\": \"string\", \"pattern\": \"color\", \"default\": \"#704214\","
	"  \"help\": \"the colour that is mixed in\"},"
	" \"strength\": {\"type\": \"number\", \"min\": 0, \"max\": 1, \"default\": 0.5,"
	"  \"help\": \"0 leaves the picture as it is\"}}";

/* The host has checked the parameters and filled in the defaults: only memory can fail here. */
static formy_status read_params(const char *text, struct tint *tint)
{
	struct json_object *config = json_tokener_parse(text);
	const char *color;
	unsigned long rgb;

	if (!config) {
		return FORMY_E_NOMEM;
	}
	color = json_object_get_string(json_object_object_get(config, "color"));
	tint->strength = json_object_get_double(json_object_object_get(config, "strength"));
	rgb = strtoul(color + 1, NULL, 16);
	for (int i = 0; i < 3; i++) {
		tint->color[i] = rgb >> (16 - 8 * i) & 0xff;
	}
	json_object_put(config);
	return FORMY_OK;
}

static void tint_row(const struct tint *tint, const formy_image *in, uint32_t y, uint8_t *to)
{
	const uint8_t *from = in->pixels + y * in->stride;

	for (uint32_t x = 0; x < in->width; x++, from += in->format, to += 3) {
		for (int c = 0; c < 3; c++) {
			to[c] = (uint8_t)(from[c] * (1 - tint->strength) +
				tint->color[c] * tint->strength + 0.5);
		}
	}
}

static formy_status tint_run(const formy_host *host, void *state, formy_task *task)
{
	struct tint tint = {{0}, 0};
	formy_image in = {.size = sizeof(in)};
	formy_image out = {.size = sizeof(out), .format = FORMY_RGB8};
	uint8_t *pixels;
	formy_status status;

	(void)state;
	if ((status = read_params(host->params(task), &tint)) != FORMY_OK ||
		(status = host->input(task, "source", &in)) != FORMY_OK) {
		return status;
	}
	out.width = in.width;
	out.height = in.height;
	out.stride = (uint64_t)in.width * 3;
	pixels = host->alloc(task, out.stride * out.height);
	if (!pixels) {
		return FORMY_E_NOMEM;
	}
	for (uint32_t y = 0; y < in.height; y++) {
		if (host->cancelled(task)) {
			return FORMY_E_CANCELLED;
		}
		host->progress(task, (int32_t)((uint64_t)y * 1000 / in.height), "Tinting");
		tint_row(&tint, &in, y, pixels + y * out.stride);
	}
	out.pixels = pixels;
	return host->result(task, "output", &out);
}

static const formy_mode tint_mode = {.size = sizeof(formy_mode),
	.name = "TINT",
	.title = "Mix in a colour",
	.inputs = inputs,
	.params = params,
	.run = tint_run};

static const formy_mode *const modes[] = {&tint_mode, NULL};

static const formy_plugin plugin = {.size = sizeof(formy_plugin),
	.abi_major = FORMY_ABI_MAJOR,
	.abi_minor = FORMY_ABI_MINOR,
	.needs_minor = FORMY_ABI_MINOR,
	.id = "template",
	.version = "1.0",
	.license = "MIT",
	.modes = modes};

const formy_plugin *FORMY_PLUGIN_ENTRY(void)
{
	return &plugin;
}
