/* Planes: one byte a pixel, 0 to 255 as a share from none to all, rows without gaps. */
#ifndef FORMY_LOCAL_PLANE_H
#define FORMY_LOCAL_PLANE_H

#include <stdint.h>

/* Gaussian blur in place; the edge's pixels go on beyond it. 0, or -ENOMEM. */
int plane_blur(uint8_t *plane, int width, int height, double sigma);

/* Between pixels' centres, linear. */
void plane_resize(const uint8_t *from, int from_width, int from_height, uint8_t *ret_plane,
	int width, int height);

/* The value at a place between pixels' centres; outside 0. */
float plane_at(const uint8_t *plane, int width, int height, double x, double y);

/* Sets the pixels whose centres lie in the polygon of at most PLANE_CORNERS corners. */
#define PLANE_CORNERS 64
void plane_fill(uint8_t *plane, int width, int height, const double (*corners)[2], int count,
	uint8_t value);

#endif
