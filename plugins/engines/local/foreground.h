/* The person's own colours, carried outwards past the edge, so that a soft edge does not show the
 * old backdrop through (halo). */
#ifndef FORMY_LOCAL_FOREGROUND_H
#define FORMY_LOCAL_FOREGROUND_H

#include <stdint.h>

/* Keeps the colours where `known` is 1 and spreads them over all the rest, near ones first
 * (push-pull). All grey where nothing is known. 0, or -ENOMEM. */
int foreground_spread(
	const uint8_t *rgb, const uint8_t *known, int width, int height, uint8_t *ret_rgb);

#endif
