/* The matte: how much of each pixel of the full-size picture is person, 0 to 255. */
#ifndef FORMY_LOCAL_MATTE_H
#define FORMY_LOCAL_MATTE_H

#include <stdbool.h>
#include <stdint.h>

#include <formy/plugin.h>

#include "job.h"
#include "person.h"

struct matte {
	int width;
	int height;
	uint8_t *alpha;
	struct region window; /* beyond it the matte is 0; whole pixels */
};

/* An empty matte of a picture's size. 0, or -ENOMEM. */
int matte_init(struct matte *matte, int width, int height);

/* From the person's mask: soft where the picture is, at the size of the picture. Fills a zeroed
 * matte. 0, -ECANCELED or -ENOMEM. The caller finishes it in any case. */
int matte_from_person(struct matte *matte, const formy_image *image, const struct person *person,
	const struct job *job);

/* From the alpha that the picture brings. */
int matte_from_alpha(struct matte *matte, const formy_image *image);

/* True when an RGBA picture's alpha says something: a part of it is clear. */
bool matte_in_alpha(const formy_image *image);

void matte_finish(struct matte *matte);

#endif
