/* Masks: one byte a pixel, 0 or 1, rows without gaps. */
#ifndef FORMY_LOCAL_MASK_H
#define FORMY_LOCAL_MASK_H

#include <stdint.h>

struct mask_box {
	int left;
	int top;
	int right;  /* one past the last column */
	int bottom; /* one past the last row */
};

/* For each pixel the square of its distance to the nearest pixel that is `of`, or INT32_MAX where
 * there is none. 0, or -ENOMEM. */
int mask_distance(const uint8_t *mask, int width, int height, uint8_t of, int32_t *ret_squares);

/* Adds all pixels within radius of the mask, or takes away all within radius of what is outside;
 * beyond the picture there is nothing. 0, or -ENOMEM. */
int mask_grow(const uint8_t *mask, int width, int height, int radius, uint8_t *ret_mask);
int mask_shrink(const uint8_t *mask, int width, int height, int radius, uint8_t *ret_mask);

/* Removes connected parts (of 4 neighbours) of less than `share` of the largest one's area. 0, or
 * -ENOMEM. ret_largest: the largest part's share of what was there before; may be NULL. */
int mask_drop_small(uint8_t *mask, int width, int height, double share, double *ret_largest);

/* Fills holes of at most `most` pixels that do not touch the picture's edge. 0, or -ENOMEM. */
int mask_fill_holes(uint8_t *mask, int width, int height, int most);

int mask_count(const uint8_t *mask, int width, int height);

/* The smallest box around the mask; empty (right == left) when the mask is. */
struct mask_box mask_bounds(const uint8_t *mask, int width, int height);

#endif
