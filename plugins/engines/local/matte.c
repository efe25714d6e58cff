#include "matte.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "guided.h"
#include "mask.h"

#define RADIUS 6       /* of the guided filter, in pixels of the working copy */
#define SOFTNESS 1e-4f /* contrast that counts as none, squared */
#define BAND 8         /* pixels on either side of the mask's edge that may be soft */
#define DOUBTFUL 0.06f /* what the network says, up to which nothing is there, */
#define BELIEVED 0.40f /* and from which all may be */
#define FOOT 0.08f     /* what the filter gives below it is nothing, */
#define HEAD 0.92f     /* and above it all */
#define CLEAR_SHARE 0.005

int matte_init(struct matte *matte, int width, int height)
{
	matte->width = width;
	matte->height = height;
	matte->window = (struct region){.width = width, .height = height};
	matte->alpha = calloc((size_t)width * (size_t)height, 1);
	return matte->alpha ? 0 : -ENOMEM;
}

void matte_finish(struct matte *matte)
{
	free(matte->alpha);
	matte->alpha = NULL;
}

/* What is known of the matte on the working copy. */
struct coarse {
	struct guided_line *lines;
	uint8_t *least; /* 1: person for sure */
	uint8_t *most;  /* 0: backdrop for sure; 255: may be all person */

	/* One row between two of the above, and where each of its cells begins in the picture. */
	struct guided_line *row;
	float *row_least;
	float *row_most;
	int *begins; /* width + 2 of them: cells lie between the pixels' centres */
};

static void coarse_finish(struct coarse *coarse)
{
	free(coarse->lines);
	free(coarse->least);
	free(coarse->row);
	free(coarse->row_least);
	free(coarse->begins);
}

/* Beyond the mask colours alone would take what looks like the person for a part of them: there
 * the network's word is a limit. */
static uint8_t most_at(const struct person *person, size_t i)
{
	const float t = (person->likely[i] - DOUBTFUL) / (BELIEVED - DOUBTFUL);

	return person->mask[i] ? 255 : (uint8_t)(255 * (t < 0 ? 0 : t > 1 ? 1 : t));
}

static int coarse_init(struct coarse *coarse, const struct person *person)
{
	const int w = person->width;
	const int h = person->height;
	const size_t count = (size_t)w * (size_t)h;
	int result;

	coarse->lines = malloc(count * sizeof(*coarse->lines));
	coarse->least = malloc(2 * count);
	coarse->row = malloc((size_t)w * sizeof(*coarse->row));
	coarse->row_least = malloc(2 * (size_t)w * sizeof(*coarse->row_least));
	coarse->begins = malloc(((size_t)w + 2) * sizeof(*coarse->begins));
	if (!coarse->lines || !coarse->least || !coarse->row || !coarse->row_least ||
		!coarse->begins) {
		return -ENOMEM;
	}
	coarse->most = coarse->least + count;
	coarse->row_most = coarse->row_least + w;
	result = guided_fit(person->rgb, person->mask, w, h, RADIUS, SOFTNESS, coarse->lines);
	if (result == 0) {
		result = mask_shrink(person->mask, w, h, BAND, coarse->least);
	}
	if (result == 0) {
		result = mask_grow(person->mask, w, h, BAND, coarse->most);
	}
	for (size_t i = 0; result == 0 && i < count; i++) {
		coarse->most[i] = coarse->most[i] ? most_at(person, i) : 0;
	}
	/* Cell i lies between the centres of pixels i - 1 and i of the working copy. */
	for (int i = 0; result == 0 && i <= w + 1; i++) {
		const double at = (i - 0.5) * person->window.width / w - 0.5;
		const double last = person->window.width;

		coarse->begins[i] = i == 0 ? 0 : i == w + 1 ? (int)last : (int)fmin(ceil(at), last);
	}
	return result;
}

static float mix(float a, float b, float t)
{
	return a + (b - a) * t;
}

/* The row of the working copy that lies at row y of the window. */
static void coarse_row(struct coarse *coarse, const struct person *person, int y)
{
	const int w = person->width;
	const double at = (y + 0.5) * person->height / person->window.height - 0.5;
	const double clamped = fmin(fmax(at, 0), person->height - 1);
	const int y0 = (int)clamped;
	const int y1 = y0 + 1 < person->height ? y0 + 1 : y0;
	const float t = (float)(clamped - y0);

	for (int x = 0; x < w; x++) {
		const size_t a = (size_t)y0 * (size_t)w + (size_t)x;
		const size_t b = (size_t)y1 * (size_t)w + (size_t)x;

		coarse->row_least[x] = mix(coarse->least[a], coarse->least[b], t);
		coarse->row_most[x] = mix(coarse->most[a], coarse->most[b], t) / 255;
		for (int c = 0; c < 3; c++) {
			coarse->row[x].slope[c] =
				mix(coarse->lines[a].slope[c], coarse->lines[b].slope[c], t);
		}
		coarse->row[x].offset = mix(coarse->lines[a].offset, coarse->lines[b].offset, t);
	}
}

