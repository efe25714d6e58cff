#include "guided.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct plane_size {
	int width;
	int height;
	int radius;
};

/* The mean over the square around each pixel, as much of it as lies in the picture; in place.
 * room: a plane and a row. */
static void box_mean(float *plane, struct plane_size size, float *room)
{
	const int w = size.width;
	const int h = size.height;
	const int r = size.radius;
	float *rows = room;
	float *sums = room + (size_t)w * (size_t)h;

	for (int y = 0; y < h; y++) {
		const float *in = plane + (size_t)y * (size_t)w;
		float *out = rows + (size_t)y * (size_t)w;
		double sum = 0;

		for (int x = 0; x < r && x < w; x++) {
			sum += in[x];
		}
		for (int x = 0; x < w; x++) {
			const int first = x > r ? x - r : 0;
			const int last = x + r < w ? x + r : w - 1;

			sum += x + r < w ? in[x + r] : 0;
			sum -= x > r ? in[x - r - 1] : 0;
			out[x] = (float)(sum / (last - first + 1));
		}
	}
	memset(sums, 0, (size_t)w * sizeof(*sums));
	for (int y = 0; y < r && y < h; y++) {
		for (int x = 0; x < w; x++) {
			sums[x] += rows[(size_t)y * (size_t)w + (size_t)x];
		}
	}
	for (int y = 0; y < h; y++) {
		const int first = y > r ? y - r : 0;
		const int last = y + r < h ? y + r : h - 1;
		const float share = 1.f / (float)(last - first + 1);
		float *out = plane + (size_t)y * (size_t)w;

		if (y + r < h) {
			const float *in = rows + (size_t)(y + r) * (size_t)w;

			for (int x = 0; x < w; x++) {
				sums[x] += in[x];
			}
		}
		if (y > r) {
			const float *in = rows + (size_t)(y - r - 1) * (size_t)w;

			for (int x = 0; x < w; x++) {
				sums[x] -= in[x];
			}
		}
		for (int x = 0; x < w; x++) {
			out[x] = sums[x] * share;
		}
	}
}

/* The planes that the fit needs, each one's mean in the end. */
enum {
	RED,
	GREEN,
	BLUE,
	MASK,
	RED_MASK,
	GREEN_MASK,
	BLUE_MASK,
	RED_RED,
	RED_GREEN,
	RED_BLUE,
	GREEN_GREEN,
	GREEN_BLUE,
	BLUE_BLUE,
	PLANES
};

static void fill_planes(
	const uint8_t *rgb, const uint8_t *mask, size_t count, float *planes[PLANES])
{
	for (size_t i = 0; i < count; i++) {
		const float r = (float)rgb[3 * i] / 255;
		const float g = (float)rgb[3 * i + 1] / 255;
		const float b = (float)rgb[3 * i + 2] / 255;
		const float m = mask[i];

		planes[RED][i] = r;
		planes[GREEN][i] = g;
		planes[BLUE][i] = b;
		planes[MASK][i] = m;
		planes[RED_MASK][i] = r * m;
		planes[GREEN_MASK][i] = g * m;
		planes[BLUE_MASK][i] = b * m;
		planes[RED_RED][i] = r * r;
		planes[RED_GREEN][i] = r * g;
		planes[RED_BLUE][i] = r * b;
		planes[GREEN_GREEN][i] = g * g;
		planes[GREEN_BLUE][i] = g * b;
		planes[BLUE_BLUE][i] = b * b;
	}
}

/* Solves the 3x3 system of covariances by its adjugate: it is symmetric, and softness on its
 * diagonal keeps it far from singular. */
static struct guided_line solve(float *const planes[PLANES], size_t i, float softness)
{
	const float r = planes[RED][i];
	const float g = planes[GREEN][i];
	const float b = planes[BLUE][i];
	const float m = planes[MASK][i];
	const float rr = planes[RED_RED][i] - r * r + softness;
	const float rg = planes[RED_GREEN][i] - r * g;
	const float rb = planes[RED_BLUE][i] - r * b;
	const float gg = planes[GREEN_GREEN][i] - g * g + softness;
	const float gb = planes[GREEN_BLUE][i] - g * b;
	const float bb = planes[BLUE_BLUE][i] - b * b + softness;
	const float rm = planes[RED_MASK][i] - r * m;
	const float gm = planes[GREEN_MASK][i] - g * m;
	const float bm = planes[BLUE_MASK][i] - b * m;
	const float arr = gg * bb - gb * gb;
	const float arg = gb * rb - rg * bb;
	const float arb = rg * gb - gg * rb;
	const float agg = rr * bb - rb * rb;
	const float agb = rg * rb - rr * gb;
	const float abb = rr * gg - rg * rg;
	const float determinant = rr * arr + rg * arg + rb * arb;
	const float inverse = determinant > 1e-20f ? 1 / determinant : 0;
	struct guided_line line;

	line.slope[0] = (arr * rm + arg * gm + arb * bm) * inverse;
	line.slope[1] = (arg * rm + agg * gm + agb * bm) * inverse;
	line.slope[2] = (arb * rm + agb * gm + abb * bm) * inverse;
	line.offset = m - line.slope[0] * r - line.slope[1] * g - line.slope[2] * b;
	return line;
}

int guided_fit(const uint8_t *rgb, const uint8_t *mask, int width, int height, int radius,
	float softness, struct guided_line *ret_lines)
{
	const struct plane_size size = {width, height, radius};
	const size_t count = (size_t)width * (size_t)height;
	float *block = malloc(((PLANES + 1) * count + (size_t)width) * sizeof(*block));
	float *room = block ? block + PLANES * count : NULL;
	float *planes[PLANES];

	if (!block) {
		return -ENOMEM;
	}
	for (int p = 0; p < PLANES; p++) {
		planes[p] = block + (size_t)p * count;
	}
	fill_planes(rgb, mask, count, planes);
	for (int p = 0; p < PLANES; p++) {
		box_mean(planes[p], size, room);
	}
	for (size_t i = 0; i < count; i++) {
		const struct guided_line line = solve(planes, i, softness);

		planes[RED][i] = line.slope[0];
		planes[GREEN][i] = line.slope[1];
		planes[BLUE][i] = line.slope[2];
		planes[MASK][i] = line.offset;
	}
	for (int p = RED; p <= MASK; p++) {
		box_mean(planes[p], size, room);
	}
	for (size_t i = 0; i < count; i++) {
		ret_lines[i] = (struct guided_line){
			{planes[RED][i] / 255, planes[GREEN][i] / 255, planes[BLUE][i] / 255},
			planes[MASK][i]};
	}
	free(block);
	return 0;
}
