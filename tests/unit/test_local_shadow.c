#include "local/shadow.h"

#include <stdlib.h>
#include <string.h>

#include "lib/test.h"

#define W 400
#define H 500
#define LIGHT 200

/* A person: a block from row 50 to `feet`, 80 pixels wide in the middle. */
static struct matte person_down_to(int feet)
{
	struct matte matte = {0};

	assert_int_equal(matte_init(&matte, W, H), 0);
	for (int y = 50; y < feet; y++) {
		memset(matte.alpha + (size_t)y * W + 160, 255, 80);
	}
	return matte;
}

/* How dark the middle of a row of an even backdrop becomes, and the first pixel of it. */
static int darkness(const struct shadow *shadow, int y, int x)
{
	uint8_t row[3 * W];

	memset(row, LIGHT, sizeof(row));
	shadow_row(shadow, y, row);
	return LIGHT - row[3 * (size_t)x];
}

static void test_it_lies_flat_under_the_feet(void **state)
{
	struct matte matte = person_down_to(430);
	struct shadow shadow = {0};
	int deepest = 0;
	int across = 0;
	int down = 0;

	(void)state;
	assert_int_equal(shadow_make(&shadow, &matte, 1), 0);
	for (int y = 0; y < H; y++) {
		const int dark = darkness(&shadow, y, W / 2);

		deepest = dark > deepest ? dark : deepest;
		down += dark > 10;
	}
	for (int x = 0; x < W; x++) {
		across += darkness(&shadow, 431, x) > 10;
	}
	assert_in_range(deepest, LIGHT * 0.4, LIGHT * 0.55);
	assert_true(across > 80 && across < 160);
	assert_true(down > 3 && down < across / 3);
	assert_int_equal(darkness(&shadow, 300, W / 2), 0);
	assert_int_equal(darkness(&shadow, 431, 0), 0);
	assert_int_equal(darkness(&shadow, 431, W - 1), 0);
	shadow_finish(&shadow);
	matte_finish(&matte);
}

static void test_strength(void **state)
{
	struct matte matte = person_down_to(430);
	struct shadow full = {0};
	struct shadow half = {0};

	(void)state;
	assert_int_equal(shadow_make(&full, &matte, 1), 0);
	assert_int_equal(shadow_make(&half, &matte, 0.5), 0);
	assert_in_range(2 * darkness(&half, 431, W / 2), darkness(&full, 431, W / 2) - 4,
		darkness(&full, 431, W / 2) + 4);
	shadow_finish(&full);
	shadow_finish(&half);
	matte_finish(&matte);
}

static void test_none_where_the_frame_cuts_or_nobody_is(void **state)
{
	struct matte cut = person_down_to(H);
	struct matte nobody = {0};
	struct shadow shadow = {0};

	(void)state;
	assert_int_equal(shadow_make(&shadow, &cut, 1), 0);
	assert_null(shadow.plane);
	assert_int_equal(darkness(&shadow, H - 1, W / 2), 0);
	assert_int_equal(matte_init(&nobody, W, H), 0);
	assert_int_equal(shadow_make(&shadow, &nobody, 1), 0);
	assert_null(shadow.plane);
	matte_finish(&cut);
	matte_finish(&nobody);
}

/* One row or column of pixels, at which planes have a single cell. */
static void test_thin_pictures(void **state)
{
	static const int sizes[][2] = {{1, 40}, {40, 1}, {3000, 2}, {2, 3000}};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct matte matte = {0};
		struct shadow shadow = {0};
		uint8_t *row = calloc(3, (size_t)sizes[i][0]);

		assert_non_null(row);
		assert_int_equal(matte_init(&matte, sizes[i][0], sizes[i][1]), 0);
		memset(matte.alpha, 255, (size_t)sizes[i][0] * (size_t)sizes[i][1] / 2);
		assert_int_equal(shadow_make(&shadow, &matte, 1), 0);
		for (int y = 0; y < sizes[i][1]; y++) {
			shadow_row(&shadow, y, row);
		}
		shadow_finish(&shadow);
		matte_finish(&matte);
		free(row);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_lies_flat_under_the_feet),
		cmocka_unit_test(test_strength),
		cmocka_unit_test(test_none_where_the_frame_cuts_or_nobody_is),
		cmocka_unit_test(test_thin_pictures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
