/* The shadow where a person's feet touch the floor, without which they float before a new backdrop. */
#ifndef FORMY_LOCAL_SHADOW_H
#define FORMY_LOCAL_SHADOW_H

#include <stdint.h>

#include "matte.h"

/* A small plane of darkness over the picture. Zeroed there is none. */
struct shadow {
	uint8_t *plane;
	int width;
	int height;
	double across; /* cells of the plane for each pixel of the picture */
	double down;
	int left; /* the pixels where there is any */
	int right;
	int top;
	int bottom;
};

/* Fills a zeroed shadow below the lowest parts of the matte; none where the frame's lower edge cuts
 * the person. strength: 0 to 1. 0, or -ENOMEM. The caller finishes it in any case. */
int shadow_make(struct shadow *shadow, const struct matte *matte, double strength);
void shadow_finish(struct shadow *shadow);

/* Darkens row y of a backdrop of the picture's width, RGB. */
void shadow_row(const struct shadow *shadow, int y, uint8_t *rgb);

#endif
