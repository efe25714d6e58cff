#include "feather.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TILE 64

/* One half of a Gaussian kernel, [0] its middle, whose sum over both halves is 1. */
static void gaussian(double sigma, int reach, float *ret_kernel)
{
	double sum = 0;

	for (int i = 0; i <= reach; i++) {
		ret_kernel[i] = (float)exp(-0.5 * i * i / (sigma * sigma));
		sum += ret_kernel[i] * (i > 0 ? 2 : 1);
	}
	for (int i = 0; i <= reach; i++) {
		ret_kernel[i] = (float)(ret_kernel[i] / sum);
	}
}

struct feather {
	const struct matte *matte;
	const float *kernel;
	int reach;
	float *in;   /* a tile and what reaches into it; beyond the picture its edge goes on */
	float *rows; /* the same, blurred across */
	int side;    /* of the above */
};

static int within(int i, int size)
{
	return i < 0 ? 0 : i >= size ? size - 1 : i;
}

/* Whether a tile, with what reaches into it, is all the same: then the blur changes nothing. */
static bool feather_even(const struct feather *feather, int left, int top)
{
	const struct matte *matte = feather->matte;
	const int x0 = within(left - feather->reach, matte->width);
	const int x1 = within(left - feather->reach + feather->side - 1, matte->width);
	const int y0 = within(top - feather->reach, matte->height);
	const int y1 = within(top - feather->reach + feather->side - 1, matte->height);
	const uint8_t first = matte->alpha[(size_t)y0 * (size_t)matte->width + (size_t)x0];

	for (int y = y0; y <= y1; y++) {
		const uint8_t *row = matte->alpha + (size_t)y * (size_t)matte->width;
		uint8_t differs = 0;

		for (int x = x0; x <= x1; x++) {
			differs |= row[x] ^ first;
		}
		if (differs) {
			return false;
		}
	}
	return true;
}

static void feather_read(struct feather *feather, int left, int top)
{
	const struct matte *matte = feather->matte;
	const int side = feather->side;

	for (int y = 0; y < side; y++) {
		const int row = within(top + y - feather->reach, matte->height);
		const uint8_t *from = matte->alpha + (size_t)row * (size_t)matte->width;
		float *to = feather->in + (size_t)y * (size_t)side;

		for (int x = 0; x < side; x++) {
			to[x] = from[within(left + x - feather->reach, matte->width)];
		}
	}
}

static void feather_tile(struct feather *feather, int left, int top, struct matte *to)
{
	const int side = feather->side;
	const int reach = feather->reach;
	const int width = left + TILE < to->width ? TILE : to->width - left;
	const int height = top + TILE < to->height ? TILE : to->height - top;

	for (int y = 0; y < side; y++) {
		const float *restrict in = feather->in + (size_t)y * (size_t)side + reach;
		float *restrict out = feather->rows + (size_t)y * TILE;

		for (int x = 0; x < TILE; x++) {
			out[x] = in[x] * feather->kernel[0];
		}
		for (int k = 1; k <= reach; k++) {
			const float weight = feather->kernel[k];

			for (int x = 0; x < TILE; x++) {
				out[x] += (in[x - k] + in[x + k]) * weight;
			}
		}
	}
	for (int y = 0; y < height; y++) {
		const float *restrict in = feather->rows + (size_t)(y + reach) * TILE;
		uint8_t *out = to->alpha + (size_t)(top + y) * (size_t)to->width + (size_t)left;
		float sums[TILE];

		for (int x = 0; x < TILE; x++) {
			sums[x] = in[x] * feather->kernel[0] + 0.5f;
		}
		for (int k = 1; k <= reach; k++) {
			const float weight = feather->kernel[k];

			for (int x = 0; x < TILE; x++) {
				sums[x] += (in[x - k * TILE] + in[x + k * TILE]) * weight;
			}
		}
		for (int x = 0; x < width; x++) {
			out[x] = (uint8_t)sums[x];
		}
	}
}

int feather(struct matte *feathered, const struct matte *matte, double sigma, const struct job *job)
{
	const int reach = (int)ceil(3 * sigma);
	struct feather state = {.matte = matte, .reach = reach, .side = TILE + 2 * reach};
	const size_t side = (size_t)state.side;
	float *block = malloc((side * side + side * TILE + (size_t)reach + 1) * sizeof(*block));
	int result = block ? matte_init(feathered, matte->width, matte->height) : -ENOMEM;

	if (result == 0) {
		float *kernel = block + side * side + side * TILE;

		state.in = block;
		state.rows = block + side * side;
		state.kernel = kernel;
		gaussian(sigma, reach, kernel);
		memcpy(feathered->alpha, matte->alpha,
			(size_t)matte->width * (size_t)matte->height);
	}
	for (int top = 0; result == 0 && top < matte->height; top += TILE) {
		for (int left = 0; left < matte->width; left += TILE) {
			if (!feather_even(&state, left, top)) {
				feather_read(&state, left, top);
				feather_tile(&state, left, top, feathered);
			}
		}
		if (job_stopped(job)) {
			result = -ECANCELED;
		}
	}
	free(block);
	return result;
}
