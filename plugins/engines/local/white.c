#include "white.h"

#include <errno.h>

formy_status white_behind(const struct job *job, formy_image *image)
{
	const uint64_t stride = (uint64_t)image->width * 3;
	uint8_t *pixels;

	if (image->format != FORMY_RGBA8) {
		return FORMY_OK;
	}
	pixels = job->host->alloc(job->task, stride * image->height);
	if (!pixels) {
		return job_fail(job, -ENOMEM, "no memory to lay the picture on white");
	}
	for (uint32_t y = 0; y < image->height; y++) {
		const uint8_t *from = image->pixels + y * image->stride;
		uint8_t *to = pixels + y * stride;

		for (uint32_t x = 0; x < image->width; x++, from += 4) {
			for (int c = 0; c < 3; c++) {
				*to++ = (uint8_t)((from[c] * from[3] + 255 * (255 - from[3]) +
							  127) /
					255);
			}
		}
	}
	image->format = FORMY_RGB8;
	image->stride = stride;
	image->pixels = pixels;
	return FORMY_OK;
}
