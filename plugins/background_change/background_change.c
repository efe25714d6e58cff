/* The mode BACKGROUND_CHANGE: the person of a picture, before something else.
 *
 * The engine cuts the person out and puts them before the backdrop (its operation of the mode's
 * name). What is left here is to find the backdrop: the task's own picture, one of the presets,
 * which are drawn here, or none. A good start for a plugin of your own. */
#include <string.h>

#include <formy/plugin.h>
#include <json-c/json.h>

#include "presets.h"

#define PRESET_NAMES                                                                               \
	"\"studio_white\",\"studio_grey\",\"studio_black\",\"gradient_warm\",\"gradient_cool\""

#define ROWS_AT_ONCE 64 /* rows that are drawn between two looks at cancelled() */

static const char inputs[] =
	"[{\"role\":\"source\",\"member\":\"source_image\",\"required\":true},"
	" {\"role\":\"background\",\"members\":[\"background_image\",\"bg_image\"],"
	"  \"reference\":true,\"required_if\":{\"background_type\":\"custom\"}}]";

static const char params[] =
	"{\"background_type\":{\"type\":\"string\",\"default\":\"custom\",\"pattern\":\"color\","
	"  \"enum\":[\"custom\",\"preset\",\"remove\"," PRESET_NAMES "],"
	"  \"help\":\"where the new background comes from; or the name of a preset\"},"
	" \"background_preset\":{\"type\":\"string\",\"pattern\":\"color\","
	"  \"enum\":[" PRESET_NAMES "],\"required_if\":{\"background_type\":\"preset\"},"
	"  \"help\":\"a background that is drawn: its name, or a colour\"},"
	" \"edge_blur\":{\"type\":\"number\",\"min\":0,\"max\":10,\"default\":2,"
	"  \"help\":\"how soft the person's edge is, in pixels of a picture 1024 pixels high\"},"
	" \"color_match\":{\"type\":\"boolean\",\"default\":true,"
	"  \"help\":\"match the person's tone to the new background\"}}";

