#include "pixels/pixels.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vips/vips.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "lib/smalldisk.h"
#include "lib/tempdir.h"
#include "lib/test.h"

#define WIDTH 300
#define HEIGHT 200
#define MEGABYTE (1024 * 1024)

static const struct pixels_limits no_limits;
static const enum image_type all_types[] = {IMAGE_JPEG, IMAGE_PNG, IMAGE_WEBP};

/* A gradient, with rows that have a gap of this many pixels; alpha 64 on the left half. */
static struct pixels make(uint32_t channels, uint32_t width, uint32_t height, size_t gap)
{
	struct pixels pixels = {.channels = channels, .width = width, .height = height};
	uint8_t *data;

	pixels.stride = (width + gap) * channels;
	data = calloc(height, pixels.stride);
	assert_non_null(data);
	for (uint32_t y = 0; y < height; y++) {
		for (uint32_t x = 0; x < width; x++) {
			uint8_t *at = data + y * pixels.stride + x * channels;

			for (uint32_t c = 0; c < channels; c++) {
				at[c] = (uint8_t)(c == 3 ? (x < width / 2 ? 64 : 255)
							 : x * 255 / width / (c + 1));
			}
		}
	}
	pixels.data = data;
	pixels.memory = data;
	return pixels;
}

static void read_back(const char *path, struct image_info *ret_info, struct pixels *ret_pixels)
{
	struct err err = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(sniff_fd(fd, &err, ret_info), 0);
	if (pixels_decode_fd(fd, &no_limits, &err, ret_pixels) != 0) {
		fail_msg("%s", err.text);
	}
	fs_close(fd);
}

static void test_round_trips(void **state)
{
	static const uint32_t channels[] = {1, 3, 4};

	(void)state;
	for (size_t t = 0; t < 3; t++) {
		for (size_t c = 0; c < 3; c++) {
			const struct pixels_encoding how = {.type = all_types[t]};
			struct pixels pixels = make(channels[c], WIDTH, HEIGHT, t * 5);
			bool alpha = channels[c] == 4 && how.type != IMAGE_JPEG;
			struct pixels back = {0};
			struct err err = {0};
			struct buf out = {0};

			if (pixels_encode(&pixels, &how, &err, &out) != 0) {
				fail_msg("%s", err.text);
			}
			assert_int_equal(
				pixels_decode_bytes(out.data, out.len, &no_limits, &err, &back), 0);
			assert_int_equal(back.width, WIDTH);
			assert_int_equal(back.height, HEIGHT);
			assert_int_equal(back.channels, alpha ? 4 : 3);
			/* the last column of the last row: a wrong stride would shift it */
			assert_in_range(back.data[back.stride * HEIGHT - back.channels], 244, 255);
			if (how.type == IMAGE_PNG) {
				size_t at = WIDTH - 3;

				assert_int_equal(back.data[back.stride * 7 + at * back.channels],
					pixels.data[pixels.stride * 7 + at * pixels.channels]);
			}
			pixels_finish(&pixels);
			pixels_finish(&back);
			buf_finish(&out);
		}
	}
}

static void test_jpeg_lays_alpha_on_white(void **state)
{
	const struct pixels_encoding how = {.type = IMAGE_JPEG};
	struct pixels pixels = make(4, WIDTH, HEIGHT, 0);
	struct pixels back = {0};
	struct buf out = {0};

	(void)state;
	assert_int_equal(pixels_encode(&pixels, &how, NULL, &out), 0);
	assert_int_equal(pixels_decode_bytes(out.data, out.len, &no_limits, NULL, &back), 0);
	/* black with alpha 64: three quarters of white */
	assert_in_range(back.data[0], 185, 197);
	pixels_finish(&pixels);
	pixels_finish(&back);
	buf_finish(&out);
}

static void test_rows_without_whole_pixels(void **state)
{
	const struct pixels_encoding how = {.type = IMAGE_PNG};
	struct pixels pixels = make(3, 5, 4, 1);
	struct pixels odd = {.channels = 3, .width = 5, .height = 4, .stride = 16};
	struct pixels back = {0};
	struct buf out = {0};

	(void)state;
	odd.data = pixels.data;
	assert_int_equal(pixels_encode(&odd, &how, NULL, &out), 0);
	assert_int_equal(pixels_decode_bytes(out.data, out.len, &no_limits, NULL, &back), 0);
	for (size_t y = 0; y < 4; y++) {
		assert_memory_equal(back.data + y * 15, odd.data + y * 16, 15);
	}
	pixels_finish(&back);
	pixels_finish(&pixels);
	buf_finish(&out);
}

