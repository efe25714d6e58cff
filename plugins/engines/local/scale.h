/* Reads a region of a picture, scaled, row by row from the top: by area when it gets smaller, by
 * lines between neighbours when it gets larger. Never needs a copy of the picture.
 *
 * The picture must outlive the scaler; the caller destroys the scaler. */
#ifndef FORMY_LOCAL_SCALE_H
#define FORMY_LOCAL_SCALE_H

#include <stddef.h>
#include <stdint.h>

#include <formy/plugin.h>

/* A region in pixels of a picture; need not fall on whole ones. */
struct region {
	double x;
	double y;
	double width;
	double height;
};

enum scale_what {
	SCALE_RGB = 3,  /* the colours; a grey picture's three times, alpha left out */
	SCALE_ALPHA = 1 /* the alpha of an RGBA picture */
};

struct scaler;

struct region region_whole(const formy_image *image);

/* The largest region of the picture, in its middle, with the proportions of width to height. */
struct region region_cover(const formy_image *image, int width, int height);

/* 0, -ENOMEM, or -EINVAL for a result without pixels. */
int scaler_create(const formy_image *image, struct region region, int width, int height,
	enum scale_what what, struct scaler **ret_scaler);
void scaler_destroy(struct scaler *scaler);

/* The next row: width pixels. After the last one it repeats that. */
void scaler_row(struct scaler *scaler, uint8_t *ret_row);

/* All at once, rows without gaps; fails as scaler_create(). */
int scale_picture(const formy_image *image, struct region region, int width, int height,
	enum scale_what what, uint8_t *ret_pixels);

/* The pixels of one row as RGB: the picture's own, or converted into room for its width. */
const uint8_t *row_as_rgb(const formy_image *image, int y, uint8_t *room);

/* One pixel, which must lie in the picture. */
void pixel_as_rgb(const formy_image *image, size_t x, size_t y, uint8_t ret_rgb[3]);

#endif
