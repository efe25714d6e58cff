/* The guided filter (He, Sun and Tang): a soft matte that follows the picture's own edges.
 *
 * Near each pixel the matte is a linear function of the colour: red, green and blue slope and an
 * offset. They are found on a small picture and, interpolated, hold on the large one too. */
#ifndef FORMY_LOCAL_GUIDED_H
#define FORMY_LOCAL_GUIDED_H

#include <stdint.h>

struct guided_line {
	float slope[3]; /* for colours of 0 to 255 */
	float offset;
};

/* Fits the lines, one a pixel, of the mask (0 or 1) over the colours. radius: of the square around
 * a pixel that is looked at. softness: what contrast (squared, colours of 0 to 1) counts as none.
 * 0, or -ENOMEM. */
int guided_fit(const uint8_t *rgb, const uint8_t *mask, int width, int height, int radius,
	float softness, struct guided_line *ret_lines);

#endif
