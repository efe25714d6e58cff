#include "head.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "mask.h"
#include "plane.h"

#define SIDE 320 /* of the copy that is cut, at most */
#define ROUNDS 4
#define SKIN_NEAR 2.2f
#define HAIR_NEAR 3.0f
#define SIDE_HAIR 0.12 /* share of the places beside the jaw that hair must cover to be long */
#define TORSO_APART 22 /* distance in colour from which clothes cannot be taken for hair */
#define FADE_LENGTH 0.35
#define CUT_FROM (-0.7f) /* heights of the face from the chin; below is more */
#define CUT_LOOK 6       /* pixels of the small copy */
#define CUT_NEAR 3       /* columns of it on either side */

/* A pixel of the small copy. */
struct spot {
	float u;
	float v;
	struct lab lab;
	bool person;
	bool hull;  /* inside the face */
	bool under; /* below its jaw: throat */
	bool skin;
	bool hair;
};

struct small {
	int width;
	int height;
	double by;
	uint8_t *rgb;
	uint8_t *labels;
	struct spot *spots;
};

static void small_finish(struct small *small)
{
	free(small->rgb);
	free(small->labels);
	free(small->spots);
}

static struct lab mean_where(
	const struct small *small, bool (*is)(const struct spot *spot), int *ret_count)
{
	struct lab sum = {0};
	int n = 0;

	for (int i = 0; i < small->width * small->height; i++) {
		if (is(&small->spots[i])) {
			sum.l += small->spots[i].lab.l;
			sum.a += small->spots[i].lab.a;
			sum.b += small->spots[i].lab.b;
			n++;
		}
	}
	*ret_count = n;
	return n ? (struct lab){sum.l / (float)n, sum.a / (float)n, sum.b / (float)n} : sum;
}

static bool is_crown(const struct spot *spot)
{
	return spot->person && spot->v < -1.15f && !spot->hull && !spot->skin;
}

static bool is_torso(const struct spot *spot)
{
	return spot->person && spot->v > 0.75f && spot->v < 1.6f && fabsf(spot->u) < 0.5f;
}

/* Marks with 2 what lies below the jaw, where the face has not been marked. */
static void fill_throat(struct small *small, const struct head *head)
{
	const int count = small->width * small->height;
	const double far = 0.8 * head->axes.brows;
	double corners[13][2];
	uint8_t *throat = calloc((size_t)count, 1);

	for (int i = 0; i < 13; i++) {
		const int p = i < 11 ? i + 3 : i == 11 ? 12 : 4;
		const double down = i < 11 ? 0 : far;

		corners[i][0] = (head->points[p][0] - head->axes.up[0] * down) * small->by;
		corners[i][1] = (head->points[p][1] - head->axes.up[1] * down) * small->by;
	}
	if (throat) {
		plane_fill(throat, small->width, small->height, (const double(*)[2])corners, 13, 2);
	}
	for (int i = 0; throat && i < count; i++) {
		small->labels[i] = small->labels[i] ? small->labels[i] : throat[i];
	}
	free(throat);
}

static int small_init(struct small *small, const struct head *head)
{
	const formy_image image = {.size = sizeof(image),
		.format = FORMY_RGB8,
		.width = (uint32_t)head->width,
		.height = (uint32_t)head->height,
		.stride = 3 * (uint64_t)head->width,
		.pixels = head->rgb};
	static const int outline[] = {
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 26, 25, 24, 19, 18, 17};
	const int corners = sizeof(outline) / sizeof(outline[0]);
	double hull[sizeof(outline) / sizeof(outline[0])][2];
	uint8_t *person;
	size_t count;
	int result;

	small->by =
		fmin(1, (double)SIDE / (head->width > head->height ? head->width : head->height));
	small->width = (int)fmax(1, head->width * small->by);
	small->height = (int)fmax(1, head->height * small->by);
	count = (size_t)small->width * (size_t)small->height;
	small->rgb = calloc(3, count);
	small->labels = calloc(count, 1);
	small->spots = calloc(count, sizeof(*small->spots));
	person = calloc(count, 1);
	if (!small->rgb || !small->labels || !small->spots || !person) {
		free(person);
		return -ENOMEM;
	}
	result = scale_picture(
		&image, region_whole(&image), small->width, small->height, SCALE_RGB, small->rgb);
	plane_resize(head->person, head->width, head->height, person, small->width, small->height);
	for (int i = 0; i < corners; i++) {
		hull[i][0] = head->points[outline[i]][0] * small->by;
		hull[i][1] = head->points[outline[i]][1] * small->by;
	}
	plane_fill(
		small->labels, small->width, small->height, (const double(*)[2])hull, corners, 1);
	fill_throat(small, head);
	for (size_t i = 0; i < count; i++) {
		struct spot *spot = &small->spots[i];
		const size_t column = i % (size_t)small->width;
		const size_t row = i / (size_t)small->width;
		const double x = ((double)column + 0.5) / small->by - 0.5;
		const double y = ((double)row + 0.5) / small->by - 0.5;
		double u;
		double v;

		face_place(&head->axes, x, y, &u, &v);
		spot->u = (float)u;
		spot->v = (float)v;
		spot->lab = lab_from_rgb(small->rgb + 3 * i);
		spot->person = person[i] > 127;
		spot->hull = small->labels[i] == 1;
		spot->under = small->labels[i] == 2;
		spot->skin = head_skin_distance(spot->lab, head->skin,
				     (struct lab){24, 9.5f, 9.5f}) < SKIN_NEAR;
	}
	free(person);
	return result;
}

