/* Puts the person before a new backdrop, or before none. */
#ifndef FORMY_LOCAL_COMPOSE_H
#define FORMY_LOCAL_COMPOSE_H

#include <formy/plugin.h>

#include "job.h"
#include "lab.h"
#include "matte.h"
#include "person.h"
#include "shadow.h"

/* What goes into a picture; all but source, matte and edge may be NULL. */
struct composition {
	const formy_image *source;
	const struct matte *matte; /* where the source's own colours are right */
	const struct matte *edge;  /* how much of each pixel is person in the result */

	/* Colours to use where the source's are mixed with the old backdrop's, over the matte's
	 * window: RGB, spread_width x spread_height pixels. */
	const uint8_t *spread;
	int spread_width;
	int spread_height;

	const formy_image *backdrop; /* covers the picture; NULL: clear */
	const struct lab_shift *tone;
	const struct shadow *shadow; /* on the backdrop */
};

/* How much the person's tone moves: lightness towards the backdrop's, colour as if some of the
 * light came from there. What the person wears has no part in it: orange clothes must not make a
 * face green. */
struct lab compose_tone(struct lab person, struct lab backdrop);

/* Writes the result, RGBA without a backdrop, RGB with one; pixels without gaps, source's size.
 * Says progress between the two marks. 0, -ECANCELED or -ENOMEM. */
int compose(const struct composition *composition, const struct job *job, int from, int to,
	uint8_t *ret_pixels);

#endif