static const char *text_of(struct json_object *object, const char *name)
{
	struct json_object *value = json_object_object_get(object, name);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

/* Draws the preset at the size of the source, so that nothing is scaled afterwards. */
static formy_status draw(const formy_host *host, formy_task *task, const struct preset *preset,
	const formy_image *source, formy_image *backdrop)
{
	const uint64_t stride = (uint64_t)source->width * 3;
	uint8_t *pixels = host->alloc(task, stride * source->height);

	if (!pixels) {
		return host->fail(task, FORMY_E_NOMEM, NULL,
			"There is not enough memory for a background of this size", NULL);
	}
	for (uint32_t y = 0; y < source->height; y += ROWS_AT_ONCE) {
		const uint32_t left = source->height - y;
		const uint32_t rows = left < ROWS_AT_ONCE ? left : ROWS_AT_ONCE;

		if (host->cancelled(task)) {
			return FORMY_E_CANCELLED;
		}
		preset_draw(
			preset, source->width, source->height, y, y + rows, pixels + stride * y);
	}
	*backdrop = (formy_image){.size = sizeof(*backdrop),
		.format = FORMY_RGB8,
		.width = source->width,
		.height = source->height,
		.stride = stride,
		.pixels = pixels};
	return FORMY_OK;
}

/* As engines elsewhere take a mask: transparent is what they are to paint. */
static formy_status turn_into_mask(
	const formy_host *host, formy_task *task, const formy_image *matte, formy_image *mask)
{
	const uint64_t stride = (uint64_t)matte->width * 4;
	uint8_t *pixels = host->alloc(task, stride * matte->height);

	if (!pixels) {
		return host->fail(task, FORMY_E_NOMEM, NULL,
			"There is not enough memory for a mask of this size", NULL);
	}
	for (uint32_t y = 0; y < matte->height; y++) {
		for (uint32_t x = 0; x < matte->width; x++) {
			pixels[stride * y + 4 * (uint64_t)x + 3] =
				matte->pixels[matte->stride * y + x];
		}
	}
	*mask = (formy_image){.size = sizeof(*mask),
		.format = FORMY_RGBA8,
		.width = matte->width,
		.height = matte->height,
		.stride = stride,
		.pixels = pixels};
	return FORMY_OK;
}

/* Where the mode has a helper, that says where the person is. Without one mask has no pixels: the
 * local engine, and many a workflow, find out themselves. */
static formy_status ask_helper(const formy_host *host, formy_task *task,
	const formy_named_image *person, formy_image *mask)
{
	const formy_named_image *const images[] = {person, NULL};
	const formy_request request = {.size = sizeof(request),
		.progress_from = 50,
		.progress_to = 200,
		.operation = "PERSON_MATTE",
		.images = images,
		.engine = "helper"};
	formy_image matte = {.size = sizeof(matte)};
	formy_status status = host->call(task, &request);

	if (status == FORMY_E_UNSUPPORTED) {
		return FORMY_OK;
	}
	if (status == FORMY_OK) {
		status = host->reply(task, "matte", &matte);
	}
	if (status == FORMY_OK && matte.format != FORMY_GREY8) {
		status = host->fail(task, FORMY_E_ENGINE, NULL,
			"The helper's matte has colours; it should be grey", NULL);
	}
	return status == FORMY_OK ? turn_into_mask(host, task, &matte, mask) : status;
}

/* Has the engine do it; backdrop may be NULL. floor: it shows one, on which there is a shadow. */
static formy_status edit(const formy_host *host, formy_task *task, struct json_object *config,
	const formy_image *source, const formy_image *backdrop, int floor)
{
	const formy_named_image person = {
		.size = sizeof(person), .role = "source", .image = source};
	const formy_named_image behind = {
		.size = sizeof(behind), .role = "background", .image = backdrop};
	formy_image mask = {.size = sizeof(mask)};
	const formy_named_image where = {.size = sizeof(where), .role = "mask", .image = &mask};
	const formy_named_image *images[4] = {&person};
	size_t count = 1;
	formy_image output = {.size = sizeof(output)};
	formy_request request = {.size = sizeof(request),
		.progress_from = 50,
		.progress_to = 1000,
		.operation = "BACKGROUND_CHANGE",
		.images = images};
	struct json_object *wish;
	formy_status status = ask_helper(host, task, &person, &mask);

	if (status != FORMY_OK) {
		return status;
	}
	if (backdrop) {
		images[count++] = &behind;
	}
	if (mask.pixels) {
		images[count++] = &where;
	}
	wish = json_object_new_object();
	json_object_object_add(
		wish, "edge_blur", json_object_get(json_object_object_get(config, "edge_blur")));
	json_object_object_add(wish, "color_match",
		json_object_get(json_object_object_get(config, "color_match")));
	json_object_object_add(wish, "shadow", json_object_new_int(floor));
	request.params = json_object_to_json_string(wish);
	status = host->call(task, &request);
	json_object_put(wish);
	if (status == FORMY_OK) {
		status = host->reply(task, "output", &output);
		if (status == FORMY_E_MISSING) {
			status = host->fail(task, FORMY_E_ENGINE, "ENGINE_RESPONSE_ERROR",
				"The engine gave no picture", NULL);
		}
	}
	return status == FORMY_OK ? host->result(task, "output", &output) : status;
}

static formy_status change(const formy_host *host, formy_task *task, struct json_object *config)
{
	const char *type = text_of(config, "background_type");
	const char *member = "background_type";
	const struct preset *preset;
	struct preset room;
	formy_image source = {.size = sizeof(source)};
	formy_image backdrop = {.size = sizeof(backdrop)};
	formy_status status = host->input(task, "source", &source);

	if (status != FORMY_OK) {
		return status;
	}
	if (strcmp(type, "remove") == 0) {
		return edit(host, task, config, &source, NULL, 0);
	}
	if (strcmp(type, "custom") == 0) {
		status = host->input(task, "background", &backdrop);
		return status == FORMY_OK ? edit(host, task, config, &source, &backdrop, 0)
					  : status;
	}
	if (strcmp(type, "preset") == 0) {
		member = "background_preset";
		type = text_of(config, member);
	}
	preset = preset_find(type, &room);
	if (!preset) {
		return host->fail(task, FORMY_E_PARAMS, "INVALID_CONFIG",
			strcmp(member, "background_type") == 0
				? "background_type must be custom, preset, remove or a preset's "
				  "name"
				: "background_preset must be a preset's name or a colour as "
				  "#rrggbb",
			type);
	}
	host->progress(task, 0, "Drawing the background");
	status = draw(host, task, preset, &source, &backdrop);
	return status == FORMY_OK
		? edit(host, task, config, &source, &backdrop, preset->kind == PRESET_STUDIO)
		: status;
}

static formy_status run(const formy_host *host, void *state, formy_task *task)
{
	struct json_object *config = json_tokener_parse(host->params(task));
	formy_status status;

	(void)state;
	if (!config) {
		return host->fail(
			task, FORMY_E_INTERNAL, NULL, "The task's parameters cannot be read", NULL);
	}
	status = change(host, task, config);
	json_object_put(config);
	return status;
}

static const formy_mode background_change = {
	.size = sizeof(background_change),
	.name = "BACKGROUND_CHANGE",
	.title = "Put a person before another background, or before none",
	.inputs = inputs,
	.params = params,
	.run = run,
};

static const formy_mode *const modes[] = {&background_change, NULL};

static const formy_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = FORMY_ABI_MAJOR,
	.abi_minor = FORMY_ABI_MINOR,
	.needs_minor = FORMY_ABI_MINOR,
	.id = "background_change",
	.version = FORMY_VERSION,
	.license = "MIT",
	.modes = modes,
};

FORMY_EXPORT const formy_plugin *FORMY_PLUGIN_ENTRY(void)
{
	return &plugin;
}
