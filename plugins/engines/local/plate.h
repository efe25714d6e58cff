/* The backdrop without the person: what is behind them is guessed from what lies around. */
#ifndef FORMY_LOCAL_PLATE_H
#define FORMY_LOCAL_PLATE_H

#include <stddef.h>
#include <stdint.h>

/* Fills ret_rgb with the picture's backdrop: its own colours where `person` (a plane) is next to
 * nothing and no person is within `margin` pixels, elsewhere what goes with that.
 * ret_grain: how rough the backdrop's pixels are, so that what is filled in can be as rough; may
 * be NULL. 0, or -ENOMEM. */
int plate_make(const uint8_t *rgb, const uint8_t *person, int width, int height, int margin,
	uint8_t *ret_rgb, float *ret_grain);

/* Replaces what is not `known` (a mask) and was filled in smoothly by pixels of the picture, patch by patch such
 * that they go with each other and with what lies around; the same on each run. Does nothing where too little
 * is known. Sides below 32767. 0, or -ENOMEM. */
int plate_fill_patches(
	const uint8_t *rgb, const uint8_t *known, int width, int height, uint8_t *filled);

/* How rough the pixels are where `known` (a mask) is 1: about the deviation of their noise. */
float plate_grain(const uint8_t *rgb, const uint8_t *known, int width, int height);

/* Grain for pixel i: about normal, -3 to 3, the same on each run. */
float plate_noise(size_t i);

#endif
