/* The matte's steps on pictures that are drawn here: guided filter, colours, feather, gates. */
#include "local/matte.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "local/feather.h"
#include "local/foreground.h"
#include "local/gates.h"
#include "local/guided.h"
#include "lib/test.h"

#define SIDE 64

/* A bright figure, left of column 32, before a dark backdrop. */
static void draw(uint8_t *rgb, int edge)
{
	for (int i = 0; i < SIDE * SIDE; i++) {
		memset(rgb + 3 * i, i % SIDE < edge ? 220 : 30, 3);
	}
}

/* The mask is 3 pixels off: the filter steps down where the picture does, and only there. */
static void test_guided_follows_the_picture(void **state)
{
	static uint8_t rgb[SIDE * SIDE * 3];
	static uint8_t mask[SIDE * SIDE];
	static struct guided_line lines[SIDE * SIDE];

	(void)state;
	draw(rgb, 32);
	for (int i = 0; i < SIDE * SIDE; i++) {
		mask[i] = i % SIDE < 35;
	}
	assert_int_equal(guided_fit(rgb, mask, SIDE, SIDE, 6, 1e-4f, lines), 0);
	for (int y = 0; y < SIDE; y++) {
		for (int x = 28; x < 36; x++) {
			const int i = y * SIDE + x;
			float value = lines[i].offset;

			for (int c = 0; c < 3; c++) {
				value += lines[i].slope[c] * rgb[3 * i + c];
			}
			assert_true(x < 32 ? value > 0.95f : value < 0.7f);
		}
	}
}

static void test_guided_takes_any_shape(void **state)
{
	static const int shapes[][2] = {{1, 1}, {1, 40}, {40, 1}, {3, 3}, {13, 7}};

	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const int w = shapes[i][0];
		const int h = shapes[i][1];
		uint8_t rgb[520] = {0};
		uint8_t mask[128];
		uint8_t spread[520];
		struct guided_line lines[128];

		memset(mask, 1, sizeof(mask));
		assert_int_equal(guided_fit(rgb, mask, w, h, 6, 1e-4f, lines), 0);
		for (int k = 0; k < w * h; k++) {
			assert_true(fabsf(lines[k].offset - 1) < 1e-3f);
		}
		assert_int_equal(foreground_spread(rgb, mask, w, h, spread), 0);
		assert_memory_equal(rgb, spread, 3 * (size_t)(w * h));
	}
}

static void test_colours_spread_outwards(void **state)
{
	static uint8_t rgb[SIDE * SIDE * 3];
	static uint8_t known[SIDE * SIDE];
	static uint8_t spread[SIDE * SIDE * 3];

	(void)state;
	draw(rgb, 32);
	for (int i = 0; i < SIDE * SIDE; i++) {
		known[i] = i % SIDE < 30;
	}
	assert_int_equal(foreground_spread(rgb, known, SIDE, SIDE, spread), 0);
	for (int i = 0; i < SIDE * SIDE * 3; i++) {
		assert_in_range(spread[i], 219, 221);
	}
	memset(known, 0, sizeof(known));
	known[SIDE + 1] = 1;
	assert_int_equal(foreground_spread(rgb, known, SIDE, SIDE, spread), 0);
	for (int i = 0; i < SIDE * SIDE * 3; i++) {
		assert_in_range(spread[i], 219, 221); /* a single pixel is enough */
	}
	known[SIDE + 1] = 0;
	assert_int_equal(foreground_spread(rgb, known, SIDE, SIDE, spread), 0);
	assert_int_equal(spread[0], 128);
}

static void test_feather_softens_only_the_edge(void **state)
{
	const int width = 300;
	const int height = 70;
	const struct job job = {0};
	struct matte matte = {.width = width, .height = height};
	struct matte soft = {0};
	double before = 0;
	double after = 0;

	(void)state;
	matte.alpha = calloc((size_t)width * (size_t)height, 1);
	assert_non_null(matte.alpha);
	for (int i = 0; i < width * height; i++) {
		matte.alpha[i] = i % width < 100 ? 255 : 0;
		before += matte.alpha[i];
	}
	assert_int_equal(feather(&soft, &matte, 3, &job), 0);
	for (int y = 0; y < height; y++) {
		const uint8_t *row = soft.alpha + (size_t)y * (size_t)width;

		assert_int_equal(row[80], 255);
		assert_int_equal(row[120], 0);
		assert_in_range(row[99], 128, 160);
		assert_in_range(row[100], 95, 127);
		for (int x = 1; x < width; x++) {
			assert_true(row[x] <= row[x - 1]);
		}
	}
	for (int i = 0; i < width * height; i++) {
		after += soft.alpha[i];
	}
	assert_true(fabs(after / before - 1) < 0.002);
	matte_finish(&matte);
	matte_finish(&soft);
}

