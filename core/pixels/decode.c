#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "pixels/pixels.h"
#include "pixels/vips.h"

/* The eight orientations of EXIF: whether rows become columns, and then what is mirrored. */
static const struct turn {
	bool transpose;
	bool mirror_x;
	bool mirror_y;
} turns[] = {
	[1] = {false, false, false},
	[2] = {false, true, false},
	[3] = {false, true, true},
	[4] = {false, false, true},
	[5] = {true, false, false},
	[6] = {true, true, false},
	[7] = {true, true, true},
	[8] = {true, false, true},
};

/* What write_strip knows: where the strips of the decoder go. */
struct sink {
	struct turn turn;
	uint8_t *data;
	size_t width; /* of the upright picture */
	size_t height;
	size_t channels;
};

static void write_row(const struct sink *sink, const uint8_t *from, size_t left, size_t y, size_t n)
{
	size_t size = sink->channels;
	ptrdiff_t step;
	uint8_t *to;
	size_t column;
	size_t row;

	if (!sink->turn.transpose && !sink->turn.mirror_x) {
		row = sink->turn.mirror_y ? sink->height - 1 - y : y;
		memcpy(sink->data + (row * sink->width + left) * size, from, n * size);
		return;
	}
	column = sink->turn.transpose ? y : left;
	row = sink->turn.transpose ? left : y;
	step = (ptrdiff_t)(sink->turn.transpose ? sink->width * size : size);
	if (sink->turn.transpose ? sink->turn.mirror_y : sink->turn.mirror_x) {
		step = -step;
	}
	if (sink->turn.mirror_x) {
		column = sink->width - 1 - column;
	}
	if (sink->turn.mirror_y) {
		row = sink->height - 1 - row;
	}
	to = sink->data + (row * sink->width + column) * size;
	for (size_t i = 0; i < n; i++, from += size, to += step) {
		for (size_t c = 0; c < size; c++) {
			to[c] = from[c];
		}
	}
}

/* libvips hands over the strips from top to bottom, on a thread of its own. Turning while copying
 * spares the second copy that a rotation would need. */
static int write_strip(VipsRegion *region, VipsRect *area, void *data)
{
	const struct sink *sink = data;

	for (int y = area->top; y < area->top + area->height; y++) {
		write_row(sink, VIPS_REGION_ADDR(region, area->left, y), (size_t)area->left,
			(size_t)y, (size_t)area->width);
	}
	return 0;
}

/* Drops an alpha channel that says nothing, in place. */
static void drop_opaque_alpha(struct pixels *pixels)
{
	size_t count = (size_t)pixels->width * pixels->height;
	uint8_t *data = pixels->memory;

	if (pixels->channels != 4) {
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (data[i * 4 + 3] != 255) {
			return;
		}
	}
	for (size_t i = 0; i < count; i++) {
		data[i * 3] = data[i * 4];
		data[i * 3 + 1] = data[i * 4 + 1];
		data[i * 3 + 2] = data[i * 4 + 2];
	}
	pixels->channels = 3;
	pixels->stride = (size_t)pixels->width * 3;
}

/* Replaces *image by the next of a row of operations; with a result of -1 by nothing. */
static int replace(VipsImage **image, VipsImage *next, int result)
{
	g_object_unref(*image);
	*image = result == 0 ? next : NULL;
	return result;
}

/* A profile that cannot be used for this picture is no reason to refuse it. */
static int apply_profile(VipsImage **image)
{
	VipsImage *next = NULL;
	bool cmyk = vips_image_get_interpretation(*image) == VIPS_INTERPRETATION_CMYK;

	if (!cmyk && !vips_image_get_typeof(*image, VIPS_META_ICC_NAME)) {
		return 0;
	}
	if (vips_icc_transform(*image, &next, "srgb", "embedded", TRUE, "input_profile",
		    cmyk ? "cmyk" : "srgb", "intent", VIPS_INTENT_RELATIVE, "depth", 8,
		    NULL) != 0) {
		vips_error_clear();
		return 0;
	}
	return replace(image, next, 0);
}

/* Whatever the loader gave becomes sRGB, 8 bits, 3 or 4 channels. */
static int to_srgb(VipsImage **image)
{
	VipsImage *next = NULL;

	if (apply_profile(image) != 0) {
		return -1;
	}
	if (vips_image_get_interpretation(*image) != VIPS_INTERPRETATION_sRGB ||
		vips_image_get_bands(*image) < 3) {
		int result = vips_colourspace(*image, &next, VIPS_INTERPRETATION_sRGB, NULL);

		if (replace(image, next, result) != 0) {
			return -1;
		}
	}
	if (vips_image_get_format(*image) != VIPS_FORMAT_UCHAR) {
		int result = vips_cast(*image, &next, VIPS_FORMAT_UCHAR, NULL);

		if (replace(image, next, result) != 0) {
			return -1;
		}
	}
	if (vips_image_get_bands(*image) > 4) {
		int result = vips_extract_band(*image, &next, 0, "n", 4, NULL);

		return replace(image, next, result);
	}
	return 0;
}

