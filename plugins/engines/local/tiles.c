#include "tiles.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mask.h"
#include "person.h"

#define PART 0.65     /* a part's side, as a share of the longer side */
#define APART 0.67    /* parts begin at most this share of their side apart */
#define FADE 30.f     /* pixels over which a part fades into its neighbour */
#define OUTLINE 14    /* pixels on either side of the first outline that are replaced */
#define LEAST 288     /* pixels of the longer side; below it the network has seen all there is */
#define ENOUGH 0.001f /* weight at a part's edge, so that no pixel is left without any */
#define YES 0.5f
#define LEAST_AGREEMENT 0.5 /* of a part with the first look */

struct tiling {
	int width; /* of a part */
	int height;
	int across;
	int down;
	float *sums; /* what the parts say, weighted */
	float *weights;
	float *likely; /* of one part */
	uint8_t *rgb;
};

static int parts_along(int size, int part)
{
	return part < size ? (int)ceil((size - part) / (part * APART)) + 1 : 1;
}

static int tiling_init(struct tiling *tiling, int width, int height)
{
	const int side = (int)(PART * (width > height ? width : height));
	const size_t all = (size_t)width * (size_t)height;
	size_t part;

	tiling->width = side < width ? side : width;
	tiling->height = side < height ? side : height;
	tiling->across = parts_along(width, tiling->width);
	tiling->down = parts_along(height, tiling->height);
	part = (size_t)tiling->width * (size_t)tiling->height;
	tiling->sums = calloc(2 * all + part, sizeof(*tiling->sums));
	tiling->rgb = malloc(3 * part);
	if (!tiling->sums || !tiling->rgb) {
		return -ENOMEM;
	}
	tiling->weights = tiling->sums + all;
	tiling->likely = tiling->weights + all;
	return 0;
}

static void tiling_finish(struct tiling *tiling)
{
	free(tiling->sums);
	free(tiling->rgb);
}

/* How much a part counts at distance `at` from where it begins: less near an edge at which
 * another part goes on. */
static float fade(int at, int size, int begins_inside, int ends_inside)
{
	const int from = begins_inside ? at : size;
	const int to = ends_inside ? size - 1 - at : size;
	const float near = (float)(from < to ? from : to) / FADE;

	return (near < 1 ? near : 1) + ENOUGH;
}

/* How far a part's answer says the same as the first look. */
static double agreement(const struct tiling *tiling, const struct person *person, int left, int top)
{
	const int w = tiling->width;
	long both = 0;
	long either = 0;

	for (int y = 0; y < tiling->height; y++) {
		const float *is = tiling->likely + (size_t)y * (size_t)w;
		const float *was =
			person->likely + (size_t)(top + y) * (size_t)person->width + (size_t)left;

		for (int x = 0; x < w; x++) {
			both += is[x] > YES && was[x] > YES;
			either += is[x] > YES || was[x] > YES;
		}
	}
	return either ? (double)both / (double)either : 1;
}

/* Of a skirt alone the network does not know that somebody wears it: a part that sees quite another
 * thing has a say only where the first look was unsure. */
static float believe(float was, float is, bool differs)
{
	return differs ? was + (1 - fabsf(2 * was - 1)) * (is - was) : is;
}

static int look_at(struct tiling *tiling, const struct person *person, struct vision *vision,
	int left, int top, struct err *err)
{
	const int w = tiling->width;
	const int h = tiling->height;
	bool differs = false;
	int result;

	for (int y = 0; y < h; y++) {
		memcpy(tiling->rgb + 3 * (size_t)y * (size_t)w,
			person->rgb +
				3 * ((size_t)(top + y) * (size_t)person->width + (size_t)left),
			3 * (size_t)w);
	}
	result = vision_person(vision, tiling->rgb, w, h, w, h, err, tiling->likely);
	differs = result == 0 && agreement(tiling, person, left, top) < LEAST_AGREEMENT;
	for (int y = 0; result == 0 && y < h; y++) {
		const float down = fade(y, h, top > 0, top + h < person->height);
		const float *likely = tiling->likely + (size_t)y * (size_t)w;
		const size_t row = (size_t)(top + y) * (size_t)person->width + (size_t)left;

		for (int x = 0; x < w; x++) {
			const float across = fade(x, w, left > 0, left + w < person->width);
			const float weight = across < down ? across : down;

			tiling->sums[row + (size_t)x] += weight *
				believe(person->likely[row + (size_t)x], likely[x], differs);
			tiling->weights[row + (size_t)x] += weight;
		}
	}
	return result;
}

/* Takes over what the parts say near the outline. */
static int replace_outline(const struct tiling *tiling, struct person *person)
{
	const int w = person->width;
	const int h = person->height;
	const size_t count = (size_t)w * (size_t)h;
	uint8_t *mask = malloc(3 * count);
	uint8_t *grown = mask ? mask + count : NULL;
	uint8_t *shrunk = mask ? mask + 2 * count : NULL;
	int result = -ENOMEM;

	if (mask) {
		for (size_t i = 0; i < count; i++) {
			mask[i] = person->likely[i] > YES;
		}
		result = mask_grow(mask, w, h, OUTLINE, grown);
	}
	if (result == 0) {
		result = mask_shrink(mask, w, h, OUTLINE, shrunk);
	}
	for (size_t i = 0; result == 0 && i < count; i++) {
		if (grown[i] && !shrunk[i]) {
			person->likely[i] = tiling->sums[i] / tiling->weights[i];
		}
	}
	free(mask);
	return result;
}

int tiles_refine(
	struct person *person, struct vision *vision, const struct job *job, struct err *err)
{
	struct tiling tiling = {0};
	int result;

	if (person->width < LEAST && person->height < LEAST) {
		return 0;
	}
	result = tiling_init(&tiling, person->width, person->height);
	for (int j = 0; result == 0 && j < tiling.down; j++) {
		const int top =
			j > 0 ? (person->height - tiling.height) * j / (tiling.down - 1) : 0;

		for (int i = 0; result == 0 && i < tiling.across; i++) {
			const int left = i > 0
				? (person->width - tiling.width) * i / (tiling.across - 1)
				: 0;

			result = job_stopped(job)
				? -ECANCELED
				: look_at(&tiling, person, vision, left, top, err);
		}
	}
	if (result == 0) {
		result = replace_outline(&tiling, person);
	}
	tiling_finish(&tiling);
	return result == -ENOMEM ? err_set(err, result, "no memory for a closer look") : result;
}
