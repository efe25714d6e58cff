#include "pixels/pixels.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "pixels/vips.h"

static void (*warning_taker)(const char *text);

static void take_log(const gchar *domain, GLogLevelFlags level, const gchar *text, gpointer data)
{
	(void)domain;
	(void)level;
	(void)data;
	if (warning_taker) {
		warning_taker(text);
	}
}

/* libvips looks for loaders in modules (ImageMagick, Poppler, ...) under its own prefix. They would
 * be blocked anyway; not even to load them saves time and memory, and their constructors. */
static int start_without_modules(void)
{
	const char *home = getenv("VIPSHOME");
	char *saved = home ? strdup(home) : NULL;
	int result;

	(void)setenv("VIPSHOME", "/nonexistent", 1);
	result = vips_init("formy-executor");
	if (saved) {
		(void)setenv("VIPSHOME", saved, 1);
	} else {
		(void)unsetenv("VIPSHOME");
	}
	free(saved);
	return result;
}

int pixels_init(unsigned threads, void (*warn)(const char *text), struct err *err)
{
	warning_taker = warn;
	(void)g_log_set_handler("VIPS", G_LOG_LEVEL_MASK, take_log, NULL);
	if (start_without_modules() != 0) {
		return vips_fail(err, -EIO, "libvips does not start");
	}
	vips_block_untrusted_set(TRUE);
	vips_operation_block_set("VipsForeignLoad", TRUE);
	vips_operation_block_set("VipsForeignLoadJpeg", FALSE);
	vips_operation_block_set("VipsForeignLoadPng", FALSE);
	vips_operation_block_set("VipsForeignLoadWebp", FALSE);
	/* a task's operations are never asked for again */
	vips_cache_set_max(0);
	vips_concurrency_set(threads ? (int)threads : 1);
	return 0;
}

void pixels_shutdown(void)
{
	vips_shutdown();
}

const char *pixels_error_code(int result)
{
	switch (result) {
	case -EINVAL:
		return "IMAGE_FORMAT_INVALID";
	case -EFBIG:
		return "IMAGE_SIZE_TOO_LARGE";
	case -ERANGE:
		return "IMAGE_SIZE_TOO_SMALL";
	case -EBADMSG:
		return "IMAGE_DECODE_FAILED";
	case -ENOMEM:
		return "RESOURCE_LIMIT_EXCEEDED";
	default:
		return "IMAGE_LOAD_FAILED";
	}
}

const char *pixels_write_code(int result)
{
	switch (result) {
	case -ENOSPC:
	case -EDQUOT:
		return "STORAGE_FULL";
	case -ENOMEM:
		return "RESOURCE_LIMIT_EXCEEDED";
	default:
		return "RESULT_SAVE_FAILED";
	}
}

void pixels_finish(struct pixels *pixels)
{
	if (pixels) {
		free(pixels->memory);
		*pixels = (struct pixels){0};
	}
}

int pixels_allocate(
	uint32_t channels, uint32_t width, uint32_t height, struct err *err, struct pixels *ret)
{
	size_t stride = (size_t)width * channels;
	void *memory = NULL;

	if (height == 0 || stride == 0 || stride > SIZE_MAX / 2 / height ||
		posix_memalign(&memory, 64, stride * height) != 0) {
		return err_set(
			err, -ENOMEM, "no memory for a picture of %ux%u pixels", width, height);
	}
	*ret = (struct pixels){
		.channels = channels,
		.width = width,
		.height = height,
		.stride = stride,
		.data = memory,
		.memory = memory,
	};
	return 0;
}

int vips_fail(struct err *err, int code, const char *what)
{
	const char *text = vips_error_buffer();
	size_t len = strcspn(text, "\n");

	code = err_set(err, code, "%s: %.*s", what, (int)(len < 200 ? len : 200), text);
	vips_error_clear();
	return code;
}

/* Rows with gaps of whole pixels are a wider image of which the left part is shown. */
VipsImage *pixels_as_vips(const struct pixels *pixels)
{
	size_t columns = pixels->stride / pixels->channels;
	VipsImage *whole;
	VipsImage *typed = NULL;
	VipsImage *shown = NULL;

	if (pixels->stride % pixels->channels != 0 || columns > INT32_MAX) {
		vips_error("formy", "rows of %zu bytes do not hold whole pixels", pixels->stride);
		return NULL;
	}
	whole = vips_image_new_from_memory(pixels->data, pixels->stride * pixels->height,
		(int)columns, (int)pixels->height, (int)pixels->channels, VIPS_FORMAT_UCHAR);
	if (!whole) {
		return NULL;
	}
	if (vips_copy(whole, &typed, "interpretation",
		    pixels->channels == 1 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB,
		    NULL) == 0 &&
		vips_crop(typed, &shown, 0, 0, (int)pixels->width, (int)pixels->height, NULL) !=
			0) {
		shown = NULL;
	}
	g_object_unref(whole);
	g_clear_object(&typed);
	return shown;
}