/* A photograph with everything in it that tells of its owner. */
static struct pixels load_photograph(void)
{
	VipsImage *image;
	VipsImage *wide;
	struct pixels pixels = {0};
	size_t len;
	void *data;

	assert_int_equal(vips_black(&image, WIDTH, HEIGHT, "bands", 3, NULL), 0);
	assert_int_equal(
		vips_copy(image, &wide, "interpretation", VIPS_INTERPRETATION_sRGB, NULL), 0);
	g_object_unref(image);
	assert_int_equal(vips_icc_transform(wide, &image, "p3", "input_profile", "srgb", NULL), 0);
	g_object_unref(wide);
	assert_int_equal(vips_copy(image, &wide, NULL), 0);
	g_object_unref(image);
	vips_image_set_int(wide, VIPS_META_ORIENTATION, 6);
	vips_image_set_string(wide, "exif-ifd0-Model", "SecretCamera");
	vips_image_set_string(wide, "exif-ifd3-GPSLatitude", "52/1 30/1 0/1");
	vips_image_set_string(wide, "exif-ifd3-GPSLatitudeRef", "N");
	vips_image_set_blob_copy(wide, VIPS_META_XMP_NAME, "<x:xmpmeta>SecretPlace", 22);
	vips_image_set_blob_copy(wide, VIPS_META_IPTC_NAME, "SecretCaption", 13);
	assert_int_equal(vips_image_write_to_buffer(wide, ".jpg", &data, &len, NULL), 0);
	g_object_unref(wide);
	assert_non_null(memmem(data, len, "SecretCamera", 12));
	assert_non_null(memmem(data, len, "SecretPlace", 11));
	assert_non_null(memmem(data, len, "ICC_PROFILE", 11));
	assert_int_equal(pixels_decode_bytes(data, len, &no_limits, NULL, &pixels), 0);
	assert_int_equal(pixels.width, HEIGHT);
	g_free(data);
	return pixels;
}

static void assert_says_nothing(const char *path)
{
	static const char *const words[] = {"Exif", "EXIF", "eXIf", "GPS", "xmp", "XMP", "Secret",
		"ICC", "iCCP", "8BIM", "tEXt", "iTXt", "zTXt", "tIME", "Photoshop"};
	struct buf bytes = {0};

	assert_int_equal(fs_read_file(path, MEGABYTE, &bytes), 0);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (memmem(bytes.data, bytes.len, words[i], strlen(words[i]))) {
			fail_msg("%s, which begins with \"%.4s\", holds %s", path, bytes.data + 1,
				words[i]);
		}
	}
	buf_finish(&bytes);
}

static void test_no_metadata(void **state)
{
	struct pixels pixels = load_photograph();
	const struct pixels *const list[] = {&pixels, &pixels};
	char path[4096];
	uint64_t size;

	tempdir_path(path, *state, "file");
	for (size_t t = 0; t < 3; t++) {
		const struct pixels_encoding how = {.type = all_types[t]};

		assert_int_equal(pixels_write(&pixels, &how, path, NULL, &size), 0);
		assert_says_nothing(path);
	}
	assert_int_equal(pixels_write_thumbnail(&pixels, path, NULL, &size), 0);
	assert_says_nothing(path);
	assert_int_equal(pixels_write_comparison(list, 2, path, NULL, &size), 0);
	assert_says_nothing(path);
	pixels_finish(&pixels);
}

static void check_thumbnail(const char *folder, uint32_t width, uint32_t height,
	uint32_t want_width, uint32_t want_height)
{
	struct pixels pixels = make(4, width, height, 0);
	struct pixels back = {0};
	struct image_info info;
	struct err err = {0};
	uint64_t size = 0;
	char path[4096];
	struct stat st;

	tempdir_path(path, folder, "thumb.jpg");
	if (pixels_write_thumbnail(&pixels, path, &err, &size) != 0) {
		fail_msg("%s", err.text);
	}
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, size);
	read_back(path, &info, &back);
	assert_int_equal(info.type, IMAGE_JPEG);
	assert_int_equal(info.width, want_width);
	assert_int_equal(info.height, want_height);
	if (want_width > 100 && want_height > 100) {
		/* the checkerboard shines through on the left and not on the right */
		assert_true(abs(back.data[4 * 3] - back.data[12 * 3]) > 5);
		assert_true(back.data[(want_width - 3) * 3] > 225);
	}
	pixels_finish(&back);
	pixels_finish(&pixels);
}

