/* Hair that is cut off, on a head that is drawn here: it thins out in strands, and nothing else does. */
#include <stdlib.h>
#include <string.h>

#include "lib/test.h"
#include "local/head.h"

#define WIDTH 300
#define HEIGHT 240
#define END 200 /* the row from which on there is no hair */
#define JAW 100.0
#define LONGEST_CUT 24 /* rows: more than that is never taken off whole */

/* The face stands left, its chin at 60, 100; hair is all above END. Of columns from `from` on it is cut. */
static struct head draw_head(int from)
{
	struct head head = {.width = WIDTH, .height = HEIGHT};
	double points[VISION_POINTS][2];

	for (int i = 0; i < VISION_POINTS; i++) {
		points[i][0] = 60;
		points[i][1] = 60;
	}
	for (int i = 0; i < 17; i++) {
		points[i][0] = 60 - JAW / 2 + JAW * i / 16;
		points[i][1] = i == 8 ? 100 : 60;
	}
	for (int i = 17; i < 31; i++) {
		points[i][1] = i < 27 ? 20 : 40;
	}
	head.axes = face_axes((const double(*)[2])points);
	head.hair_and_face = calloc(WIDTH, HEIGHT);
	head.ends = calloc(WIDTH, sizeof(*head.ends));
	head.cut = calloc(WIDTH, sizeof(*head.cut));
	assert_non_null(head.hair_and_face);
	assert_non_null(head.ends);
	assert_non_null(head.cut);
	memset(head.hair_and_face, 255, (size_t)WIDTH * END);
	for (int x = 0; x < WIDTH; x++) {
		head.ends[x] = END;
		head.cut[x] = x >= from ? 1 : 0;
	}
	return head;
}

/* The lowest row of a column in which there is more hair than not. */
static int lowest(const struct head *head, int x)
{
	int y = HEIGHT - 1;

	while (y > 0 && head->hair_and_face[y * WIDTH + x] < 128) {
		y--;
	}
	return y;
}

static void test_cut_hair_ends_in_strands(void **state)
{
	struct head head = draw_head(150);
	int least = HEIGHT;
	int most = 0;
	int changes = 0;

	(void)state;
	assert_true(head.axes.jaw > 0.9 * JAW && head.axes.jaw < 1.1 * JAW);
	head_taper(&head);
	for (int x = 0; x < 140; x++) {
		assert_int_equal(lowest(&head, x), END - 1); /* that was not cut */
	}
	for (int x = 180; x < WIDTH; x++) {
		const int end = lowest(&head, x);

		least = end < least ? end : least;
		most = end > most ? end : most;
		changes += x > 180 && end != lowest(&head, x - 1);
		assert_int_equal(head.hair_and_face[(END - LONGEST_CUT) * WIDTH + x], 255);
		assert_int_equal(head.hair_and_face[END * WIDTH + x], 0);
	}
	print_message("strands end from row %d to %d, %d times another\n", least, most, changes);
	assert_true(most - least >= 6);
	assert_true(changes > 30);
	head_finish(&head);
}

static void test_the_same_strands_each_time(void **state)
{
	struct head first = draw_head(100);
	struct head second = draw_head(100);

	(void)state;
	head_taper(&first);
	head_taper(&second);
	assert_memory_equal(first.hair_and_face, second.hair_and_face, (size_t)WIDTH * HEIGHT);
	head_finish(&first);
	head_finish(&second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_hair_ends_in_strands),
		cmocka_unit_test(test_the_same_strands_each_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