/* The pixels of one cell where the matte is soft. */
static void soft_cell(const struct coarse *coarse, int left, int right, double first, double step,
	const uint8_t *rgb, uint8_t *alpha, int count)
{
	const struct guided_line a = coarse->row[left];
	const struct guided_line b = coarse->row[right];
	const float least_a = coarse->row_least[left];
	const float least_b = coarse->row_least[right];
	const float most_a = coarse->row_most[left];
	const float most_b = coarse->row_most[right];

	for (int i = 0; i < count; i++, rgb += 3) {
		const float t = left == right ? 0 : (float)(first + i * step);
		const float at_a = a.slope[0] * rgb[0] + a.slope[1] * rgb[1] + a.slope[2] * rgb[2];
		const float at_b = b.slope[0] * rgb[0] + b.slope[1] * rgb[1] + b.slope[2] * rgb[2];
		const float value = mix(at_a + a.offset, at_b + b.offset, t);
		const float least = mix(least_a, least_b, t);
		const float most = mix(most_a, most_b, t);
		float share = (value - FOOT) / (HEAD - FOOT);

		share = share > most ? most : share;
		share = share < least ? least : share;
		share = share < 0 ? 0 : share > 1 ? 1 : share;
		alpha[i] = (uint8_t)(share * 255 + 0.5f);
	}
}

static void matte_row(const struct coarse *coarse, const struct person *person, const uint8_t *rgb,
	uint8_t *alpha)
{
	const double step = person->width / person->window.width;

	for (int cell = 0; cell <= person->width; cell++) {
		const int left = cell > 0 ? cell - 1 : 0;
		const int right = cell < person->width ? cell : person->width - 1;
		const int begin = coarse->begins[cell];
		const int count = coarse->begins[cell + 1] - begin;

		if (count <= 0) {
			continue;
		}
		if (coarse->row_least[left] >= 1 && coarse->row_least[right] >= 1) {
			memset(alpha + begin, 255, (size_t)count);
		} else if (coarse->row_most[left] > 0 || coarse->row_most[right] > 0) {
			const double first = (begin + 0.5) * step - 0.5 - left;

			soft_cell(coarse, left, right, first, step, rgb + 3 * (size_t)begin,
				alpha + begin, count);
		}
	}
}

int matte_from_person(struct matte *matte, const formy_image *image, const struct person *person,
	const struct job *job)
{
	const int left = (int)person->window.x;
	const int top = (int)person->window.y;
	const int rows = (int)person->window.height;
	struct coarse coarse = {0};
	uint8_t *room = malloc((size_t)image->width * 3);
	int result = room ? matte_init(matte, (int)image->width, (int)image->height) : -ENOMEM;

	if (result == 0) {
		matte->window = person->window;
		result = coarse_init(&coarse, person);
	}
	for (int y = 0; result == 0 && y < rows; y++) {
		const uint8_t *rgb = row_as_rgb(image, top + y, room) + 3 * (size_t)left;

		coarse_row(&coarse, person, y);
		matte_row(&coarse, person, rgb,
			matte->alpha + (size_t)(top + y) * (size_t)matte->width + (size_t)left);
		if (y % 64 == 0 && job_stopped(job)) {
			result = -ECANCELED;
		}
	}
	coarse_finish(&coarse);
	free(room);
	return result;
}

int matte_from_alpha(struct matte *matte, const formy_image *image)
{
	const int result = matte_init(matte, (int)image->width, (int)image->height);

	for (uint32_t y = 0; result == 0 && y < image->height; y++) {
		const uint8_t *from = image->pixels + y * image->stride + 3;
		uint8_t *to = matte->alpha + (size_t)y * image->width;

		for (uint32_t x = 0; x < image->width; x++) {
			to[x] = from[4 * (size_t)x];
		}
	}
	return result;
}

bool matte_in_alpha(const formy_image *image)
{
	const double limit = CLEAR_SHARE * image->width * image->height;
	double clear = 0;

	for (uint32_t y = 0; image->format == FORMY_RGBA8 && y < image->height; y++) {
		const uint8_t *row = image->pixels + y * image->stride + 3;

		for (uint32_t x = 0; x < image->width; x++) {
			clear += row[4 * (size_t)x] < 128;
		}
	}
	return clear > limit;
}
