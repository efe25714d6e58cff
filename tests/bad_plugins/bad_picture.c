/* Hands over a picture whose rows do not fit its width. */
#define BAD_RUN
#define BAD_FLAGS 0
#include "bad.h"

static formy_status bad_run(const formy_host *host, void *state, formy_task *task)
{
	static const uint8_t pixels[12];
	const formy_image image = {
		.size = sizeof(image),
		.format = FORMY_RGB8,
		.width = 4,
		.height = 4,
		.stride = 3,
		.pixels = pixels,
	};

	(void)state;
	return host->result(task, "output", &image);
}
