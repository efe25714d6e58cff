#include "pose_width.h"

#include <math.h>
#include <stdlib.h>

#define LEAST 0.045 /* lengths of the torso: thinner no limb is */
#define SAMPLES 9

static const double most_of[] = {0.17, 0.15, 0.17, 0.15, 0.30, 0.22, 0.30, 0.22};

double pose_width_most(enum pose_bone bone)
{
	return most_of[bone];
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a;
	const double y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* How far the person goes on from a place, at most `most` pixels. */
static double way_out(
	const struct person *person, double x, double y, const double step[2], double most)
{
	const int halves = (int)(2 * most);
	int i = 0;

	for (; i < halves; i++) {
		const int column = (int)floor(x + i / 2. * step[0] + 0.5);
		const int row = (int)floor(y + i / 2. * step[1] + 0.5);

		if (column < 0 || row < 0 || column >= person->width || row >= person->height ||
			!person->mask[(size_t)row * (size_t)person->width + (size_t)column]) {
			break;
		}
	}
	return i < halves ? i / 2. : most;
}

double pose_width_half(const struct person *person, const struct pose *pose, enum pose_bone bone)
{
	const double *a = pose->at[pose_bones[bone].from];
	const double *b = pose->at[pose_bones[bone].to];
	const double length = fmax(hypot(b[0] - a[0], b[1] - a[1]), 1e-6);
	const double side[2] = {(a[1] - b[1]) / length, (b[0] - a[0]) / length};
	const double other[2] = {-side[0], -side[1]};
	const double most = most_of[bone] * pose_torso(pose);
	double widths[SAMPLES];

	for (int i = 0; i < SAMPLES; i++) {
		const double t = 0.25 + 0.65 * i / (SAMPLES - 1);
		const double x = a[0] + t * (b[0] - a[0]);
		const double y = a[1] + t * (b[1] - a[1]);
		const double left = way_out(person, x, y, side, 2 * most);
		const double right = way_out(person, x, y, other, 2 * most);

		/* A bone may lie beside the limb's middle, if both of its sides are free. */
		widths[i] = left + right < 2 * most ? (left + right) / 2 : fmin(left, right);
	}
	qsort(widths, SAMPLES, sizeof(widths[0]), by_value);
	return fmin(fmax(widths[SAMPLES / 2], LEAST * pose_torso(pose)), most);
}

double pose_width_free(const struct person *person, const struct pose *pose, enum pose_bone bone)
{
	const double *a = pose->at[pose_bones[bone].from];
	const double *b = pose->at[pose_bones[bone].to];
	const double length = fmax(hypot(b[0] - a[0], b[1] - a[1]), 1e-6);
	const double side[2] = {(a[1] - b[1]) / length, (b[0] - a[0]) / length};
	const double other[2] = {-side[0], -side[1]};
	const double most = most_of[bone] * pose_torso(pose);
	int free_places = 0;

	for (int i = 0; i < SAMPLES; i++) {
		const double t = 0.3 + 0.9 * i / (SAMPLES - 1);
		const double x = a[0] + t * (b[0] - a[0]);
		const double y = a[1] + t * (b[1] - a[1]);

		free_places += way_out(person, x, y, side, 2 * most) +
				way_out(person, x, y, other, 2 * most) <
			2 * most;
	}
	return (double)free_places / SAMPLES;
}

struct pose pose_width_work(const struct person *person, const struct pose *pose)
{
	const struct region *window = &person->window;
	struct pose work = *pose;

	for (int i = 0; i < POSE_POINTS; i++) {
		work.at[i][0] = (pose->at[i][0] - window->x) * person->width / window->width - 0.5;
		work.at[i][1] =
			(pose->at[i][1] - window->y) * person->height / window->height - 0.5;
	}
	return work;
}

/* Moves the lower end of a bone across it, where both sides are free. */
static void centre_end(const struct person *person, const struct pose *work, enum pose_bone bone,
	struct pose *pose)
{
	const enum pose_point end = pose_bones[bone].to;
	const double *a = work->at[pose_bones[bone].from];
	const double *b = work->at[end];
	const double length = fmax(hypot(b[0] - a[0], b[1] - a[1]), 1e-6);
	const double side[2] = {(a[1] - b[1]) / length, (b[0] - a[0]) / length};
	const double other[2] = {-side[0], -side[1]};
	const double most = most_of[bone] * pose_torso(work);
	const double left = way_out(person, b[0], b[1], side, 2 * most);
	const double right = way_out(person, b[0], b[1], other, 2 * most);
	const double by = (left - right) / 2;

	if (left > 0 && right > 0 && left + right < 1.6 * most) {
		pose->at[end][0] += by * side[0] * person->window.width / person->width;
		pose->at[end][1] += by * side[1] * person->window.height / person->height;
	}
}

void pose_width_centre(const struct person *person, struct pose *pose)
{
	const struct pose work = pose_width_work(person, pose);

	for (enum pose_bone bone = 0; bone < POSE_BONES; bone++) {
		centre_end(person, &work, bone, pose);
	}
}
