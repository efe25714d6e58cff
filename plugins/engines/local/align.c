#include "align.h"

#include <math.h>
#include <stdlib.h>

#include "face.h"

#define MOST_DEGREES 18
#define DEGREE (M_PI / 180)

/* What keeps its shape: jaw, bridge of the nose, eyes. */
static const int firm[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 27, 28, 29, 30,
	36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47};

#define FIRM ((int)(sizeof(firm) / sizeof(firm[0])))

double align_scale(const struct align *align)
{
	return hypot(align->a, align->b);
}

double align_degrees(const struct align *align)
{
	return atan2(align->b, align->a) / DEGREE;
}

void align_apply(const struct align *align, double x, double y, double ret_place[2])
{
	ret_place[0] = align->a * x - align->b * y + align->x0;
	ret_place[1] = align->b * x + align->a * y + align->y0;
}

struct align align_inverse(const struct align *align)
{
	const double square = align->a * align->a + align->b * align->b;
	struct align back = {.a = align->a / square, .b = -align->b / square};

	back.x0 = -(back.a * align->x0 - back.b * align->y0);
	back.y0 = -(back.b * align->x0 + back.a * align->y0);
	return back;
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a;
	const double y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* The similarity that takes two points to two others. */
static struct align through(
	const double *from, const double *from2, const double *to, const double *to2)
{
	const double dx = from2[0] - from[0];
	const double dy = from2[1] - from[1];
	const double ex = to2[0] - to[0];
	const double ey = to2[1] - to[1];
	const double square = fmax(dx * dx + dy * dy, 1e-9);
	struct align align = {.a = (dx * ex + dy * ey) / square, .b = (dx * ey - dy * ex) / square};

	align.x0 = to[0] - align.a * from[0] + align.b * from[1];
	align.y0 = to[1] - align.b * from[0] - align.a * from[1];
	return align;
}

static double distance(const struct align *align, const double *from, const double *to)
{
	double place[2];

	align_apply(align, from[0], from[1], place);
	return hypot(place[0] - to[0], place[1] - to[1]);
}

/* Least median of squares, over all pairs of points: half of the points may be wrong. */
static struct align fit(const double from[VISION_POINTS][2], const double to[VISION_POINTS][2])
{
	struct align best = {.a = 1};
	double least = INFINITY;

	for (int i = 0; i < FIRM; i++) {
		for (int k = i + 1; k < FIRM; k++) {
			const struct align align =
				through(from[firm[i]], from[firm[k]], to[firm[i]], to[firm[k]]);
			double distances[FIRM];

			for (int p = 0; p < FIRM; p++) {
				distances[p] = distance(&align, from[firm[p]], to[firm[p]]);
			}
			qsort(distances, FIRM, sizeof(distances[0]), by_value);
			if (distances[FIRM / 2] < least) {
				least = distances[FIRM / 2];
				best = align;
			}
		}
	}
	return best;
}

struct align align_faces(const double from[VISION_POINTS][2], const double to[VISION_POINTS][2])
{
	const struct align first = fit(from, to);
	const struct face_axes a = face_axes(from);
	const struct face_axes b = face_axes(to);
	const double degrees = fmin(fmax(align_degrees(&first), -MOST_DEGREES), MOST_DEGREES);
	const double scale = sqrt(align_scale(&first) * sqrt(b.jaw / a.jaw * b.brows / a.brows));
	struct align align = {
		.a = scale * cos(degrees * DEGREE), .b = scale * sin(degrees * DEGREE)};
	double sum = 0;

	for (int i = 3; i < 14; i++) {
		align.x0 += (to[i][0] - align.a * from[i][0] + align.b * from[i][1]) / 11;
		align.y0 += (to[i][1] - align.b * from[i][0] - align.a * from[i][1]) / 11;
	}
	for (int p = 0; p < FIRM; p++) {
		sum += distance(&align, from[firm[p]], to[firm[p]]);
	}
	align.misfit = sum / FIRM / b.jaw;
	return align;
}
