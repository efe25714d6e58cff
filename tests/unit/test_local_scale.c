#include "local/scale.h"

#include <stdlib.h>
#include <string.h>

#include "lib/test.h"

static formy_image image_of(const uint8_t *pixels, uint32_t format, uint32_t width, uint32_t height)
{
	return (formy_image){.size = sizeof(formy_image),
		.format = format,
		.width = width,
		.height = height,
		.stride = (uint64_t)width * format,
		.pixels = pixels};
}

static void test_unchanged_is_a_copy(void **state)
{
	const uint8_t pixels[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
	const formy_image image = image_of(pixels, FORMY_RGB8, 2, 2);
	uint8_t out[12];

	(void)state;
	assert_int_equal(scale_picture(&image, region_whole(&image), 2, 2, SCALE_RGB, out), 0);
	assert_memory_equal(out, pixels, sizeof(pixels));
}

static void test_smaller_is_the_mean(void **state)
{
	const uint8_t pixels[] = {0, 100, 50, 50, 200, 100, 50, 50};
	const formy_image image = image_of(pixels, FORMY_GREY8, 4, 2);
	uint8_t out[6];

	(void)state;
	assert_int_equal(scale_picture(&image, region_whole(&image), 2, 1, SCALE_RGB, out), 0);
	for (int c = 0; c < 3; c++) {
		assert_int_equal(out[c], 100);
		assert_int_equal(out[3 + c], 50);
	}
}

static void test_larger_goes_evenly(void **state)
{
	const uint8_t pixels[] = {0, 200};
	const formy_image image = image_of(pixels, FORMY_GREY8, 2, 1);
	uint8_t out[12];

	(void)state;
	assert_int_equal(scale_picture(&image, region_whole(&image), 4, 1, SCALE_RGB, out), 0);
	assert_int_equal(out[0], 0);
	assert_int_equal(out[3], 50);
	assert_int_equal(out[6], 150);
	assert_int_equal(out[9], 200);
}

static void test_alpha(void **state)
{
	const uint8_t pixels[] = {9, 9, 9, 40, 9, 9, 9, 80};
	const formy_image image = image_of(pixels, FORMY_RGBA8, 2, 1);
	uint8_t out[2] = {0};

	(void)state;
	assert_int_equal(scale_picture(&image, region_whole(&image), 1, 1, SCALE_ALPHA, out), 0);
	assert_int_equal(out[0], 60);
}

static void test_cover_takes_the_middle(void **state)
{
	const uint8_t pixels[12] = {0};
	const formy_image wide = image_of(pixels, FORMY_GREY8, 12, 1);
	const struct region region = region_cover(&wide, 4, 1);

	(void)state;
	assert_true(region.x == 4 && region.width == 4 && region.y == 0 && region.height == 1);
}

/* A picture of one colour stays of that colour, whatever the sizes. */
static void test_every_shape_keeps_a_colour(void **state)
{
	static const int sizes[] = {1, 2, 3, 7, 64, 301};
	const size_t count = sizeof(sizes) / sizeof(sizes[0]);
	uint8_t *pixels = malloc((size_t)301 * 301 * 3);
	uint8_t *out = malloc((size_t)301 * 301 * 3);

	(void)state;
	assert_non_null(pixels);
	assert_non_null(out);
	memset(pixels, 77, (size_t)301 * 301 * 3);
	for (size_t i = 0; i < count * count * count; i++) {
		const int w = sizes[i % count];
		const int h = sizes[i / count % count];
		const int side = sizes[i / count / count];
		const formy_image image = image_of(pixels, FORMY_RGB8, (uint32_t)w, (uint32_t)h);

		memset(out, 0, (size_t)side * 5 * 3);
		assert_int_equal(scale_picture(&image, region_cover(&image, side, 5), side, 5,
					 SCALE_RGB, out),
			0);
		for (int k = 0; k < side * 5 * 3; k++) {
			assert_int_equal(out[k], 77);
		}
	}
	free(pixels);
	free(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unchanged_is_a_copy),
		cmocka_unit_test(test_smaller_is_the_mean),
		cmocka_unit_test(test_larger_goes_evenly),
		cmocka_unit_test(test_alpha),
		cmocka_unit_test(test_cover_takes_the_middle),
		cmocka_unit_test(test_every_shape_keeps_a_colour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
