#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/limits.h"
#include "pixels/pixels.h"
#include "pixels/vips.h"

#define QUALITY 85
#define MAX_FACTOR 128 /* 128 x 128 x 255 x 255 fits 32 bits */
#define CHECKER_SIDE 8
#define CHECKER_LIGHT 255
#define CHECKER_DARK 224
#define GAP 8           /* between the pictures of a comparison, white */
#define MAX_WIDTH 16384 /* of a comparison; a JPEG's own limit is 65535 */

/* Adds up `factor` rows, value by value; colours count by their alpha. */
static void add_rows(const uint8_t *rows, size_t stride, uint32_t channels, uint32_t factor,
	size_t count, uint32_t *restrict sums)
{
	memset(sums, 0, count * channels * sizeof(*sums));
	for (uint32_t i = 0; i < factor; i++, rows += stride) {
		if (channels != 4) {
			for (size_t k = 0; k < count * channels; k++) {
				sums[k] += rows[k];
			}
			continue;
		}
		for (size_t x = 0; x < count; x++) {
			const uint32_t alpha = rows[4 * x + 3];

			sums[4 * x] += rows[4 * x] * alpha;
			sums[4 * x + 1] += rows[4 * x + 1] * alpha;
			sums[4 * x + 2] += rows[4 * x + 2] * alpha;
			sums[4 * x + 3] += alpha;
		}
	}
}

/* Adds up `factor` pixels side by side, in place. */
static void add_columns(uint32_t *sums, uint32_t channels, uint32_t factor, uint32_t width)
{
	const uint32_t *from = sums;

	for (uint32_t x = 0; x < width; x++, sums += channels) {
		uint32_t box[4] = {0};

		for (uint32_t i = 0; i < factor; i++, from += channels) {
			for (uint32_t c = 0; c < channels; c++) {
				box[c] += from[c];
			}
		}
		for (uint32_t c = 0; c < channels; c++) {
			sums[c] = box[c];
		}
	}
}

static void average_row(
	const uint32_t *sums, uint32_t channels, uint32_t area, uint32_t width, uint8_t *to)
{
	for (uint32_t x = 0; x < width; x++, sums += channels, to += channels) {
		for (uint32_t c = 0; c < channels; c++) {
			uint32_t count = channels == 4 && c < 3 ? sums[3] : area;

			to[c] = (uint8_t)(count > 0 ? (sums[c] + count / 2) / count : 0);
		}
	}
}

/* The means of boxes of factor x factor pixels; what is left over at the right and at the bottom is
 * dropped. Several times as fast as libvips at what is the most of the work. */
static int shrink_by(
	const struct pixels *from, uint32_t factor, struct err *err, struct pixels *ret_pixels)
{
	struct pixels out = {0};
	uint32_t width = from->width / factor;
	size_t count = (size_t)width * factor;
	uint32_t *sums = calloc(count * from->channels, sizeof(*sums));
	int result = sums ? pixels_allocate(from->channels, width, from->height / factor, err, &out)
			  : err_set(err, -ENOMEM, "no memory for a smaller picture");

	for (uint32_t y = 0; result == 0 && y < out.height; y++) {
		add_rows(from->data + (size_t)y * factor * from->stride, from->stride,
			from->channels, factor, count, sums);
		add_columns(sums, from->channels, factor, width);
		average_row(sums, from->channels, factor * factor, width,
			(uint8_t *)out.memory + y * out.stride);
	}
	free(sums);
	if (result == 0) {
		*ret_pixels = out;
	}
	return result;
}

/* The largest whole factor by which a picture can be shrunk and be no smaller than asked for. */
static uint32_t whole_factor(const struct pixels *pixels, uint32_t width, uint32_t height)
{
	uint32_t x = pixels->width / width;
	uint32_t y = pixels->height / height;
	uint32_t factor = x < y ? x : y;

	return factor < MAX_FACTOR ? factor : MAX_FACTOR;
}

/* The picture at another size, by libvips; 3 or 4 channels. */
static int resample(const struct pixels *pixels, uint32_t width, uint32_t height, struct err *err,
	struct pixels *ret_pixels)
{
	VipsImage *image = pixels_as_vips(pixels);
	VipsImage *small = NULL;
	VipsImage *colour = NULL;
	struct pixels out = {0};
	int result = -EIO;

	if (!image ||
		vips_thumbnail_image(image, &small, (int)width, "height", (int)height, "size",
			VIPS_SIZE_FORCE, "no_rotate", TRUE, NULL) != 0 ||
		vips_colourspace(small, &colour, VIPS_INTERPRETATION_sRGB, NULL) != 0) {
		result = vips_fail(err, result, "the picture cannot be made smaller");
		goto out;
	}
	out.memory = vips_image_write_to_memory(colour, NULL);
	if (!out.memory) {
		result = vips_fail(err, -ENOMEM, "the picture cannot be made smaller");
		goto out;
	}
	out.data = out.memory;
	out.channels = (uint32_t)vips_image_get_bands(colour);
	out.width = (uint32_t)vips_image_get_width(colour);
	out.height = (uint32_t)vips_image_get_height(colour);
	out.stride = (size_t)out.width * out.channels;
	*ret_pixels = out;
	result = 0;
out:
	g_clear_object(&image);
	g_clear_object(&small);
	g_clear_object(&colour);
	return result;
}

