#include "foreground.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#define LEVELS 12 /* halvings from the longest side that is worked on to one pixel, and more */

/* A level: colour times weight, and weight, 4 floats a pixel. */
struct level {
	float *sums;
	int width;
	int height;
};

static int level_init(struct level *level, int width, int height)
{
	level->width = width;
	level->height = height;
	level->sums = calloc((size_t)width * (size_t)height * 4, sizeof(*level->sums));
	return level->sums ? 0 : -ENOMEM;
}

/* Down: a pixel of the smaller level is the mean of up to 4 of the larger one. */
static void pull(const struct level *from, struct level *to)
{
	for (int y = 0; y < from->height; y++) {
		const float *in = from->sums + (size_t)y * (size_t)from->width * 4;
		float *out = to->sums + (size_t)(y / 2) * (size_t)to->width * 4;

		for (int x = 0; x < from->width; x++) {
			for (int c = 0; c < 4; c++) {
				out[x / 2 * 4 + c] += in[x * 4 + c] / 4;
			}
		}
	}
}

/* The colour of a smaller level between its pixels' centres. */
static void sample(const struct level *level, float x, float y, float ret_colour[3])
{
	const float fx = x < 0 ? 0 : x;
	const float fy = y < 0 ? 0 : y;
	const int x0 = (int)fx < level->width - 1 ? (int)fx : level->width - 1;
	const int y0 = (int)fy < level->height - 1 ? (int)fy : level->height - 1;
	const int x1 = x0 + 1 < level->width ? x0 + 1 : x0;
	const int y1 = y0 + 1 < level->height ? y0 + 1 : y0;
	const float *top = level->sums + (size_t)y0 * (size_t)level->width * 4;
	const float *low = level->sums + (size_t)y1 * (size_t)level->width * 4;
	const float u = fx - (float)x0;
	const float v = fy - (float)y0;

	for (int c = 0; c < 3; c++) {
		const float a = top[x0 * 4 + c] * (1 - u) + top[x1 * 4 + c] * u;
		const float b = low[x0 * 4 + c] * (1 - u) + low[x1 * 4 + c] * u;

		ret_colour[c] = a * (1 - v) + b * v;
	}
}

/* Up: where a level knows little it takes the colour of the smaller one. Turns sums to colours. */
static void push(const struct level *smaller, struct level *level)
{
	for (int y = 0; y < level->height; y++) {
		for (int x = 0; x < level->width; x++) {
			float *p = level->sums + ((size_t)y * (size_t)level->width + (size_t)x) * 4;
			const float weight = p[3];
			const float enough = weight * 4 < 1 ? weight * 4 : 1;
			/* The last level has nothing to lean on: the little it knows is all. */
			const float own = smaller || weight <= 0 ? enough : 1;
			float colour[3] = {128, 128, 128};

			if (smaller && own < 1) {
				sample(smaller, ((float)x + 0.5f) / 2 - 0.5f,
					((float)y + 0.5f) / 2 - 0.5f, colour);
			}
			for (int c = 0; c < 3; c++) {
				p[c] = colour[c] * (1 - own) +
					(weight > 0 ? p[c] / weight * own : 0);
			}
		}
	}
}

int foreground_spread(
	const uint8_t *rgb, const uint8_t *known, int width, int height, uint8_t *ret_rgb)
{
	const size_t count = (size_t)width * (size_t)height;
	struct level levels[LEVELS] = {{0}};
	int depth = 0;
	int result = level_init(&levels[0], width, height);

	for (size_t i = 0; result == 0 && i < count; i++) {
		for (int c = 0; known[i] && c < 3; c++) {
			levels[0].sums[4 * i + (size_t)c] = rgb[3 * i + (size_t)c];
		}
		levels[0].sums[4 * i + 3] = known[i];
	}
	while (result == 0 && depth < LEVELS - 1 &&
		(levels[depth].width > 1 || levels[depth].height > 1)) {
		const struct level *from = &levels[depth++];

		result = level_init(&levels[depth], (from->width + 1) / 2, (from->height + 1) / 2);
		if (result == 0) {
			pull(from, &levels[depth]);
		}
	}
	for (int i = depth; result == 0 && i >= 0; i--) {
		push(i < depth ? &levels[i + 1] : NULL, &levels[i]);
	}
	for (size_t i = 0; result == 0 && i < count; i++) {
		for (size_t c = 0; c < 3; c++) {
			ret_rgb[3 * i + c] = (uint8_t)(levels[0].sums[4 * i + c] + 0.5f);
		}
	}
	for (int i = 0; i < LEVELS; i++) {
		free(levels[i].sums);
	}
	return result;
}
