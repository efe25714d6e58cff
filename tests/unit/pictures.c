#include "pictures.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <vips/vips.h>

#include "fake_host.h"
#include "lib/test.h"

#define CHECKER 16

formy_image picture_read(const char *path)
{
	VipsImage *image = vips_image_new_from_file(path, NULL);
	VipsImage *upright = NULL;
	formy_image out = {.size = sizeof(out)};
	size_t size = 0;

	assert_non_null(image);
	assert_int_equal(vips_autorot(image, &upright, NULL), 0);
	out.width = (uint32_t)upright->Xsize;
	out.height = (uint32_t)upright->Ysize;
	out.format = (uint32_t)upright->Bands;
	out.stride = (uint64_t)out.width * out.format;
	out.pixels = vips_image_write_to_memory(upright, &size);
	assert_non_null(out.pixels);
	assert_true(size == out.stride * out.height);
	g_object_unref(image);
	g_object_unref(upright);
	return out;
}

void picture_free(formy_image *image)
{
	g_free((void *)image->pixels);
}

bool picture_path(char *to, const char *name)
{
	(void)snprintf(to, PICTURES_PATH, "%s/%s", SHARED_IMAGES, name);
	return access(to, R_OK) == 0;
}

void picture_write(const formy_image *image, const char *folder, const char *name, const char *what)
{
	uint8_t *rgb = malloc(3 * (size_t)image->width * image->height);
	uint8_t *to = rgb;
	VipsImage *out;
	char path[PICTURES_PATH];

	assert_non_null(rgb);
	for (uint32_t y = 0; y < image->height; y++) {
		for (uint32_t x = 0; x < image->width; x++) {
			const uint8_t *p = image->pixels + y * image->stride + x * image->format;
			const int alpha = image->format == FORMY_RGBA8 ? p[3] : 255;
			const int behind = (x / CHECKER + y / CHECKER) % 2 ? 150 : 220;

			for (int c = 0; c < 3; c++) {
				*to++ = (uint8_t)((p[c] * alpha + behind * (255 - alpha)) / 255);
			}
		}
	}
	out = vips_image_new_from_memory(rgb, 3 * (size_t)image->width * image->height,
		(int)image->width, (int)image->height, 3, VIPS_FORMAT_UCHAR);
	(void)snprintf(path, sizeof(path), "%s/%s.%s.png", folder, name, what);
	assert_int_equal(vips_image_write_to_file(out, path, NULL), 0);
	g_object_unref(out);
	free(rgb);
}

int picture_numbers(const char *text)
{
	int count = 0;

	while (*text) {
		char *end = (char *)text;

		(void)strtod(text, &end);
		count += end != text;
		text = end != text ? end : text + 1;
	}
	return count;
}

/* What the built plugin NAME.so describes, or NULL. */
static const formy_plugin *load_plugin(const char *name)
{
	const formy_plugin *(*entry)(void) = NULL;
	char path[PICTURES_PATH];
	void *library;

	(void)snprintf(path, sizeof(path), "%s/%s.so", PLUGINS, name);
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		(void)fprintf(stderr, "%s\n", dlerror());
		return NULL;
	}
	*(void **)&entry = dlsym(library, FORMY_PLUGIN_ENTRY_NAME);
	return entry ? entry() : NULL;
}

int picture_engine_open(
	struct picture_engine *setup, const char *program, const char *mode, const char *config)
{
	const formy_plugin *local = load_plugin("local");
	const formy_plugin *pipeline = load_plugin(mode);

	if (!local || !pipeline || VIPS_INIT(program)) {
		return 1;
	}
	setup->engine = local->engines[0];
	setup->mode = pipeline->modes[0];
	if (setup->engine->open(&fake_host, config, &setup->state) != FORMY_OK) {
		(void)fprintf(stderr, "%s\n", fake_host_log);
		return PICTURES_SKIPPED;
	}
	return 0;
}

void picture_engine_close(struct picture_engine *setup)
{
	setup->engine->close(setup->state);
	vips_shutdown();
}

formy_image picture_shared(const char *name)
{
	char path[PICTURES_PATH];

	if (!picture_path(path, name)) {
		skip();
	}
	return picture_read(path);
}

formy_status picture_edit(const struct picture_engine *setup, struct fake_task *task,
	const formy_image *source, const formy_image *reference, const char *params)
{
	task->params = params;
	task->engine = setup->engine;
	task->engine_state = setup->state;
	fake_task_input(task, "source", source);
	if (reference) {
		fake_task_input(task, "reference", reference);
	}
	return setup->mode->run(&fake_host, NULL, fake_task_of(task));
}
