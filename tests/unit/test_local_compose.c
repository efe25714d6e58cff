#include "local/compose.h"

#include <math.h>
#include <string.h>

#include "lib/test.h"

#define W 6
#define H 4

static uint8_t source_pixels[W * H * 3];
static uint8_t behind_pixels[3] = {10, 200, 30};
static uint8_t alpha[W * H];
static uint8_t spread[3] = {90, 90, 90};

static const formy_image source = {.size = sizeof(source),
	.format = FORMY_RGB8,
	.width = W,
	.height = H,
	.stride = W * 3,
	.pixels = source_pixels};

/* One pixel that covers everything. */
static const formy_image behind = {.size = sizeof(behind),
	.format = FORMY_RGB8,
	.width = 1,
	.height = 1,
	.stride = 3,
	.pixels = behind_pixels};

static const struct matte matte = {
	.width = W, .height = H, .alpha = alpha, .window = {.width = W, .height = H}};

static int setup(void **state)
{
	(void)state;
	memset(source_pixels, 150, sizeof(source_pixels));
	for (int i = 0; i < W * H; i++) {
		alpha[i] = i % W < 2 ? 255 : i % W == 2 ? 51 : 0;
	}
	return 0;
}

static void test_before_a_backdrop(void **state)
{
	const struct composition composition = {.source = &source,
		.matte = &matte,
		.edge = &matte,
		.spread = spread,
		.spread_width = 1,
		.spread_height = 1,
		.backdrop = &behind};
	const struct job job = {0};
	uint8_t out[W * H * 3];

	(void)state;
	assert_int_equal(compose(&composition, &job, 0, 1000, out), 0);
	for (int y = 0; y < H; y++) {
		const uint8_t *row = out + (size_t)y * W * 3;

		assert_int_equal(row[0], 150);
		/* a fifth of the person's own colour, none of the old backdrop's */
		assert_int_equal(row[2 * 3], (90 + 4 * 10) / 5);
		assert_int_equal(row[2 * 3 + 1], (90 + 4 * 200) / 5);
		assert_memory_equal(row + 3 * 3, behind_pixels, 3);
	}
}

static void test_before_none(void **state)
{
	const struct composition composition = {.source = &source, .matte = &matte, .edge = &matte};
	const struct job job = {0};
	uint8_t out[W * H * 4];
	const uint8_t clear[4] = {0};

	(void)state;
	assert_int_equal(compose(&composition, &job, 0, 1000, out), 0);
	assert_int_equal(out[3], 255);
	assert_int_equal(out[0], 150);
	assert_int_equal(out[2 * 4 + 3], 51);
	assert_memory_equal(out + 3 * 4, clear, 4);
}

static void test_lab_there_and_back(void **state)
{
	const uint8_t white[3] = {255, 255, 255};
	const struct lab lab = lab_from_rgb(white);

	(void)state;
	assert_true(fabsf(lab.l - 100) < 0.1f && fabsf(lab.a) < 0.1f && fabsf(lab.b) < 0.1f);
	for (int i = 0; i < 4096; i++) {
		const uint8_t rgb[3] = {(uint8_t)(i % 16 * 17), (uint8_t)(i / 16 % 16 * 17),
			(uint8_t)(i / 256 * 17)};
		float back[3];

		lab_to_rgb(lab_from_rgb(rgb), back);
		for (int c = 0; c < 3; c++) {
			assert_true(fabsf(back[c] - rgb[c]) < 0.5f);
		}
	}
}

static void test_shift_keeps_black_and_white(void **state)
{
	struct lab_shift *shift = NULL;
	uint8_t black[3] = {0, 0, 0};
	uint8_t grey[3] = {128, 128, 128};

	(void)state;
	assert_int_equal(lab_shift_create((struct lab){6, 0, 6}, &shift), 0);
	lab_shift_apply(shift, black);
	lab_shift_apply(shift, grey);
	for (int c = 0; c < 3; c++) {
		assert_in_range(black[c], 0, 1);
	}
	assert_true(grey[0] > 128);
	assert_true(grey[0] > grey[2]);
	lab_shift_destroy(shift);
}

static void test_tone(void **state)
{
	const struct lab orange_clothes = {50, 40, 40};
	const struct lab grey_wall = {70, 0, 0};
	const struct lab red_wall = {20, 60, 40};
	struct lab tone = compose_tone(orange_clothes, grey_wall);

	(void)state;
	assert_true(tone.l > 0 && tone.a == 0 && tone.b == 0);
	tone = compose_tone(orange_clothes, red_wall);
	assert_true(tone.l < 0 && tone.a > 0 && tone.a <= 6 && tone.b > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_before_a_backdrop, setup),
		cmocka_unit_test_setup(test_before_none, setup),
		cmocka_unit_test(test_lab_there_and_back),
		cmocka_unit_test(test_shift_keeps_black_and_white),
		cmocka_unit_test(test_tone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
