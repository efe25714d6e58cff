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
static VipsImage *view_rows(const struct pixels *pixels)
{
	VipsImage *whole = vips_image_new_from_memory(pixels->data, pixels->stride * pixels->height,
		(int)(pixels->stride / pixels->channels), (int)pixels->height,
		(int)pixels->channels, VIPS_FORMAT_UCHAR);
	VipsImage *shown = NULL;

	if (whole &&
		vips_crop(whole, &shown, 0, 0, (int)pixels->width, (int)pixels->height, NULL)) {
		shown = NULL;
	}
	g_clear_object(&whole);
	return shown;
}

/* Rows with gaps of odd bytes are copied. */
static VipsImage *copy_rows(const struct pixels *pixels)
{
	size_t row = (size_t)pixels->width * pixels->channels;
	struct pixels packed = {0};
	VipsImage *image;

	if (pixels_allocate(pixels->channels, pixels->width, pixels->height, NULL, &packed) < 0) {
		vips_error("formy", "no memory for a picture of %ux%u pixels", pixels->width,
			pixels->height);
		return NULL;
	}
	for (size_t y = 0; y < pixels->height; y++) {
		memcpy((uint8_t *)packed.memory + y * row, pixels->data + y * pixels->stride, row);
	}
	image = vips_image_new_from_memory_copy(packed.data, row * pixels->height,
		(int)pixels->width, (int)pixels->height, (int)pixels->channels, VIPS_FORMAT_UCHAR);
	pixels_finish(&packed);
	return image;
}

VipsImage *pixels_as_vips(const struct pixels *pixels)
{
	VipsInterpretation space =
		pixels->channels == 1 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
	VipsImage *rows = pixels->stride % pixels->channels == 0 &&
			pixels->stride / pixels->channels <= VIPS_MAX_COORD
		? view_rows(pixels)
		: copy_rows(pixels);
	VipsImage *typed = NULL;

	if (rows && vips_copy(rows, &typed, "interpretation", space, NULL) != 0) {
		typed = NULL;
	}
	g_clear_object(&rows);
	return typed;
}
