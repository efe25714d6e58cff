#include "sample.h"

#include <math.h>
#include <stddef.h>

#include "scale.h"

void sample_smooth(
	const uint8_t *rgb, int width, int height, double u, double v, float ret_colour[3])
{
	const double cu = fmin(fmax(u, 0), width - 1);
	const double cv = fmin(fmax(v, 0), height - 1);
	const int x0 = (int)cu;
	const int y0 = (int)cv;
	const int x1 = x0 + 1 < width ? x0 + 1 : x0;
	const int y1 = y0 + 1 < height ? y0 + 1 : y0;
	const float tx = (float)(cu - x0);
	const float ty = (float)(cv - y0);

	for (int c = 0; c < 3; c++) {
		const float top =
			rgb[3 * ((size_t)y0 * (size_t)width + (size_t)x0) + (size_t)c] * (1 - tx) +
			rgb[3 * ((size_t)y0 * (size_t)width + (size_t)x1) + (size_t)c] * tx;
		const float low =
			rgb[3 * ((size_t)y1 * (size_t)width + (size_t)x0) + (size_t)c] * (1 - tx) +
			rgb[3 * ((size_t)y1 * (size_t)width + (size_t)x1) + (size_t)c] * tx;

		ret_colour[c] = top * (1 - ty) + low * ty;
	}
}

/* The weights of four neighbours for a place t between the inner two (Catmull and Rom 1974). */
static void cubic(double t, double ret_weights[4])
{
	ret_weights[0] = ((-0.5 * t + 1) * t - 0.5) * t;
	ret_weights[1] = (1.5 * t - 2.5) * t * t + 1;
	ret_weights[2] = ((-1.5 * t + 2) * t + 0.5) * t;
	ret_weights[3] = (0.5 * t - 0.5) * t * t;
}

void sample_sharp(const formy_image *image, double x, double y, float ret_colour[3])
{
	const double x0 = floor(x);
	const double y0 = floor(y);
	double across[4];
	double down[4];
	double sums[3] = {0, 0, 0};

	cubic(x - x0, across);
	cubic(y - y0, down);
	for (int j = 0; j < 4; j++) {
		const double row = fmin(fmax(y0 + j - 1, 0), image->height - 1.);

		for (int i = 0; i < 4; i++) {
			const double column = fmin(fmax(x0 + i - 1, 0), image->width - 1.);
			const double weight = across[i] * down[j];
			uint8_t rgb[3];

			pixel_as_rgb(image, (size_t)column, (size_t)row, rgb);
			for (int c = 0; c < 3; c++) {
				sums[c] += weight * rgb[c];
			}
		}
	}
	for (int c = 0; c < 3; c++) {
		ret_colour[c] = (float)fmin(fmax(sums[c], 0), 255);
	}
}