static int resize(const struct pixels *pixels, uint32_t width, uint32_t height, struct err *err,
	struct pixels *ret_pixels)
{
	uint32_t factor = whole_factor(pixels, width, height);
	struct pixels small = {0};
	int result;

	if (factor < 2) {
		return resample(pixels, width, height, err, ret_pixels);
	}
	result = shrink_by(pixels, factor, err, &small);
	if (result == 0) {
		result = resample(&small, width, height, err, ret_pixels);
	}
	pixels_finish(&small);
	return result;
}

/* Lays a picture of 3 or 4 channels on a checkerboard, into one of 3 channels. */
static void lay_on_checker(const struct pixels *from, uint8_t *to, size_t to_stride)
{
	for (size_t y = 0; y < from->height; y++) {
		const uint8_t *in = from->data + y * from->stride;
		uint8_t *out = to + y * to_stride;

		for (size_t x = 0; x < from->width; x++, in += from->channels, out += 3) {
			bool dark = (x / CHECKER_SIDE + y / CHECKER_SIDE) % 2;
			unsigned under = dark ? CHECKER_DARK : CHECKER_LIGHT;
			unsigned alpha = from->channels == 4 ? in[3] : 255;

			for (size_t c = 0; c < 3; c++) {
				out[c] = (uint8_t)((in[c] * alpha + under * (255 - alpha) + 127) /
					255);
			}
		}
	}
}

static uint32_t scale(uint32_t length, uint32_t to, uint32_t from)
{
	uint64_t scaled = ((uint64_t)length * to + from / 2) / from;

	return scaled > 0 ? (uint32_t)scaled : 1;
}

int pixels_write_thumbnail(
	const struct pixels *pixels, const char *path, struct err *err, uint64_t *ret_size)
{
	const struct pixels_encoding how = {.type = IMAGE_JPEG, .quality = QUALITY};
	uint32_t longer = pixels->width > pixels->height ? pixels->width : pixels->height;
	uint32_t side = longer < PIXELS_THUMBNAIL_SIDE ? longer : PIXELS_THUMBNAIL_SIDE;
	struct pixels small = {0};
	struct pixels flat = {0};
	int result = resize(pixels, scale(pixels->width, side, longer),
		scale(pixels->height, side, longer), err, &small);

	if (result == 0) {
		result = pixels_allocate(3, small.width, small.height, err, &flat);
	}
	if (result == 0) {
		lay_on_checker(&small, flat.memory, flat.stride);
		result = pixels_write(&flat, &how, path, err, ret_size);
	}
	pixels_finish(&small);
	pixels_finish(&flat);
	return result;
}

/* The width of all at one height, with the gaps. */
static uint64_t total_width(const struct pixels *const *pictures, size_t count, uint32_t height)
{
	uint64_t width = (count - 1) * GAP;

	for (size_t i = 0; i < count; i++) {
		width += scale(pictures[i]->width, height, pictures[i]->height);
	}
	return width;
}

static uint32_t common_height(const struct pixels *const *pictures, size_t count)
{
	uint32_t height = 1;

	for (size_t i = 0; i < count; i++) {
		height = pictures[i]->height > height ? pictures[i]->height : height;
	}
	height = height < PIXELS_COMPARISON_HEIGHT ? height : PIXELS_COMPARISON_HEIGHT;
	while (height > 1 && total_width(pictures, count, height) > MAX_WIDTH) {
		height -= height / 8 + 1 < height ? height / 8 + 1 : 1;
	}
	return height;
}

int pixels_write_comparison(const struct pixels *const *pictures, size_t count, const char *path,
	struct err *err, uint64_t *ret_size)
{
	const struct pixels_encoding how = {.type = IMAGE_JPEG, .quality = QUALITY};
	struct pixels canvas = {0};
	uint32_t height;
	uint64_t width;
	size_t left = 0;
	int result;

	if (count == 0 || count > LIMIT_TASK_INPUTS + 1) {
		return err_set(err, -EINVAL, "a comparison of %zu pictures cannot be made", count);
	}
	height = common_height(pictures, count);
	width = total_width(pictures, count, height);
	if (width > UINT16_MAX) {
		return err_set(err, -EINVAL, "the pictures are too wide for a comparison");
	}
	result = pixels_allocate(3, (uint32_t)width, height, err, &canvas);
	if (result < 0) {
		return result;
	}
	memset(canvas.memory, 255, canvas.stride * height);
	for (size_t i = 0; i < count && result == 0; i++) {
		struct pixels part = {0};

		result = resize(pictures[i], scale(pictures[i]->width, height, pictures[i]->height),
			height, err, &part);
		if (result == 0) {
			lay_on_checker(&part, (uint8_t *)canvas.memory + left * 3, canvas.stride);
			left += part.width + GAP;
		}
		pixels_finish(&part);
	}
	if (result == 0) {
		result = pixels_write(&canvas, &how, path, err, ret_size);
	}
	pixels_finish(&canvas);
	return result;
}
