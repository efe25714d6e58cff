#include "pixels/pixels.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vips/vips.h>

#include "base/err.h"
#include "lib/tempdir.h"
#include "lib/test.h"

#define WIDTH 48
#define HEIGHT 32

static const struct pixels_limits no_limits;

/* A picture with a different colour everywhere, smooth enough for JPEG. */
static VipsImage *make_gradient(void)
{
	uint8_t rows[WIDTH * HEIGHT * 3];
	VipsImage *image;
	VipsImage *typed;

	for (int y = 0; y < HEIGHT; y++) {
		for (int x = 0; x < WIDTH; x++) {
			uint8_t *at = rows + (y * WIDTH + x) * 3;

			at[0] = (uint8_t)(30 + x * 4);
			at[1] = (uint8_t)(40 + y * 6);
			at[2] = (uint8_t)(200 - x * 2 - y);
		}
	}
	image = vips_image_new_from_memory_copy(
		rows, sizeof(rows), WIDTH, HEIGHT, 3, VIPS_FORMAT_UCHAR);
	assert_non_null(image);
	assert_int_equal(
		vips_copy(image, &typed, "interpretation", VIPS_INTERPRETATION_sRGB, NULL), 0);
	g_object_unref(image);
	return typed;
}

/* The gradient with a fourth channel of this value. */
static VipsImage *make_with_alpha(double alpha)
{
	VipsImage *image = make_gradient();
	VipsImage *joined;

	assert_int_equal(vips_bandjoin_const1(image, &joined, alpha, NULL), 0);
	g_object_unref(image);
	return joined;
}

static VipsImage *convert(VipsImage *image, VipsInterpretation space)
{
	VipsImage *out;

	assert_int_equal(vips_colourspace(image, &out, space, NULL), 0);
	g_object_unref(image);
	return out;
}

/* Encodes, decodes with ours, and drops the picture. */
static struct pixels through(VipsImage *image, const char *suffix)
{
	struct pixels pixels = {0};
	struct err err = {0};
	void *data;
	size_t len;

	if (vips_image_write_to_buffer(image, suffix, &data, &len, NULL) != 0) {
		fail_msg("%s", vips_error_buffer());
	}
	g_object_unref(image);
	if (pixels_decode_bytes(data, len, &no_limits, &err, &pixels) != 0) {
		fail_msg("%s", err.text);
	}
	g_free(data);
	assert_int_equal(pixels.stride, pixels.width * pixels.channels);
	assert_int_equal((uintptr_t)pixels.data % 64, 0);
	return pixels;
}

/* Every pixel of the gradient is there, but for so much. */
static void assert_gradient(const struct pixels *pixels, int tolerance)
{
	VipsImage *image = make_gradient();
	const uint8_t *want = vips_image_get_data(image);

	assert_int_equal(pixels->width, WIDTH);
	assert_int_equal(pixels->height, HEIGHT);
	for (size_t i = 0; i < (size_t)WIDTH * HEIGHT; i++) {
		for (size_t c = 0; c < 3; c++) {
			int have = pixels->data[i * pixels->channels + c];

			if (abs(have - want[i * 3 + c]) > tolerance) {
				fail_msg("pixel %zu, channel %zu: %d, not %d", i, c, have,
					want[i * 3 + c]);
			}
		}
	}
	g_object_unref(image);
}