static void test_alpha_of_a_picture(void **state)
{
	uint8_t pixels[40 * 4];
	formy_image image = {.size = sizeof(image),
		.format = FORMY_RGBA8,
		.width = 10,
		.height = 4,
		.stride = 40,
		.pixels = pixels};
	struct matte matte = {0};

	(void)state;
	memset(pixels, 255, sizeof(pixels));
	assert_false(matte_in_alpha(&image));
	pixels[3] = 0;
	assert_true(matte_in_alpha(&image));
	assert_int_equal(matte_from_alpha(&matte, &image), 0);
	assert_int_equal(matte.alpha[0], 0);
	assert_int_equal(matte.alpha[1], 255);
	matte_finish(&matte);
	image.format = FORMY_GREY8;
	assert_false(matte_in_alpha(&image));
}

static void test_gates(void **state)
{
	const struct gate_facts good = {.area = 0.3, .unsure = 0.1, .at_first = 0.2, .largest = 1};
	const struct gate_facts far = {.area = 0.02, .unsure = 0.3, .at_first = 0.50, .largest = 1};
	const struct gate_facts cup = {.area = 0.4, .unsure = 0.2, .at_first = 0.96, .largest = 1};
	const struct gate_facts empty = {.area = 0.005, .at_first = 0.1, .largest = 1};
	const struct gate_facts poor = {.area = 0.3, .unsure = 0.5, .at_first = 0.5, .largest = 1};
	const struct gate_facts apart = {
		.area = 0.3, .unsure = 0.1, .at_first = 0.1, .largest = 0.6};
	char text[256];

	(void)state;
	assert_int_equal(gate_person(good), GATE_OPEN);
	assert_int_equal(gate_person(far), GATE_OPEN);
	assert_int_equal(gate_person(cup), GATE_FACE_DECIDES);
	assert_int_equal(gate_person(empty), GATE_NO_PERSON);
	assert_false(gate_low_confidence(good));
	assert_true(gate_low_confidence(poor));
	assert_true(gate_low_confidence(apart));
	gate_explain(cup, text, sizeof(text));
	assert_non_null(strstr(text, "40.0 %"));
	assert_non_null(strstr(text, "0.96"));
}

/* A dark head whose right side goes on in a backdrop as dark: there the network's word counts. */
static void test_colours_alone_do_not_make_a_person(void **state)
{
	enum { EDGE = 32, COUNT = SIDE * SIDE };

	static uint8_t rgb[3 * COUNT];
	static float likely[COUNT];
	static uint8_t mask[COUNT];
	const formy_image image = {.size = sizeof(image),
		.format = FORMY_RGB8,
		.width = SIDE,
		.height = SIDE,
		.stride = 3 * SIDE,
		.pixels = rgb};
	const struct person person = {.window = {.width = SIDE, .height = SIDE},
		.width = SIDE,
		.height = SIDE,
		.rgb = rgb,
		.likely = likely,
		.mask = mask};
	const struct job job = {0};
	int sums[2] = {0};

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		mask[i] = i % SIDE < EDGE;
		memset(rgb + 3 * (size_t)i, mask[i] || i / SIDE % 16 < 8 ? 20 : 200, 3);
	}
	for (int k = 0; k < 2; k++) {
		struct matte matte = {0};

		for (int i = 0; i < COUNT; i++) {
			likely[i] = mask[i] ? 1 : k ? 0.5f : 0.01f;
		}
		assert_int_equal(matte_from_person(&matte, &image, &person, &job), 0);
		for (int y = 0; y < SIDE; y++) {
			sums[k] += matte.alpha[y * SIDE + EDGE + 3];
			assert_int_equal(matte.alpha[y * SIDE + 4], 255);
		}
		matte_finish(&matte);
	}
	assert_int_equal(sums[0], 0);
	assert_true(sums[1] > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guided_follows_the_picture),
		cmocka_unit_test(test_guided_takes_any_shape),
		cmocka_unit_test(test_colours_spread_outwards),
		cmocka_unit_test(test_feather_softens_only_the_edge),
		cmocka_unit_test(test_alpha_of_a_picture),
		cmocka_unit_test(test_gates),
		cmocka_unit_test(test_colours_alone_do_not_make_a_person),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
