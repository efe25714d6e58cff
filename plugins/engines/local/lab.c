#include "lab.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define STEP_BITS 4 /* a node of the shift's table every 16 values */
#define NODES 17
#define CELL 4 /* colours that are treated alike */
#define CELLS (256 / CELL)
#define LANES 4        /* 3 colours and one that is not used: the compiler then takes all at once */
#define TINT_FULL 0.5f /* lightness from which a colour takes all of the tint */

static float linear(float c)
{
	c /= 255;
	return c <= 0.04045f ? c / 12.92f : powf((c + 0.055f) / 1.055f, 2.4f);
}

static float encoded(float c)
{
	c = c <= 0.0031308f ? 12.92f * c : 1.055f * powf(c, 1 / 2.4f) - 0.055f;
	return c < 0 ? 0 : c > 1 ? 255 : c * 255;
}

static float cube_root(float t)
{
	return t > 0.008856452f ? cbrtf(t) : t * 7.787037f + 16.f / 116;
}

static float cube(float t)
{
	return t > 0.20689655f ? t * t * t : (t - 16.f / 116) / 7.787037f;
}

static struct lab from_linear(float r, float g, float b)
{
	const float x = cube_root((0.4124564f * r + 0.3575761f * g + 0.1804375f * b) / 0.95047f);
	const float y = cube_root(0.2126729f * r + 0.7151522f * g + 0.0721750f * b);
	const float z = cube_root((0.0193339f * r + 0.1191920f * g + 0.9503041f * b) / 1.08883f);

	return (struct lab){116 * y - 16, 500 * (x - y), 200 * (y - z)};
}

struct lab lab_from_rgb(const uint8_t rgb[3])
{
	return from_linear(linear(rgb[0]), linear(rgb[1]), linear(rgb[2]));
}

void lab_to_rgb(struct lab lab, float ret_rgb[3])
{
	const float fy = (lab.l + 16) / 116;
	const float x = 0.95047f * cube(fy + lab.a / 500);
	const float y = cube(fy);
	const float z = 1.08883f * cube(fy - lab.b / 200);

	ret_rgb[0] = encoded(3.2404542f * x - 1.5371385f * y - 0.4985314f * z);
	ret_rgb[1] = encoded(-0.9692660f * x + 1.8760108f * y + 0.0415560f * z);
	ret_rgb[2] = encoded(0.0556434f * x - 0.2040259f * y + 1.0572252f * z);
}

struct lab lab_mean(const uint8_t *rgb, const uint8_t *weights, int count)
{
	double l = 0;
	double a = 0;
	double b = 0;
	int taken = 0;

	for (int i = 0; i < count; i++) {
		if (!weights || weights[i]) {
			const struct lab lab = lab_from_rgb(rgb + 3 * (size_t)i);

			l += lab.l;
			a += lab.a;
			b += lab.b;
			taken++;
		}
	}
	return taken > 0 ? (struct lab){(float)(l / taken), (float)(a / taken), (float)(b / taken)}
			 : (struct lab){50, 0, 0};
}

/* How much each node's colour changes. */
struct nodes {
	float change[NODES][NODES][NODES][LANES];
};

/* The same for cells of CELL colours each way: one look-up a pixel. What changes is so smooth that a
 * cell's middle is good for all of it, to half a step of a colour. */
struct lab_shift {
	int8_t change[CELLS][CELLS][CELLS][LANES];
};

/* Between the eight nodes around a colour. */
static void between(const struct nodes *nodes, const int rgb[3], float ret_change[LANES])
{
	const int step = 1 << STEP_BITS;
	const int r = rgb[0] >> STEP_BITS;
	const int g = rgb[1] >> STEP_BITS;
	const int b = rgb[2] >> STEP_BITS;
	const float fr = (float)(rgb[0] & (step - 1)) / (float)step;
	const float fg = (float)(rgb[1] & (step - 1)) / (float)step;
	const float fb = (float)(rgb[2] & (step - 1)) / (float)step;
	const float(*low)[NODES][LANES] = nodes->change[r];
	const float(*high)[NODES][LANES] = nodes->change[r + 1];
	const float *near[4] = {low[g][b], low[g + 1][b], high[g][b], high[g + 1][b]};
	const float share[4] = {(1 - fr) * (1 - fg), (1 - fr) * fg, fr * (1 - fg), fr * fg};

	memset(ret_change, 0, LANES * sizeof(*ret_change));
	for (int k = 0; k < 4; k++) {
		for (int c = 0; c < LANES; c++) {
			ret_change[c] +=
				share[k] * (near[k][c] * (1 - fb) + near[k][c + LANES] * fb);
		}
	}
}

static void fill_cells(const struct nodes *nodes, struct lab_shift *shift)
{
	for (int i = 0; i < CELLS * CELLS * CELLS; i++) {
		const int cell[3] = {i / (CELLS * CELLS), i / CELLS % CELLS, i % CELLS};
		const int rgb[3] = {cell[0] * CELL + CELL / 2, cell[1] * CELL + CELL / 2,
			cell[2] * CELL + CELL / 2};
		float change[LANES];

		between(nodes, rgb, change);
		for (int c = 0; c < 3; c++) {
			const float most = fminf(fmaxf(change[c], INT8_MIN), INT8_MAX);

			shift->change[cell[0]][cell[1]][cell[2]][c] = (int8_t)lrintf(most);
		}
	}
}

int lab_shift_create(struct lab by, struct lab_shift **ret_shift)
{
	struct lab_shift *shift = calloc(1, sizeof(*shift));
	struct nodes *nodes = calloc(1, sizeof(*nodes));
	float light[NODES];

	if (!shift || !nodes) {
		free(shift);
		free(nodes);
		return -ENOMEM;
	}
	for (int i = 0; i < NODES; i++) {
		light[i] = linear((float)(i << STEP_BITS));
	}
	for (int r = 0; r < NODES; r++) {
		for (int g = 0; g < NODES; g++) {
			for (int b = 0; b < NODES; b++) {
				const float from[3] = {(float)(r << STEP_BITS),
					(float)(g << STEP_BITS), (float)(b << STEP_BITS)};
				struct lab lab = from_linear(light[r], light[g], light[b]);
				float to[3];

				const float part = lab.l < 0 ? 0 : lab.l > 100 ? 1 : lab.l / 100;
				const float tint = part < TINT_FULL ? part / TINT_FULL : 1;

				lab.l += by.l * 4 * part * (1 - part);
				lab.a += by.a * tint;
				lab.b += by.b * tint;
				lab_to_rgb(lab, to);
				for (int c = 0; c < 3; c++) {
					nodes->change[r][g][b][c] = to[c] - from[c];
				}
			}
		}
	}
	fill_cells(nodes, shift);
	free(nodes);
	*ret_shift = shift;
	return 0;
}

void lab_shift_destroy(struct lab_shift *shift)
{
	free(shift);
}

void lab_shift_apply(const struct lab_shift *shift, uint8_t rgb[3])
{
	const int8_t *change = shift->change[rgb[0] / CELL][rgb[1] / CELL][rgb[2] / CELL];

	for (int c = 0; c < 3; c++) {
		const int to = rgb[c] + change[c];

		rgb[c] = (uint8_t)(to < 0 ? 0 : to > 255 ? 255 : to);
	}
}
