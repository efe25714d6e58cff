#include "head.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "matte.h"
#include "person.h"
#include "plane.h"

/* How much of the picture is looked at, in jaw widths and heights of the face from the chin. */
#define ROOM_SIDE 2.3
#define ROOM_ABOVE 3.2
#define ROOM_BELOW 1.8

#define BESIDE 1.5 /* jaw widths that hair may reach to each side */

#define CHEEK_SHRINK 0.55
#define CHEEK_SAMPLES 40000

struct region head_region(const formy_image *image, const struct face *face)
{
	const struct face_axes axes = face_axes(face->points);
	const double x = axes.chin[0];
	const double y = axes.chin[1];
	const double left = fmax(0, floor(x - ROOM_SIDE * axes.jaw));
	const double top = fmax(0, floor(y - ROOM_ABOVE * axes.brows));
	const double right = fmin(image->width, ceil(x + ROOM_SIDE * axes.jaw));
	const double bottom = fmin(image->height, ceil(y + ROOM_BELOW * axes.brows));

	return (struct region){left, top, right - left, bottom - top};
}

static int by_value(const void *a, const void *b)
{
	const float x = *(const float *)a;
	const float y = *(const float *)b;

	return x < y ? -1 : x > y;
}

float head_skin_distance(struct lab colour, struct lab skin, struct lab tolerance)
{
	const float l = (colour.l - skin.l) / tolerance.l;
	const float a = (colour.a - skin.a) / tolerance.a;
	const float b = (colour.b - skin.b) / tolerance.b;

	return l * l + a * a + b * b;
}

struct lab head_skin(
	const uint8_t *rgb, int width, int height, const double points[VISION_POINTS][2])
{
	static const int cheeks[2][4] = {{36, 1, 3, 31}, {45, 15, 13, 35}};
	const size_t count = (size_t)width * (size_t)height;
	uint8_t *inside = calloc(count, 1);
	float *values = malloc(3 * sizeof(*values) * CHEEK_SAMPLES);
	struct lab skin = {60, 15, 15};
	size_t n = 0;

	for (int k = 0; inside && k < 2; k++) {
		double corners[4][2];
		double middle[2] = {0, 0};

		for (int i = 0; i < 8; i++) {
			middle[i % 2] += points[cheeks[k][i / 2]][i % 2] / 4;
		}
		for (int i = 0; i < 8; i++) {
			corners[i / 2][i % 2] = middle[i % 2] +
				CHEEK_SHRINK * (points[cheeks[k][i / 2]][i % 2] - middle[i % 2]);
		}
		plane_fill(inside, width, height, (const double(*)[2])corners, 4, 1);
	}
	for (size_t i = 0; inside && values && i < count && n < CHEEK_SAMPLES; i++) {
		if (inside[i]) {
			const struct lab lab = lab_from_rgb(rgb + 3 * i);

			values[n] = lab.l;
			values[CHEEK_SAMPLES + n] = lab.a;
			values[2 * CHEEK_SAMPLES + n++] = lab.b;
		}
	}
	if (n > 0) {
		for (size_t c = 0; c < 3; c++) {
			qsort(values + c * CHEEK_SAMPLES, n, sizeof(*values), by_value);
		}
		skin = (struct lab){values[n / 2], values[CHEEK_SAMPLES + n / 2],
			values[2 * CHEEK_SAMPLES + n / 2]};
	}
	free(inside);
	free(values);
	return skin;
}

/* The matte of the working copy, by the way of whole pictures. */
static int find_person(
	struct head *head, struct vision *vision, const struct job *job, struct err *err)
{
	const formy_image image = {.size = sizeof(image),
		.format = FORMY_RGB8,
		.width = (uint32_t)head->width,
		.height = (uint32_t)head->height,
		.stride = 3 * (uint64_t)head->width,
		.pixels = head->rgb};
	struct person person = {0};
	struct matte matte = {0};
	int result = person_find(&person, &image, vision, job, err);

	if (result == 0) {
		result = job_stopped(job) ? -ECANCELED
					  : matte_from_person(&matte, &image, &person, job);
	}
	if (result == 0) {
		head->person = matte.alpha;
		matte.alpha = NULL;
	}
	person_finish(&person);
	matte_finish(&matte);
	return result;
}

int head_open(struct head *head, const formy_image *image, const struct face *face, double scale,
	double long_hair, struct vision *vision, const struct job *job, struct err *err)
{
	int result = -ENOMEM;
	size_t count;

	head->crop = head_region(image, face);
	head->width = (int)fmax(32, round(head->crop.width * scale));
	head->height = (int)fmax(32, round(head->crop.height * scale));
	for (int i = 0; i < VISION_POINTS; i++) {
		head->points[i][0] =
			(face->points[i][0] - head->crop.x + 0.5) * head->width / head->crop.width -
			0.5;
		head->points[i][1] = (face->points[i][1] - head->crop.y + 0.5) * head->height /
				head->crop.height -
			0.5;
	}
	head->axes = face_axes(head->points);
	count = (size_t)head->width * (size_t)head->height;
	head->rgb = calloc(3, count);
	head->hair_and_face = calloc(count, 1);
	if (head->rgb && head->hair_and_face) {
		result = scale_picture(
			image, head->crop, head->width, head->height, SCALE_RGB, head->rgb);
	}
	if (result == 0) {
		head->skin = head_skin(head->rgb, head->width, head->height, head->points);
		result = find_person(head, vision, job, err);
	}
	return result == 0 ? head_find_mask(head, long_hair, err) : result;
}

double head_beside(const struct head *head)
{
	long all = 0;
	long beside = 0;

	for (int y = 0; y < head->height; y++) {
		for (int x = 0; x < head->width; x++) {
			double u;
			double v;

			if (head->hair_and_face[(size_t)y * (size_t)head->width + (size_t)x] >
				127) {
				face_place(&head->axes, x, y, &u, &v);
				all++;
				beside += v < 0 && fabs(u) > BESIDE;
			}
		}
	}
	return all ? (double)beside / (double)all : 0;
}

double head_covered(const struct head *head)
{
	int covered = 0;

	for (int i = 0; i < VISION_POINTS; i++) {
		covered += plane_at(head->person, head->width, head->height, head->points[i][0],
				   head->points[i][1]) > 127;
	}
	return (double)covered / VISION_POINTS;
}

void head_finish(struct head *head)
{
	free(head->rgb);
	free(head->person);
	free(head->hair_and_face);
	free(head->ends);
	free(head->cut);
	*head = (struct head){0};
}
