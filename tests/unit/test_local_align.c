#include "local/align.h"

#include <math.h>

#include "lib/test.h"
#include "local/face.h"

/* Points as of a face: jaw on half an ellipse, the rest on rings above it. */
static void make_face(double points[VISION_POINTS][2])
{
	for (int i = 0; i < VISION_POINTS; i++) {
		const double turn = i < 17 ? M_PI * (16 - i) / 16 : 2 * M_PI * i / 51;
		const double size = i < 17 ? 50 : 10 + i % 7 * 5;

		points[i][0] = 100 + size * cos(turn);
		points[i][1] = 100 + size * 1.3 * sin(turn);
	}
	points[27][0] = 100;
	points[27][1] = 90;
}

static void transform(
	const struct align *align, const double from[VISION_POINTS][2], double to[VISION_POINTS][2])
{
	for (int i = 0; i < VISION_POINTS; i++) {
		align_apply(align, from[i][0], from[i][1], to[i]);
	}
}

static void test_similarity_is_found(void **state)
{
	const struct align made = {.a = 1.9, .b = 0.3, .x0 = 12, .y0 = -40};
	double from[VISION_POINTS][2];
	double to[VISION_POINTS][2];
	struct align found;

	(void)state;
	make_face(from);
	transform(&made, from, to);
	found = align_faces(from, to);
	assert_true(fabs(found.a - made.a) < 1e-3 && fabs(found.b - made.b) < 1e-3);
	assert_true(fabs(found.x0 - made.x0) < 1e-1 && fabs(found.y0 - made.y0) < 1e-1);
	assert_true(found.misfit < 1e-3);
}

static void test_a_third_of_wrong_points_does_no_harm(void **state)
{
	const struct align made = {.a = 1, .b = 0.1, .x0 = 5, .y0 = 7};
	double from[VISION_POINTS][2];
	double to[VISION_POINTS][2];
	struct align found;

	(void)state;
	make_face(from);
	transform(&made, from, to);
	for (int i = 36; i < 46; i++) {
		to[i][0] += 60;
		to[i][1] -= 30 + i;
	}
	found = align_faces(from, to);
	assert_true(fabs(found.a - made.a) < 1e-3 && fabs(found.b - made.b) < 1e-3);
	assert_true(found.misfit > 0.05);
}

static void test_turn_is_limited(void **state)
{
	const struct align made = {.a = 0.5, .b = 0.8, .x0 = 300};
	double from[VISION_POINTS][2];
	double to[VISION_POINTS][2];

	(void)state;
	make_face(from);
	transform(&made, from, to);
	{
		const struct align found = align_faces(from, to);

		assert_true(fabs(align_degrees(&found) - 18) < 1e-6);
	}
}

static void test_inverse_goes_back(void **state)
{
	const struct align made = {.a = 0.7, .b = -0.2, .x0 = 30, .y0 = 4};
	const struct align back = align_inverse(&made);
	double there[2];
	double again[2];

	(void)state;
	align_apply(&made, 11, 13, there);
	align_apply(&back, there[0], there[1], again);
	assert_true(fabs(again[0] - 11) < 1e-9 && fabs(again[1] - 13) < 1e-9);
}

static void test_places_are_in_units_of_the_face(void **state)
{
	double points[VISION_POINTS][2];
	struct face_axes axes;
	double u;
	double v;

	(void)state;
	make_face(points);
	axes = face_axes(points);
	face_place(&axes, points[8][0], points[8][1], &u, &v);
	assert_true(fabs(u) < 1e-9 && fabs(v) < 1e-9);
	face_place(&axes, points[8][0] + axes.jaw, points[8][1] + axes.brows, &u, &v);
	assert_true(fabs(u - 1) < 1e-6 && fabs(v - 1) < 1e-6);
	assert_true(fabs(face_turn(points)) < 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_similarity_is_found),
		cmocka_unit_test(test_a_third_of_wrong_points_does_no_harm),
		cmocka_unit_test(test_turn_is_limited),
		cmocka_unit_test(test_inverse_goes_back),
		cmocka_unit_test(test_places_are_in_units_of_the_face),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
