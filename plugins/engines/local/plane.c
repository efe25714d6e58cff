#include "plane.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#define REACH 3 /* sigmas of the bell that count */

static int clamp(int i, int size)
{
	return i < 0 ? 0 : i >= size ? size - 1 : i;
}

/* One line of pixels that lie `step` apart, through a copy with its ends prolonged. */
static void blur_line(
	uint8_t *line, int size, size_t step, const float *bell, int reach, uint8_t *room)
{
	for (int i = -reach; i < size + reach; i++) {
		room[i + reach] = line[(size_t)clamp(i, size) * step];
	}
	for (int i = 0; i < size; i++) {
		float sum = 0.5f;

		for (int k = 0; k <= 2 * reach; k++) {
			sum += bell[k] * room[i + k];
		}
		line[(size_t)i * step] = (uint8_t)sum;
	}
}

int plane_blur(uint8_t *plane, int width, int height, double sigma)
{
	const int reach = sigma > 0 ? (int)ceil(sigma * REACH) : 0;
	const int longer = width > height ? width : height;
	float *bell = malloc((size_t)(2 * reach + 1) * sizeof(*bell));
	uint8_t *room = malloc((size_t)longer + 2 * (size_t)reach);
	float sum = 0;

	if (bell && room) {
		for (int k = -reach; k <= reach; k++) {
			bell[k + reach] =
				(float)exp(-(double)k * k / fmax(2 * sigma * sigma, 1e-9));
			sum += bell[k + reach];
		}
		for (int k = 0; k <= 2 * reach; k++) {
			bell[k] /= sum;
		}
		for (int y = 0; y < height; y++) {
			blur_line(plane + (size_t)y * (size_t)width, width, 1, bell, reach, room);
		}
		for (int x = 0; x < width; x++) {
			blur_line(plane + x, height, (size_t)width, bell, reach, room);
		}
	}
	free(bell);
	free(room);
	return sum > 0 ? 0 : -ENOMEM;
}

float plane_at(const uint8_t *plane, int width, int height, double x, double y)
{
	const int left = (int)floor(x);
	const int top = (int)floor(y);
	const float fx = (float)(x - left);
	const float fy = (float)(y - top);
	float sum = 0;

	for (int k = 0; k < 4; k++) {
		const int px = left + (k & 1);
		const int py = top + (k >> 1);

		if (px >= 0 && py >= 0 && px < width && py < height) {
			sum += (float)plane[(size_t)py * (size_t)width + (size_t)px] *
				(k & 1 ? fx : 1 - fx) * (k >> 1 ? fy : 1 - fy);
		}
	}
	return sum;
}

void plane_resize(const uint8_t *from, int from_width, int from_height, uint8_t *ret_plane,
	int width, int height)
{
	for (int y = 0; y < height; y++) {
		const double v = (y + 0.5) * from_height / height - 0.5;

		for (int x = 0; x < width; x++) {
			const double u = (x + 0.5) * from_width / width - 0.5;

			*ret_plane++ = (uint8_t)(plane_at(from, from_width, from_height,
							 fmin(fmax(u, 0), from_width - 1),
							 fmin(fmax(v, 0), from_height - 1)) +
				0.5f);
		}
	}
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a;
	const double y = *(const double *)b;

	return x < y ? -1 : x > y;
}

void plane_fill(
	uint8_t *plane, int width, int height, const double (*corners)[2], int count, uint8_t value)
{
	for (int y = 0; y < height; y++) {
		double crossings[PLANE_CORNERS];
		int n = 0;

		for (int i = 0; i < count; i++) {
			const double *a = corners[i];
			const double *b = corners[(i + 1) % count];

			if ((a[1] <= y) != (b[1] <= y)) {
				crossings[n++] = a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]);
			}
		}
		qsort(crossings, (size_t)n, sizeof(crossings[0]), by_value);
		for (int i = 0; i + 1 < n; i += 2) {
			const int from = (int)fmax(0, ceil(crossings[i]));
			const int to = (int)fmin(width - 1, floor(crossings[i + 1]));

			for (int x = from; x <= to; x++) {
				plane[(size_t)y * (size_t)width + (size_t)x] = value;
			}
		}
	}
}
