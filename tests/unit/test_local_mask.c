#include "local/mask.h"

#include <string.h>

#include "lib/test.h"

#define W 9
#define H 7

static int squared(int a)
{
	return a * a;
}

/* Every distance against the plain definition. */
static void test_distance_is_the_nearest(void **state)
{
	uint8_t mask[W * H] = {0};
	int32_t squares[W * H];

	(void)state;
	mask[2 * W + 3] = 1;
	mask[6 * W + 8] = 1;
	mask[0] = 1;
	assert_int_equal(mask_distance(mask, W, H, 1, squares), 0);
	for (int y = 0; y < H; y++) {
		for (int x = 0; x < W; x++) {
			int least = squared(x) + squared(y);
			const int b = squared(x - 3) + squared(y - 2);
			const int c = squared(x - 8) + squared(y - 6);

			least = b < least ? b : least;
			least = c < least ? c : least;
			assert_int_equal(squares[y * W + x], least);
		}
	}
}

static void test_distance_to_nothing(void **state)
{
	const uint8_t mask[W * H] = {0};
	int32_t squares[W * H];

	(void)state;
	assert_int_equal(mask_distance(mask, W, H, 1, squares), 0);
	for (int i = 0; i < W * H; i++) {
		assert_int_equal(squares[i], INT32_MAX);
	}
}

static void test_grow_and_shrink(void **state)
{
	uint8_t mask[W * H] = {0};
	uint8_t grown[W * H];
	uint8_t shrunk[W * H];

	(void)state;
	mask[3 * W + 4] = 1;
	assert_int_equal(mask_grow(mask, W, H, 2, grown), 0);
	assert_int_equal(mask_count(grown, W, H), 13);
	assert_int_equal(mask_shrink(grown, W, H, 2, shrunk), 0);
	assert_memory_equal(shrunk, mask, sizeof(mask));
}

/* The picture's edge is no outside: a person cut by the frame stays whole there. */
/* Small radii go another way than large ones: all against the distances. */
static void test_radii_agree_with_distances(void **state)
{
	enum { SIDE = 71, COUNT = SIDE * SIDE };

	static uint8_t mask[COUNT];
	static uint8_t grown[COUNT];
	static uint8_t shrunk[COUNT];
	static int32_t to_mask[COUNT];
	static int32_t to_rest[COUNT];
	uint32_t seed = 7;

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		seed = seed * 1664525u + 1013904223u;
		mask[i] = seed >> 24 < 3 || (i % SIDE > 40 && seed >> 24 < 253);
	}
	assert_int_equal(mask_distance(mask, SIDE, SIDE, 1, to_mask), 0);
	assert_int_equal(mask_distance(mask, SIDE, SIDE, 0, to_rest), 0);
	for (int radius = 0; radius < 40; radius++) {
		assert_int_equal(mask_grow(mask, SIDE, SIDE, radius, grown), 0);
		assert_int_equal(mask_shrink(mask, SIDE, SIDE, radius, shrunk), 0);
		for (int i = 0; i < COUNT; i++) {
			assert_int_equal(grown[i], to_mask[i] <= squared(radius));
			assert_int_equal(shrunk[i], to_rest[i] > squared(radius));
		}
	}
}

static void test_shrink_keeps_a_full_mask(void **state)
{
	uint8_t mask[W * H];
	uint8_t shrunk[W * H];

	(void)state;
	memset(mask, 1, sizeof(mask));
	assert_int_equal(mask_shrink(mask, W, H, 3, shrunk), 0);
	assert_int_equal(mask_count(shrunk, W, H), W * H);
}

static void test_small_parts_go(void **state)
{
	uint8_t mask[W * H] = {0};
	double largest = 0;

	(void)state;
	memset(mask + W, 1, W);     /* 9 pixels in a row */
	mask[4 * W + 2] = 1;        /* and 1, */
	memset(mask + 6 * W, 1, 5); /* and 5 */
	assert_int_equal(mask_drop_small(mask, W, H, 0.2, &largest), 0);
	assert_int_equal(mask_count(mask, W, H), 14);
	assert_int_equal(mask[4 * W + 2], 0);
	assert_true(largest > 0.59 && largest < 0.61);
}

static void test_small_holes_are_filled(void **state)
{
	uint8_t mask[W * H];

	(void)state;
	memset(mask, 1, sizeof(mask));
	mask[2 * W + 2] = 0; /* a hole of 1, */
	mask[4 * W + 4] = 0; /* one of 2, */
	mask[4 * W + 5] = 0;
	mask[3 * W] = 0; /* and a bay at the edge */
	assert_int_equal(mask_fill_holes(mask, W, H, 1), 0);
	assert_int_equal(mask[2 * W + 2], 1);
	assert_int_equal(mask[4 * W + 4], 0);
	assert_int_equal(mask[3 * W], 0);
}

static void test_bounds(void **state)
{
	uint8_t mask[W * H] = {0};
	struct mask_box box = mask_bounds(mask, W, H);

	(void)state;
	assert_int_equal(box.left, box.right);
	mask[2 * W + 5] = 1;
	mask[4 * W + 3] = 1;
	box = mask_bounds(mask, W, H);
	assert_int_equal(box.left, 3);
	assert_int_equal(box.right, 6);
	assert_int_equal(box.top, 2);
	assert_int_equal(box.bottom, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distance_is_the_nearest),
		cmocka_unit_test(test_distance_to_nothing),
		cmocka_unit_test(test_grow_and_shrink),
		cmocka_unit_test(test_radii_agree_with_distances),
		cmocka_unit_test(test_shrink_keeps_a_full_mask),
		cmocka_unit_test(test_small_parts_go),
		cmocka_unit_test(test_small_holes_are_filled),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
