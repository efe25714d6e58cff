#include "plate.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "foreground.h"
#include "mask.h"

#define SOMEBODY 6       /* of the plane: less is nobody */
#define GRAIN_MOST 12.0  /* more is an edge and no grain */
#define GRAIN_MEAN 1.95f /* of |2a - b - c| for noise with a deviation of 1 */

float plate_grain(const uint8_t *rgb, const uint8_t *known, int width, int height)
{
	double sum = 0;
	long n = 0;

	for (int y = 0; y < height; y++) {
		for (int x = 1; x + 1 < width; x++) {
			const size_t i = (size_t)y * (size_t)width + (size_t)x;
			const uint8_t *p = rgb + 3 * i;

			if (known[i] && known[i - 1] && known[i + 1]) {
				sum += fmin(abs(2 * p[1] - p[-2] - p[4]), GRAIN_MOST);
				n++;
			}
		}
	}
	return n ? (float)(sum / (double)n) / GRAIN_MEAN : 0;
}

float plate_noise(size_t i)
{
	uint32_t bits = (uint32_t)i * 2654435761u + 0x9e3779b9u;
	int sum = 0;

	for (int k = 0; k < 3; k++) {
		bits ^= bits >> 15;
		bits *= 2246822519u;
		bits ^= bits >> 13;
		sum += (int)(bits & 0xffff);
	}
	return ((float)sum - 98303) / 32768;
}

int plate_make(const uint8_t *rgb, const uint8_t *person, int width, int height, int margin,
	uint8_t *ret_rgb, float *ret_grain)
{
	const size_t count = (size_t)width * (size_t)height;
	uint8_t *near = calloc(2, count);
	uint8_t *known = near ? near + count : NULL;
	int result = -ENOMEM;

	if (near) {
		for (size_t i = 0; i < count; i++) {
			known[i] = person[i] > SOMEBODY;
		}
		result = mask_grow(known, width, height, margin, near);
	}
	for (size_t i = 0; result == 0 && i < count; i++) {
		known[i] = !near[i];
	}
	if (result == 0) {
		result = foreground_spread(rgb, known, width, height, ret_rgb);
	}
	if (result == 0) {
		result = plate_fill_patches(rgb, known, width, height, ret_rgb);
	}
	if (result == 0 && ret_grain) {
		*ret_grain = plate_grain(rgb, known, width, height);
	}
	free(near);
	return result;
}