static uint8_t first_label(const struct spot *spot)
{
	const float across = fabsf(spot->u);

	if (spot->hull) {
		return VISION_PERSON;
	}
	if (!spot->person || spot->under || spot->v > 1.5f || (spot->v > 0.3f && across > 1.55f) ||
		(spot->v > 0.55f && across < 0.42f) ||
		(spot->v > -0.3f && spot->v < 0.7f && across < 0.46f && spot->skin)) {
		return VISION_BACKDROP;
	}
	if (spot->v < -0.75f && across < 1.3f) {
		return VISION_PERSON;
	}
	return spot->v < 0 ? VISION_MAYBE_PERSON : VISION_MAYBE_BACKDROP;
}

/* Below the chin only what is surely hair stays. */
static void keep_hair(struct small *small, double long_hair)
{
	const int count = small->width * small->height;
	int crown_count;
	int torso_count;
	int beside = 0;
	int places = 0;
	const struct lab crown = mean_where(small, is_crown, &crown_count);
	const struct lab torso = mean_where(small, is_torso, &torso_count);
	const float apart = torso_count > 40
		? hypotf(0.6f * (torso.l - crown.l), hypotf(torso.a - crown.a, torso.b - crown.b))
		: 1000;
	bool is_long;

	for (int i = 0; i < count; i++) {
		struct spot *spot = &small->spots[i];

		spot->hair = crown_count > 60 && spot->person && !spot->skin && !spot->hull &&
			head_skin_distance(spot->lab, crown, (struct lab){26, 11, 11}) < HAIR_NEAR;
		if (spot->v > -0.35f && spot->v < -0.05f && fabsf(spot->u) > 0.56f &&
			fabsf(spot->u) < 0.85f) {
			places++;
			beside += small->labels[i] && spot->hair;
		}
	}
	is_long = places > 0 && beside > 2 * SIDE_HAIR * places;
	for (int i = 0; i < count; i++) {
		const struct spot *spot = &small->spots[i];

		if (spot->hull) {
			continue;
		}
		if (spot->under) {
			small->labels[i] = 0;
			continue;
		}
		if (spot->v > 0 && spot->skin && fabsf(spot->u) < 1.3f) {
			small->labels[i] = 0;
		}
		if (spot->v > (is_long ? 0.15f : 0.02f) && !(is_long && spot->hair)) {
			small->labels[i] = 0;
		}
		if (is_long && spot->v > -0.1f && (double)spot->v < long_hair &&
			fabsf(spot->u) < 1.45f && spot->hair && apart > TORSO_APART) {
			small->labels[i] = 1;
		}
		if (apart <= TORSO_APART && spot->v > 0.35f) {
			small->labels[i] = 0;
		}
	}
}

/* What hangs together with the face, without specks and threads. */
static int keep_whole(struct small *small)
{
	const int w = small->width;
	const int h = small->height;
	uint8_t *thin = malloc((size_t)w * (size_t)h);
	int result = -ENOMEM;

	if (thin) {
		result = mask_shrink(small->labels, w, h, 1, thin);
	}
	if (result == 0) {
		result = mask_drop_small(thin, w, h, 0.9, NULL);
	}
	if (result == 0) {
		result = mask_grow(thin, w, h, 1, small->labels);
	}
	if (result == 0) {
		result = mask_fill_holes(small->labels, w, h, w * h / 100);
	}
	free(thin);
	return result;
}

