#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "foreground.h"
#include "patches.h"
#include "plate.h"
#include "sample.h"

#define SIDE 200         /* of the small copy, at most */
#define LEVELS 3         /* each half as large */
#define LEAST_SOURCES 60 /* patches; of fewer nothing is made */

/* The picture, of which a pixel of the finest level shows by x by pixels. */
struct whole {
	const uint8_t *rgb;
	const uint8_t *known; /* mask */
	int width;
	int height;
	int by;
};

/* The colour that the small copy's patches have for a pixel at full size, from one to the next softly.
 * False: none. */
static bool copied(
	const struct patches *level, const struct whole *whole, int x, int y, float ret_colour[3])
{
	const float at_x = ((float)x + 0.5f) / (float)whole->by + 0.5f;
	const float at_y = ((float)y + 0.5f) / (float)whole->by + 0.5f;
	const int left = (int)at_x - 1;
	const int top = (int)at_y - 1;
	float weights = 0;

	memset(ret_colour, 0, 3 * sizeof(*ret_colour));
	for (int k = 0; k < 4; k++) {
		const int cell_x = left + k % 2;
		const int cell_y = top + k / 2;
		const float tx = at_x - (float)(left + 1);
		const float ty = at_y - (float)(top + 1);
		const float weight = (k % 2 ? tx : 1 - tx) * (k / 2 ? ty : 1 - ty);
		const int cell = cell_y * level->width + cell_x;
		int u;
		int v;

		if (cell_x < 0 || cell_y < 0 || cell_x >= level->width || cell_y >= level->height ||
			!level->target[cell]) {
			continue;
		}
		u = x + (level->from[cell].x - cell_x) * whole->by;
		v = y + (level->from[cell].y - cell_y) * whole->by;
		if (u >= 0 && v >= 0 && u < whole->width && v < whole->height &&
			whole->known[v * whole->width + u]) {
			weights += weight;
			for (int c = 0; c < 3; c++) {
				ret_colour[c] +=
					weight * whole->rgb[3 * (v * whole->width + u) + c];
			}
		}
	}
	for (int c = 0; weights > 0 && c < 3; c++) {
		ret_colour[c] /= weights;
	}
	return weights > 0;
}

static uint8_t to_byte(float value)
{
	return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value + 0.5f);
}

/* What the patches lack beside what is known, halved and about 128, carried inwards: an RGB of the small copy's
 * size. */
static int find_lack(const struct patches *level, const struct whole *whole, uint8_t *ret_lack)
{
	const int cells = level->width * level->height;
	float *sums = calloc(4 * (size_t)cells, sizeof(*sums));
	uint8_t *beside = calloc(1, (size_t)cells);
	int result = sums && beside ? 0 : -ENOMEM;

	for (int i = 0; result == 0 && i < whole->width * whole->height; i++) {
		const int x = i % whole->width;
		const int y = i / whole->width;
		const int cell = y / whole->by * level->width + x / whole->by;
		float colour[3];

		if (whole->known[i] && level->target[cell] && copied(level, whole, x, y, colour)) {
			sums[4 * cell + 3]++;
			for (int c = 0; c < 3; c++) {
				sums[4 * cell + c] += (float)whole->rgb[3 * i + c] - colour[c];
			}
		}
	}
	for (int cell = 0; result == 0 && cell < cells; cell++) {
		beside[cell] = sums[4 * cell + 3] > 0;
		for (int c = 0; beside[cell] && c < 3; c++) {
			ret_lack[3 * cell + c] =
				to_byte(128 + sums[4 * cell + c] / sums[4 * cell + 3] / 2);
		}
	}
	if (result == 0) {
		result = foreground_spread(ret_lack, beside, level->width, level->height, ret_lack);
	}
	free(sums);
	free(beside);
	return result;
}

/* Copies pixels at full size, with what they lack, or the hole's edge would be seen. */
static int copy(const struct patches *level, const struct whole *whole, uint8_t *filled)
{
	uint8_t *lack = calloc(3, (size_t)level->width * (size_t)level->height);
	int result = lack ? find_lack(level, whole, lack) : -ENOMEM;

	for (int i = 0; result == 0 && i < whole->width * whole->height; i++) {
		const int x = i % whole->width;
		const int y = i / whole->width;
		float colour[3];
		float by[3];

		if (!whole->known[i] && copied(level, whole, x, y, colour)) {
			sample_smooth(lack, level->width, level->height,
				(x + 0.5) / whole->by - 0.5, (y + 0.5) / whole->by - 0.5, by);
			for (int c = 0; c < 3; c++) {
				filled[3 * i + c] = to_byte(colour[c] + 2 * (by[c] - 128));
			}
		}
	}
	free(lack);
	return result;
}

int plate_fill_patches(
	const uint8_t *rgb, const uint8_t *known, int width, int height, uint8_t *filled)
{
	const int longer = width > height ? width : height;
	const int by = (longer + SIDE - 1) / SIDE;
	struct patches levels[LEVELS] = {{0}};
	uint32_t random = 2463534242u;
	int depth = 0;
	int result = 0;

	for (int size = by; result == 0 && depth < LEVELS; depth++, size *= 2) {
		struct patches *level = &levels[depth];

		result = patches_init(level, (width + size - 1) / size, (height + size - 1) / size);
		if (result == 0) {
			if (patches_shrink(filled, known, width, height, size, level) <
				LEAST_SOURCES) {
				break;
			}
		}
	}
	for (int i = depth - 1; result == 0 && i >= 0; i--) {
		if (i < depth - 1) {
			patches_refine(&levels[i + 1], &levels[i]);
		}
		patches_solve(&levels[i], &random);
	}
	if (result == 0 && depth > 0) {
		result = copy(&levels[0], &(struct whole){rgb, known, width, height, by}, filled);
	}
	for (int i = 0; i < LEVELS; i++) {
		patches_finish(&levels[i]);
	}
	return result;
}
