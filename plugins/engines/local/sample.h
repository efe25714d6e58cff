/* Colours of a picture between its pixels; beyond its edge the edge's. */
#ifndef FORMY_LOCAL_SAMPLE_H
#define FORMY_LOCAL_SAMPLE_H

#include <stdint.h>

#include <formy/plugin.h>

/* Over 2 x 2 pixels of an RGB buffer without gaps. */
void sample_smooth(
	const uint8_t *rgb, int width, int height, double u, double v, float ret_colour[3]);

/* Over 4 x 4 pixels of an image, which keeps it sharp (Catmull and Rom 1974). */
void sample_sharp(const formy_image *image, double x, double y, float ret_colour[3]);

#endif