/* Whether hair goes on below the lowest of what was kept of a column. */
static bool goes_on(const struct small *small, int x, int y)
{
	const int w = small->width;
	const struct lab end = small->spots[y * w + x].lab;
	int hair = 0;

	for (int below = 1; below <= CUT_LOOK; below++) {
		const struct spot *spot = &small->spots[(y + below) * w + x];

		hair += spot->person &&
			head_skin_distance(spot->lab, end, (struct lab){20, 8, 8}) < 1.5f;
	}
	return hair > CUT_LOOK / 2;
}

/* Where hair ends and where it is cut off, by columns of the small copy and then of the head. */
static int find_cut(struct head *head, const struct small *small)
{
	const int w = small->width;
	float *ends = malloc(2 * (size_t)w * sizeof(*ends));
	float *cut = ends ? ends + w : NULL;
	int columns = 0;

	head->ends = calloc((size_t)head->width, sizeof(*head->ends));
	head->cut = calloc((size_t)head->width, sizeof(*head->cut));
	if (!ends || !head->ends || !head->cut) {
		free(ends);
		return -ENOMEM;
	}
	for (int x = 0; x < w; x++) {
		int y = small->height - CUT_LOOK - 1;

		while (y >= 0 && !small->labels[y * w + x]) {
			y--;
		}
		ends[x] = (float)y;
		cut[x] = y >= 0 && !small->spots[y * w + x].hull &&
				small->spots[y * w + x].v >= CUT_FROM && goes_on(small, x, y)
			? 1
			: 0;
		columns += cut[x] > 0;
	}
	for (int x = 0; x < head->width; x++) {
		const int middle = (int)fmin((x + 0.5) * small->by, w - 1);
		float sum = 0;

		for (int i = middle - CUT_NEAR; i <= middle + CUT_NEAR; i++) {
			sum += i >= 0 && i < w ? cut[i] : 0;
		}
		head->ends[x] = (float)((ends[middle] + 1) / small->by);
		head->cut[x] = cut[middle] > 0 ? sum / (2 * CUT_NEAR + 1) : 0;
	}
	head->hair_cut = columns / (head->axes.jaw * small->by);
	free(ends);
	return 0;
}

/* Up to the size of the head, with the matte's soft edges. */
static int enlarge(struct head *head, struct small *small, double long_hair)
{
	const int w = small->width;
	const int count = w * small->height;
	int result;

	for (int i = 0; i < count; i++) {
		const struct spot *spot = &small->spots[i];
		const double fade = (long_hair + 0.05 - (double)spot->v) / FADE_LENGTH;

		small->labels[i] = (uint8_t)(small->labels[i] * 255 * fmin(fmax(fade, 0), 1));
	}
	result = plane_blur(small->labels, w, small->height, 1.0);
	plane_resize(
		small->labels, w, small->height, head->hair_and_face, head->width, head->height);
	return result;
}

static void apply_matte(struct head *head)
{
	for (int i = 0; i < head->width * head->height; i++) {
		const int most = head->hair_and_face[i] * 2;

		head->hair_and_face[i] =
			(uint8_t)((most > 255 && head->person[i] < 250 ? 255
								       : head->hair_and_face[i]) *
				head->person[i] / 255);
	}
}

int head_find_mask(struct head *head, double long_hair, struct err *err)
{
	struct small small = {0};
	int result = small_init(&small, head);
	const int count = small.width * small.height;

	if (result == 0) {
		for (int i = 0; i < count; i++) {
			small.labels[i] = first_label(&small.spots[i]);
		}
		result =
			vision_cut(small.rgb, small.width, small.height, ROUNDS, err, small.labels);
	}
	if (result == 0) {
		for (int i = 0; i < count; i++) {
			small.labels[i] &= 1;
		}
		keep_hair(&small, long_hair);
		result = keep_whole(&small);
	}
	if (result == 0) {
		result = find_cut(head, &small);
	}
	if (result == 0) {
		result = enlarge(head, &small, long_hair);
	}
	if (result == 0) {
		apply_matte(head);
	}
	small_finish(&small);
	return result;
}