static void test_thumbnails(void **state)
{
	check_thumbnail(*state, 1200, 800, 256, 171);
	check_thumbnail(*state, 500, 1000, 128, 256);
	check_thumbnail(*state, 256, 256, 256, 256);
	check_thumbnail(*state, 200, 120, 200, 120);
	check_thumbnail(*state, 1, 1, 1, 1);
	check_thumbnail(*state, 5000, 1, 256, 1);
	check_thumbnail(*state, 3, 2000, 1, 256);
}

static void check_comparison(const char *folder, const struct pixels *const *pictures, size_t count,
	uint32_t want_width, uint32_t want_height)
{
	struct pixels back = {0};
	struct image_info info;
	struct err err = {0};
	uint64_t size;
	char path[4096];

	tempdir_path(path, folder, "comparison.jpg");
	if (pixels_write_comparison(pictures, count, path, &err, &size) != 0) {
		fail_msg("%s", err.text);
	}
	read_back(path, &info, &back);
	assert_int_equal(info.type, IMAGE_JPEG);
	assert_int_equal(info.height, want_height);
	if (want_width > 0) {
		assert_int_equal(info.width, want_width);
	}
	pixels_finish(&back);
}

static void test_comparisons(void **state)
{
	struct pixels wide = make(3, 3000, 2000, 0);
	struct pixels grey = make(1, 300, 200, 3);
	struct pixels clear = make(4, 200, 400, 0);
	struct pixels strip = make(3, 30000, 40, 0);
	struct pixels dot = make(3, 1, 1, 0);
	const struct pixels *list[9];

	list[0] = &wide;
	list[1] = &clear;
	check_comparison(*state, list, 2, 1536 + 8 + 512, 1024);
	list[0] = &grey;
	list[2] = &grey;
	check_comparison(*state, list, 3, 600 + 8 + 200 + 8 + 600, 400);
	list[1] = &strip;
	check_comparison(*state, &list[1], 1, 0, 21);
	list[0] = &dot;
	check_comparison(*state, list, 1, 1, 1);
	for (int i = 0; i < 9; i++) {
		list[i] = &wide;
	}
	check_comparison(*state, list, 9, 9 * 1536 + 8 * 8, 1024);
	assert_int_equal(pixels_write_comparison(list, 0, "unused", NULL, NULL), -EINVAL);
	pixels_finish(&wide);
	pixels_finish(&grey);
	pixels_finish(&clear);
	pixels_finish(&strip);
	pixels_finish(&dot);
}

static void test_folder_is_not_there(void **state)
{
	const struct pixels_encoding how = {.type = IMAGE_PNG};
	struct pixels pixels = make(3, 5, 5, 0);
	struct err err = {0};
	char path[4096];
	uint64_t size = 7;

	tempdir_path(path, *state, "none/file.png");
	assert_int_equal(pixels_write(&pixels, &how, path, &err, &size), -ENOENT);
	assert_int_equal(size, 7);
	assert_string_equal(pixels_write_code(-ENOENT), "RESULT_SAVE_FAILED");
	pixels_finish(&pixels);
}

static void test_full_disk(void **state)
{
	struct pixels pixels = make(3, 2000, 1000, 0);
	uint8_t *noise = pixels.memory;
	char path[4096];
	uint32_t seed = 1;

	if (smalldisk_mount(*state, 65536) < 0) {
		pixels_finish(&pixels);
		skip();
	}
	for (size_t i = 0; i < pixels.stride * pixels.height; i++) {
		seed = seed * 1664525 + 1013904223;
		noise[i] = (uint8_t)(seed >> 24);
	}
	tempdir_path(path, *state, "file");
	for (size_t t = 0; t < 3; t++) {
		const struct pixels_encoding how = {.type = all_types[t]};
		struct err err = {0};
		uint64_t size;
		int result = pixels_write(&pixels, &how, path, &err, &size);

		if (result != -ENOSPC) {
			fail_msg("%s: %d, %s", image_type_name(how.type), result, err.text);
		}
		assert_string_equal(pixels_write_code(result), "STORAGE_FULL");
		assert_int_equal(tempdir_count(*state), 0);
	}
	smalldisk_unmount(*state);
	pixels_finish(&pixels);
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

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, tempdir_setup, tempdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_jpeg_lays_alpha_on_white),
		cmocka_unit_test(test_rows_without_whole_pixels),
		WITH_FOLDER(test_no_metadata),
		WITH_FOLDER(test_thumbnails),
		WITH_FOLDER(test_comparisons),
		WITH_FOLDER(test_folder_is_not_there),
		WITH_FOLDER(test_full_disk),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