static void test_types(void **state)
{
	static const struct {
		const char *suffix;
		int tolerance;
	} types[] = {{".png", 0}, {".jpg[Q=98]", 6}, {".jpg[Q=98,interlace]", 6},
		{".webp[lossless]", 0}, {".webp[Q=98]", 24}, {".png[interlace]", 0},
		{".png[bitdepth=8,filter=all]", 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct pixels pixels = through(make_gradient(), types[i].suffix);

		assert_int_equal(pixels.channels, 3);
		assert_gradient(&pixels, types[i].tolerance);
		pixels_finish(&pixels);
		pixels_finish(&pixels);
	}
}

static void add_be32(uint8_t *to, uint32_t value)
{
	for (int i = 0; i < 4; i++) {
		to[i] = (uint8_t)(value >> (24 - 8 * i));
	}
}

/* Puts an orientation into a PNG, behind its header; libvips does not write it. */
static void mark_png(void **data, size_t *len, int orientation)
{
	uint8_t chunk[12 + 26] = "\0\0\0\x1a"
				 "eXIfMM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1";
	uint32_t crc = 0xffffffff;
	char *out = g_malloc(*len + sizeof(chunk));

	chunk[8 + 19] = (uint8_t)orientation;
	for (size_t i = 4; i < sizeof(chunk) - 4; i++) {
		crc ^= chunk[i];
		for (int bit = 0; bit < 8; bit++) {
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
		}
	}
	add_be32(chunk + sizeof(chunk) - 4, ~crc);
	memcpy(out, *data, 33);
	memcpy(out + 33, chunk, sizeof(chunk));
	memcpy(out + 33 + sizeof(chunk), (char *)*data + 33, *len - 33);
	g_free(*data);
	*data = out;
	*len += sizeof(chunk);
}

/* libvips' own rotation tells what is right. */
static void check_orientation(int orientation, const char *suffix)
{
	VipsImage *image = make_gradient();
	VipsImage *marked;
	VipsImage *loaded;
	VipsImage *upright;
	struct pixels pixels = {0};
	struct err err = {0};
	size_t want_len;
	void *want;
	void *data;
	size_t len;

	assert_int_equal(vips_copy(image, &marked, NULL), 0);
	vips_image_set_int(marked, VIPS_META_ORIENTATION, orientation);
	assert_int_equal(vips_image_write_to_buffer(marked, suffix, &data, &len, NULL), 0);
	if (strcmp(suffix, ".png") == 0) {
		mark_png(&data, &len, orientation);
	}
	if (pixels_decode_bytes(data, len, &no_limits, &err, &pixels) != 0) {
		fail_msg("%s", err.text);
	}
	loaded = vips_image_new_from_buffer(data, len, "", NULL);
	assert_non_null(loaded);
	vips_image_set_int(loaded, VIPS_META_ORIENTATION, orientation);
	assert_int_equal(vips_autorot(loaded, &upright, NULL), 0);
	want = vips_image_write_to_memory(upright, &want_len);
	assert_int_equal(pixels.width, vips_image_get_width(upright));
	assert_int_equal(pixels.height, vips_image_get_height(upright));
	assert_int_equal(pixels.width, orientation >= 5 ? HEIGHT : WIDTH);
	assert_int_equal(want_len, pixels.stride * pixels.height);
	assert_memory_equal(pixels.data, want, want_len);
	pixels_finish(&pixels);
	g_free(want);
	g_free(data);
	g_object_unref(upright);
	g_object_unref(loaded);
	g_object_unref(marked);
	g_object_unref(image);
}

static void test_orientations(void **state)
{
	(void)state;
	for (int i = 1; i <= 8; i++) {
		check_orientation(i, ".jpg");
		check_orientation(i, ".webp[lossless]");
		check_orientation(i, ".png");
	}
}

static void test_alpha(void **state)
{
	struct pixels pixels;

	(void)state;
	pixels = through(make_with_alpha(77), ".png");
	assert_int_equal(pixels.channels, 4);
	assert_gradient(&pixels, 0);
	assert_int_equal(pixels.data[3], 77);
	pixels_finish(&pixels);

	pixels = through(make_with_alpha(77), ".webp[lossless]");
	assert_int_equal(pixels.channels, 4);
	assert_int_equal(pixels.data[WIDTH * 4 + 3], 77);
	pixels_finish(&pixels);

	/* an alpha channel that says nothing is dropped */
	pixels = through(make_with_alpha(255), ".png");
	assert_int_equal(pixels.channels, 3);
	assert_gradient(&pixels, 0);
	pixels_finish(&pixels);
}

static void test_16_bits(void **state)
{
	struct pixels pixels = through(convert(make_gradient(), VIPS_INTERPRETATION_RGB16), ".png");

	(void)state;
	assert_int_equal(pixels.channels, 3);
	assert_gradient(&pixels, 1);
	pixels_finish(&pixels);

	pixels = through(convert(make_with_alpha(128), VIPS_INTERPRETATION_RGB16), ".png");
	assert_int_equal(pixels.channels, 4);
	assert_gradient(&pixels, 1);
	assert_in_range(pixels.data[3], 127, 129);
	pixels_finish(&pixels);

	pixels = through(convert(make_gradient(), VIPS_INTERPRETATION_GREY16), ".png");
	assert_int_equal(pixels.channels, 3);
	pixels_finish(&pixels);
}

static void test_grey(void **state)
{
	static const char *const suffixes[] = {".png", ".jpg", ".webp[lossless]"};

	(void)state;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		struct pixels pixels =
			through(convert(make_gradient(), VIPS_INTERPRETATION_B_W), suffixes[i]);

		assert_int_equal(pixels.channels, 3);
		assert_int_equal(pixels.data[0], pixels.data[1]);
		assert_int_equal(pixels.data[0], pixels.data[2]);
		assert_true(pixels.data[0] < pixels.data[(WIDTH - 1) * 3]);
		pixels_finish(&pixels);
	}
}