static VipsImage *load(VipsSource *source, enum image_type type)
{
	VipsImage *image = NULL;
	int result = -1;

	switch (type) {
	case IMAGE_JPEG:
		result = vips_jpegload_source(source, &image, "access", VIPS_ACCESS_SEQUENTIAL,
			"fail_on", VIPS_FAIL_ON_ERROR, NULL);
		break;
	case IMAGE_PNG:
		result = vips_pngload_source(source, &image, "access", VIPS_ACCESS_SEQUENTIAL,
			"fail_on", VIPS_FAIL_ON_ERROR, NULL);
		break;
	case IMAGE_WEBP:
		result = vips_webpload_source(source, &image, "access", VIPS_ACCESS_SEQUENTIAL,
			"fail_on", VIPS_FAIL_ON_ERROR, NULL);
		break;
	}
	return result == 0 ? image : NULL;
}

/* Limits that the header alone can break; a decoder has seen nothing yet. */
static int check_info(
	const struct image_info *info, const struct pixels_limits *limits, struct err *err)
{
	uint64_t count = (uint64_t)info->width * info->height;
	uint32_t side = info->width < info->height ? info->width : info->height;

	if (info->animated) {
		return err_set(err, -EINVAL, "the picture is an animation: send a single picture");
	}
	if (limits->max_pixels && count > limits->max_pixels) {
		return err_set(err, -EFBIG,
			"the picture is %ux%u pixels, at most %" PRIu64 " pixels are taken",
			info->width, info->height, limits->max_pixels);
	}
	if (side < limits->min_side) {
		return err_set(err, -ERANGE,
			"the picture is %ux%u pixels, each side must have at least %u", info->width,
			info->height, limits->min_side);
	}
	return 0;
}

static int check_bytes(uint64_t size, const struct pixels_limits *limits, struct err *err)
{
	if (limits->max_bytes && size > limits->max_bytes) {
		return err_set(err, -EFBIG,
			"the picture has %" PRIu64 " bytes, at most %" PRIu64 " are taken", size,
			limits->max_bytes);
	}
	return 0;
}

static int decode(VipsSource *source, const struct image_info *info, struct err *err,
	struct pixels *ret_pixels)
{
	char what[64];
	struct pixels pixels = {0};
	struct sink sink = {0};
	VipsImage *image = load(source, info->type);
	int orientation;
	uint32_t width;
	uint32_t height;
	int result = 0;

	(void)snprintf(
		what, sizeof(what), "the %s is damaged or cut short", image_type_name(info->type));
	if (!image) {
		return vips_fail(err, -EBADMSG, what);
	}
	/* the limits were checked on what sniffing found: the decoder must have found the same */
	width = (uint32_t)vips_image_get_width(image);
	height = (uint32_t)vips_image_get_height(image);
	if (width != info->width || height != info->height) {
		result = err_set(err, -EBADMSG, "%s: two headers differ about its size", what);
		goto out;
	}
	orientation = info->orientation ? info->orientation : vips_image_get_orientation(image);
	sink.turn = turns[orientation >= 1 && orientation <= 8 ? orientation : 1];
	if (to_srgb(&image) != 0) {
		result = vips_fail(err, -EBADMSG, "the picture's colours cannot be converted");
		goto out;
	}
	result = pixels_allocate((uint32_t)vips_image_get_bands(image),
		sink.turn.transpose ? height : width, sink.turn.transpose ? width : height, err,
		&pixels);
	if (result < 0) {
		goto out;
	}
	sink.data = pixels.memory;
	sink.width = pixels.width;
	sink.height = pixels.height;
	sink.channels = pixels.channels;
	if (vips_sink_disc(image, write_strip, &sink) != 0) {
		result = vips_fail(err, -EBADMSG, what);
		goto out;
	}
	drop_opaque_alpha(&pixels);
	*ret_pixels = pixels;
	pixels = (struct pixels){0};
out:
	pixels_finish(&pixels);
	g_clear_object(&image);
	vips_error_clear();
	return result;
}

int pixels_decode_fd(
	int fd, const struct pixels_limits *limits, struct err *err, struct pixels *ret_pixels)
{
	struct image_info info;
	VipsSource *source;
	struct stat st;
	int result;

	if (fstat(fd, &st) < 0) {
		return err_set(err, -EIO, "the picture cannot be read: %s", strerror(errno));
	}
	result = check_bytes((uint64_t)st.st_size, limits, err);
	if (result == 0) {
		result = sniff_fd(fd, err, &info);
	}
	if (result == 0) {
		result = check_info(&info, limits, err);
	}
	if (result < 0) {
		return result;
	}
	if (lseek(fd, 0, SEEK_SET) < 0) {
		return err_set(err, -EIO, "the picture cannot be read: %s", strerror(errno));
	}
	source = vips_source_new_from_descriptor(fd);
	if (!source) {
		return vips_fail(err, -EIO, "the picture cannot be read");
	}
	result = decode(source, &info, err, ret_pixels);
	g_object_unref(source);
	return result;
}

int pixels_decode_bytes(const void *data, size_t len, const struct pixels_limits *limits,
	struct err *err, struct pixels *ret_pixels)
{
	struct image_info info;
	VipsSource *source;
	int result = check_bytes(len, limits, err);

	if (result == 0) {
		result = sniff_bytes(data, len, err, &info);
	}
	if (result == 0) {
		result = check_info(&info, limits, err);
	}
	if (result < 0) {
		return result;
	}
	source = vips_source_new_from_memory(data, len);
	if (!source) {
		return vips_fail(err, -EIO, "the picture cannot be read");
	}
	result = decode(source, &info, err, ret_pixels);
	g_object_unref(source);
	return result;
}
