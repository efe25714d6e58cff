#include "shadow.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "mask.h"
#include "plane.h"

#define SIDE 256     /* cells across the longer side */
#define FLAT 4       /* how much wider than high it is: one sees the floor from the side */
#define FEET 0.08    /* of the person's height, that may touch the floor */
#define SOFT 0.028   /* of that height, as a deviation */
#define DARKEST 0.50 /* of the light, that it takes */
#define CUT 0.01     /* of the picture's height: nearer to its end the frame cuts the person */
#define SOMEBODY 127
#define SEEN 2

/* The lowest row of the person in the columns of the plane, -1 where there is none. */
static void find_lowest(const struct shadow *shadow, const struct matte *matte, int *ret_rows,
	int *ret_first, int *ret_last)
{
	*ret_first = matte->height;
	*ret_last = -1;
	for (int i = 0; i < shadow->width; i++) {
		const int x = (int)fmin((i + 0.5) / shadow->across, matte->width - 1);
		const uint8_t *column = matte->alpha + x;

		ret_rows[i] = -1;
		for (int y = 0; y < matte->height; y++) {
			if (column[(size_t)y * (size_t)matte->width] > SOMEBODY) {
				*ret_first = y < *ret_first ? y : *ret_first;
				ret_rows[i] = y;
			}
		}
		*ret_last = ret_rows[i] > *ret_last ? ret_rows[i] : *ret_last;
	}
}

/* Darkness under what is low enough, less the higher it is. */
static void mark_feet(struct shadow *shadow, const int *rows, double last, double tall, double soft)
{
	const int reach = (int)fmax(1, soft);

	for (int i = 0; i < shadow->width; i++) {
		const double near = 1 - (last - rows[i]) / (FEET * tall);
		const int at = (int)(rows[i] * shadow->down);

		for (int y = at - reach; near > 0 && y <= at + reach; y++) {
			if (y >= 0 && y < shadow->height) {
				shadow->plane[(size_t)y * (size_t)shadow->width + (size_t)i] =
					(uint8_t)(255 * near);
			}
		}
	}
}

/* Brings the darkest place to what it is to be, and finds where there is any. */
static void set_strength(struct shadow *shadow, const struct matte *matte, double strength)
{
	const size_t count = (size_t)shadow->width * (size_t)shadow->height;
	struct mask_box box = {.left = shadow->width, .top = shadow->height};
	uint8_t most = 1;

	for (size_t i = 0; i < count; i++) {
		most = shadow->plane[i] > most ? shadow->plane[i] : most;
	}
	for (int y = 0; y < shadow->height; y++) {
		for (int x = 0; x < shadow->width; x++) {
			uint8_t *p = shadow->plane + (size_t)y * (size_t)shadow->width + x;

			*p = (uint8_t)(*p * DARKEST * strength * 255 / most);
			if (*p >= SEEN) {
				box.left = x < box.left ? x : box.left;
				box.right = x + 1 > box.right ? x + 1 : box.right;
				box.top = y < box.top ? y : box.top;
				box.bottom = y + 1;
			}
		}
	}
	shadow->left = (int)fmax(0, (box.left - 1) / shadow->across);
	shadow->right = (int)fmin(matte->width, (box.right + 1) / shadow->across);
	shadow->top = (int)((box.top - 1) / shadow->down);
	shadow->bottom = (int)((box.bottom + 1) / shadow->down);
}

int shadow_make(struct shadow *shadow, const struct matte *matte, double strength)
{
	const int longer = matte->width > matte->height ? matte->width : matte->height;
	const double scale = fmin(1, (double)SIDE / longer);
	int *rows;
	int first;
	int last;
	int result = 0;

	shadow->across = scale;
	shadow->down = scale * FLAT;
	shadow->width = (int)fmax(1, matte->width * shadow->across);
	shadow->height = (int)fmax(1, matte->height * shadow->down);
	rows = malloc((size_t)shadow->width * sizeof(*rows));
	if (!rows) {
		return -ENOMEM;
	}
	find_lowest(shadow, matte, rows, &first, &last);
	if (last > first && last < matte->height * (1 - CUT) - 1) {
		const double soft = SOFT * (last - first) * scale;

		shadow->plane = calloc((size_t)shadow->width, (size_t)shadow->height);
		result = shadow->plane ? 0 : -ENOMEM;
		if (result == 0) {
			mark_feet(shadow, rows, last, last - first, soft / 2);
			result = plane_blur(shadow->plane, shadow->width, shadow->height, soft);
		}
		if (result == 0) {
			set_strength(shadow, matte, strength);
		}
	}
	free(rows);
	return result;
}

void shadow_finish(struct shadow *shadow)
{
	free(shadow->plane);
	*shadow = (struct shadow){0};
}

void shadow_row(const struct shadow *shadow, int y, uint8_t *rgb)
{
	const double v = (y + 0.5) * shadow->down - 0.5;

	if (!shadow->plane || y < shadow->top || y >= shadow->bottom) {
		return;
	}
	for (int x = shadow->left; x < shadow->right; x++) {
		const double u = (x + 0.5) * shadow->across - 0.5;
		const float light =
			1 - plane_at(shadow->plane, shadow->width, shadow->height, u, v) / 255;
		uint8_t *p = rgb + 3 * (size_t)x;

		for (int c = 0; c < 3; c++) {
			p[c] = (uint8_t)((float)p[c] * light + 0.5f);
		}
	}
}