static void test_palette(void **state)
{
	struct pixels pixels = through(make_gradient(), ".png[palette,dither=0]");

	(void)state;
	assert_int_equal(pixels.channels, 3);
	assert_gradient(&pixels, 40);
	pixels_finish(&pixels);
}

/* A colour that CMYK holds comes back, with a profile and without one. */
static void test_cmyk(void **state)
{
	static const char *const suffixes[] = {".jpg[Q=98]", ".jpg[Q=98,strip]"};
	static const uint8_t dot[3] = {180, 120, 100};

	(void)state;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		VipsImage *image =
			vips_image_new_from_memory_copy(dot, 3, 1, 1, 3, VIPS_FORMAT_UCHAR);
		VipsImage *typed;
		struct pixels pixels;

		assert_int_equal(
			vips_copy(image, &typed, "interpretation", VIPS_INTERPRETATION_sRGB, NULL),
			0);
		g_object_unref(image);
		pixels = through(convert(typed, VIPS_INTERPRETATION_CMYK), suffixes[i]);
		assert_int_equal(pixels.channels, 3);
		for (int c = 0; c < 3; c++) {
			assert_in_range(pixels.data[c], dot[c] - 15, dot[c] + 15);
		}
		pixels_finish(&pixels);
	}
}

/* A picture in Display P3 looks as before, although its numbers are others. */
static void test_wide_gamut(void **state)
{
	VipsImage *image = make_gradient();
	VipsImage *wide;
	struct pixels pixels;

	(void)state;
	assert_int_equal(vips_icc_transform(image, &wide, "p3", "input_profile", "srgb", NULL), 0);
	g_object_unref(image);
	assert_true(vips_image_get_typeof(wide, VIPS_META_ICC_NAME));
	assert_true(abs(((const uint8_t *)vips_image_get_data(wide))[(WIDTH - 1) * 3] - 218) > 4);
	pixels = through(wide, ".png");
	assert_gradient(&pixels, 4);
	pixels_finish(&pixels);
}

static void test_broken_profile_is_ignored(void **state)
{
	VipsImage *image = make_gradient();
	VipsImage *marked;
	struct pixels pixels;

	(void)state;
	assert_int_equal(vips_copy(image, &marked, NULL), 0);
	vips_image_set_blob_copy(marked, VIPS_META_ICC_NAME, "no profile at all", 17);
	g_object_unref(image);
	pixels = through(marked, ".jpg[Q=98]");
	assert_gradient(&pixels, 6);
	pixels_finish(&pixels);
}

static void test_one_pixel(void **state)
{
	static const char *const suffixes[] = {".png", ".jpg", ".webp", ".webp[lossless]"};

	(void)state;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		const uint8_t dot[3] = {200, 100, 50};
		VipsImage *image =
			vips_image_new_from_memory_copy(dot, 3, 1, 1, 3, VIPS_FORMAT_UCHAR);
		struct pixels pixels = through(image, suffixes[i]);

		assert_int_equal(pixels.width, 1);
		assert_int_equal(pixels.height, 1);
		assert_in_range(pixels.data[0], 190, 210);
		pixels_finish(&pixels);
	}
}

static void expect_fault(const void *data, size_t len, const struct pixels_limits *limits, int want,
	const char *code)
{
	struct pixels pixels = {0};
	struct err err = {0};
	int result = pixels_decode_bytes(data, len, limits, &err, &pixels);

	if (result != want) {
		fail_msg("%d (%s), not %d", result, err.text, want);
	}
	assert_string_equal(pixels_error_code(result), code);
	assert_true(strlen(err.text) > 10);
	assert_null(strchr(err.text, '\n'));
	assert_null(pixels.memory);
}

static void test_animation_is_refused(void **state)
{
	VipsImage *image = make_gradient();
	VipsImage *tall;
	size_t len;
	void *data;

	(void)state;
	assert_int_equal(vips_copy(image, &tall, NULL), 0);
	vips_image_set_int(tall, VIPS_META_PAGE_HEIGHT, HEIGHT / 2);
	assert_int_equal(vips_image_write_to_buffer(tall, ".webp", &data, &len, NULL), 0);
	expect_fault(data, len, &no_limits, -EINVAL, "IMAGE_FORMAT_INVALID");
	g_free(data);
	g_object_unref(tall);
	g_object_unref(image);
}

