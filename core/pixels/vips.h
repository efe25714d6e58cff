/* What the files of this folder share about libvips; for no other folder. */
#ifndef FORMY_PIXELS_VIPS_H
#define FORMY_PIXELS_VIPS_H

#include <stddef.h>
#include <stdint.h>
#include <vips/vips.h>

#include "pixels/pixels.h"

struct err;

/* Writes "<what>: <libvips' text>" on one line, and forgets the text. Returns code. */
int vips_fail(struct err *err, int code, const char *what);

/* Memory for rows without gaps, at an address that 64 divides. 0 or -ENOMEM. */
int pixels_allocate(
	uint32_t channels, uint32_t width, uint32_t height, struct err *err, struct pixels *ret);

/* A libvips image over the pixels, which must outlive it. NULL: libvips has the text. */
VipsImage *pixels_as_vips(const struct pixels *pixels);

#endif
