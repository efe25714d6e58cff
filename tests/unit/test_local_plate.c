/* The backdrop behind a person, on pictures that are drawn here. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/test.h"
#include "local/plate.h"

#define SIDE 160
#define PERSON_FROM 60
#define PERSON_TO 100
#define MARGIN 2
#define STRIPE 8

static uint8_t rgb[SIDE * SIDE * 3];
static uint8_t person[SIDE * SIDE];
static uint8_t plate[SIDE * SIDE * 3];

static uint8_t stripes(int x, int y)
{
	(void)y;
	return x / STRIPE % 2 ? 200 : 60;
}

static uint8_t flat(int x, int y)
{
	(void)x;
	(void)y;
	return 90;
}

static bool is_person(int x, int y)
{
	return x >= PERSON_FROM && x < PERSON_TO && y >= PERSON_FROM && y < PERSON_TO;
}

static void draw(uint8_t (*backdrop)(int x, int y))
{
	for (int i = 0; i < SIDE * SIDE; i++) {
		const bool inside = is_person(i % SIDE, i / SIDE);

		memset(rgb + 3 * i, inside ? 250 : backdrop(i % SIDE, i / SIDE), 3);
		person[i] = inside ? 255 : 0;
	}
}

/* How far what was filled in is from what was there, in the mean. */
static double off(uint8_t (*backdrop)(int x, int y))
{
	double sum = 0;
	int n = 0;

	for (int i = 0; i < SIDE * SIDE; i++) {
		if (is_person(i % SIDE, i / SIDE)) {
			sum += abs(plate[3 * i] - backdrop(i % SIDE, i / SIDE));
			n++;
		}
	}
	return sum / n;
}

static void test_stripes_go_on(void **state)
{
	float grain = 0;

	(void)state;
	draw(stripes);
	assert_int_equal(plate_make(rgb, person, SIDE, SIDE, MARGIN, plate, &grain), 0);
	print_message("stripes of 60 and 200 behind the person: off by %.1f\n", off(stripes));
	assert_true(off(stripes) < 20);
	for (int i = 0; i < SIDE * SIDE; i++) {
		if (abs(i % SIDE - 80) > 30 || abs(i / SIDE - 80) > 30) {
			assert_memory_equal(plate + 3 * i, rgb + 3 * i, 3);
		}
	}
}

static void test_plain_stays_plain(void **state)
{
	(void)state;
	draw(flat);
	assert_int_equal(plate_make(rgb, person, SIDE, SIDE, MARGIN, plate, NULL), 0);
	assert_true(off(flat) < 1);
}

static void test_the_same_each_time(void **state)
{
	static uint8_t first[SIDE * SIDE * 3];

	(void)state;
	draw(stripes);
	assert_int_equal(plate_make(rgb, person, SIDE, SIDE, MARGIN, first, NULL), 0);
	assert_int_equal(plate_make(rgb, person, SIDE, SIDE, MARGIN, plate, NULL), 0);
	assert_memory_equal(first, plate, sizeof(plate));
}

/* Little or nothing known, and odd shapes: no patches, no crash. */
static void test_any_shape(void **state)
{
	static const int sizes[][2] = {{1, 1}, {1, 40}, {40, 1}, {7, 9}, {401, 3}, {201, 199}};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (int all = 0; all < 2; all++) {
			const size_t count = (size_t)sizes[i][0] * (size_t)sizes[i][1];
			uint8_t *picture = calloc(3, count);
			uint8_t *mask = calloc(1, count);
			uint8_t *filled = calloc(3, count);

			assert_non_null(picture);
			assert_non_null(mask);
			assert_non_null(filled);
			memset(mask, 255, all ? count : count / 2);
			assert_int_equal(plate_make(picture, mask, sizes[i][0], sizes[i][1], MARGIN,
						 filled, NULL),
				0);
			free(picture);
			free(mask);
			free(filled);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stripes_go_on),
		cmocka_unit_test(test_plain_stays_plain),
		cmocka_unit_test(test_the_same_each_time),
		cmocka_unit_test(test_any_shape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