static void test_cut_short(void **state)
{
	static const char *const suffixes[] = {
		".png", ".jpg", ".jpg[interlace]", ".webp", ".webp[lossless]", ".png[interlace]"};

	(void)state;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		VipsImage *image = make_gradient();
		size_t len;
		void *data;

		assert_int_equal(vips_image_write_to_buffer(
					 image, suffixes[i], &data, &len, "strip", TRUE, NULL),
			0);
		for (size_t cut = 12; cut <= len * 9 / 10; cut += 7) {
			expect_fault(data, cut, &no_limits, -EBADMSG, "IMAGE_DECODE_FAILED");
		}
		g_free(data);
		g_object_unref(image);
	}
}

static void test_not_pictures(void **state)
{
	static const char text[] = "This is a text file that was named .jpg.";
	static const char gif[] = "GIF89a\1\0\1\0\0\0\0;";
	static const char svg[] = "<svg xmlns=\"http://www.w3.org/2000/svg\"/>";

	(void)state;
	expect_fault(text, sizeof(text) - 1, &no_limits, -EINVAL, "IMAGE_FORMAT_INVALID");
	expect_fault(gif, sizeof(gif) - 1, &no_limits, -EINVAL, "IMAGE_FORMAT_INVALID");
	expect_fault(svg, sizeof(svg) - 1, &no_limits, -EINVAL, "IMAGE_FORMAT_INVALID");
	expect_fault("", 0, &no_limits, -EINVAL, "IMAGE_FORMAT_INVALID");
}

static void test_limits(void **state)
{
	/* a PNG's signature and a header that says 60000 x 60000 */
	static const char huge[] =
		"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xea\x60\0\0\xea\x60\x08\2\0\0";
	struct pixels_limits limits = {.max_pixels = 50000000};
	VipsImage *image = make_gradient();
	size_t len;
	void *data;

	(void)state;
	expect_fault(huge, sizeof(huge) - 1, &limits, -EFBIG, "IMAGE_SIZE_TOO_LARGE");
	assert_int_equal(vips_image_write_to_buffer(image, ".png", &data, &len, NULL), 0);
	limits = (struct pixels_limits){.max_pixels = WIDTH * HEIGHT - 1};
	expect_fault(data, len, &limits, -EFBIG, "IMAGE_SIZE_TOO_LARGE");
	limits = (struct pixels_limits){.max_bytes = len - 1};
	expect_fault(data, len, &limits, -EFBIG, "IMAGE_SIZE_TOO_LARGE");
	limits = (struct pixels_limits){.min_side = HEIGHT + 1};
	expect_fault(data, len, &limits, -ERANGE, "IMAGE_SIZE_TOO_SMALL");
	g_free(data);
	g_object_unref(image);
}

static void test_files(void **state)
{
	VipsImage *image = make_gradient();
	struct pixels pixels = {0};
	char path[4096];
	size_t len;
	void *data;
	int fd;

	tempdir_path(path, *state, "picture");
	assert_int_equal(vips_image_write_to_buffer(image, ".png", &data, &len, NULL), 0);
	tempdir_write(path, data, len);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	/* from its start, wherever the descriptor stands */
	assert_int_equal(lseek(fd, 20, SEEK_SET), 20);
	assert_int_equal(pixels_decode_fd(fd, &no_limits, NULL, &pixels), 0);
	assert_gradient(&pixels, 0);
	pixels_finish(&pixels);
	assert_int_equal(pixels_decode_fd(fd, &no_limits, NULL, &pixels), 0);
	pixels_finish(&pixels);
	assert_int_equal(close(fd), 0);
	assert_string_equal(pixels_error_code(pixels_decode_fd(fd, &no_limits, NULL, &pixels)),
		"IMAGE_LOAD_FAILED");
	g_free(data);
	g_object_unref(image);
}

static void test_only_three_loaders(void **state)
{
	static const char svg[] =
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"/>";

	(void)state;
	assert_null(vips_image_new_from_buffer(svg, sizeof(svg) - 1, "", NULL));
	vips_error_clear();
}

static int setup(void **state)
{
	(void)state;
	return pixels_init(2, NULL, NULL);
}

static int teardown(void **state)
{
	(void)state;
	pixels_shutdown();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_orientations),
		cmocka_unit_test(test_alpha),
		cmocka_unit_test(test_16_bits),
		cmocka_unit_test(test_grey),
		cmocka_unit_test(test_palette),
		cmocka_unit_test(test_cmyk),
		cmocka_unit_test(test_wide_gamut),
		cmocka_unit_test(test_broken_profile_is_ignored),
		cmocka_unit_test(test_one_pixel),
		cmocka_unit_test(test_animation_is_refused),
		cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_not_pictures),
		cmocka_unit_test(test_limits),
		cmocka_unit_test_setup_teardown(test_files, tempdir_setup, tempdir_teardown),
		cmocka_unit_test(test_only_three_loaders),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
