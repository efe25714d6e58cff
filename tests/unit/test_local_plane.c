#include "local/plane.h"

#include <math.h>
#include <string.h>

#include "lib/test.h"

#define W 40
#define H 30

static void test_blur_keeps_flat_and_spreads_an_edge(void **state)
{
	uint8_t plane[W * H];

	(void)state;
	memset(plane, 200, sizeof(plane));
	assert_int_equal(plane_blur(plane, W, H, 2.5), 0);
	for (int i = 0; i < W * H; i++) {
		assert_int_equal(plane[i], 200);
	}
	for (int i = 0; i < W * H; i++) {
		plane[i] = i % W < W / 2 ? 0 : 255;
	}
	assert_int_equal(plane_blur(plane, W, H, 2), 0);
	assert_int_equal(plane[0], 0);
	assert_int_equal(plane[W - 1], 255);
	for (int x = 1; x < W; x++) {
		assert_true(plane[x] >= plane[x - 1]);
	}
	assert_true(plane[W / 2] > 127 && plane[W / 2] < 200);
}

static void test_values_between_pixels(void **state)
{
	const uint8_t plane[4] = {0, 100, 200, 40};

	(void)state;
	assert_true(fabsf(plane_at(plane, 2, 2, 0.5, 0) - 50) < 1e-3f);
	assert_true(fabsf(plane_at(plane, 2, 2, 0.5, 0.5) - 85) < 1e-3f);
	assert_true(fabsf(plane_at(plane, 2, 2, 5, 0)) < 1e-3f);
}

static void test_polygon_is_filled(void **state)
{
	static const double corners[][2] = {{4.5, 4.5}, {20.5, 4.5}, {20.5, 14.5}, {4.5, 14.5}};
	static const double beyond[][2] = {{-50, -50}, {90, -50}, {90, 90}, {-50, 90}};
	uint8_t plane[W * H] = {0};
	int sum = 0;

	(void)state;
	plane_fill(plane, W, H, corners, 4, 1);
	for (int i = 0; i < W * H; i++) {
		sum += plane[i];
	}
	assert_int_equal(sum, 16 * 10);
	assert_int_equal(plane[5 * W + 5], 1);
	plane_fill(plane, W, H, beyond, 4, 2);
	assert_int_equal(plane[0], 2);
	assert_int_equal(plane[W * H - 1], 2);
}

static void test_resize_keeps_the_corners(void **state)
{
	const uint8_t plane[4] = {0, 100, 200, 40};
	uint8_t larger[8 * 8];

	(void)state;
	plane_resize(plane, 2, 2, larger, 8, 8);
	assert_int_equal(larger[0], 0);
	assert_int_equal(larger[7], 100);
	assert_int_equal(larger[56], 200);
	assert_int_equal(larger[63], 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blur_keeps_flat_and_spreads_an_edge),
		cmocka_unit_test(test_values_between_pixels),
		cmocka_unit_test(test_polygon_is_filled),
		cmocka_unit_test(test_resize_keeps_the_corners),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
