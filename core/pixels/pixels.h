/* Files to pixels and back, by libvips. The executor's only: decoders run nowhere else.
 *
 * Pixels are sRGB, 8 bits a channel, upright; alpha is not premultiplied. What is encoded carries
 * no metadata at all. pixels_init() comes first; then one thread at a time, as the text of libvips'
 * errors is kept per process. libvips' own threads are inside. */
#ifndef FORMY_PIXELS_PIXELS_H
#define FORMY_PIXELS_PIXELS_H

#include <stddef.h>
#include <stdint.h>

#include "image/sniff.h"

struct buf;
struct err;

/* A picture in memory. memory is what pixels_finish() frees: NULL when the pixels belong to
 * somebody else. */
struct pixels {
	uint32_t channels; /* 1 grey, 3 RGB, 4 RGBA */
	uint32_t width;
	uint32_t height;
	size_t stride; /* bytes from row to row */
	const uint8_t *data;
	void *memory;
};

struct pixels_limits {
	uint64_t max_bytes;  /* of the file; 0: no limit */
	uint64_t max_pixels; /* width times height; 0: no limit */
	uint32_t min_side;   /* the shorter side, in pixels; 0: no limit */
};

struct pixels_encoding {
	enum image_type type;
	int quality; /* 1 to 100 for JPEG and WebP; 0: the default, 92 */
};

/* Starts libvips, without modules, with so many threads of its own, and with no loaders but JPEG, PNG and WebP.
 * warn: takes libvips' warnings, NULL drops them. Once a process. 0 or a negative errno. */
int pixels_init(unsigned threads, void (*warn)(const char *text), struct err *err);

void pixels_shutdown(void);

/* The contract's error code for a negative result of pixels_decode_*(), see there; and for one of
 * the functions that write: STORAGE_FULL, RESOURCE_LIMIT_EXCEEDED, else RESULT_SAVE_FAILED. */
const char *pixels_error_code(int result);
const char *pixels_write_code(int result);

/* Decodes a file from its start, by its content. Orientation is applied, the profile converted,
 * alpha kept when any pixel is not opaque: *ret_pixels has 3 or 4 channels, rows without gaps, at
 * an address that 64 divides, and is the caller's to pixels_finish(). Returns 0 or:
 *	-EINVAL   no JPEG, PNG or WebP, or an animation   IMAGE_FORMAT_INVALID
 *	-EFBIG    more bytes or pixels than the limits    IMAGE_SIZE_TOO_LARGE
 *	-ERANGE   shorter side below the limit            IMAGE_SIZE_TOO_SMALL
 *	-EBADMSG  damaged or cut short                    IMAGE_DECODE_FAILED
 *	-ENOMEM   no memory                               RESOURCE_LIMIT_EXCEEDED
 *	another   the file could not be read              IMAGE_LOAD_FAILED */
int pixels_decode_fd(
	int fd, const struct pixels_limits *limits, struct err *err, struct pixels *ret_pixels);

/* The same for a file in memory. */
int pixels_decode_bytes(const void *data, size_t len, const struct pixels_limits *limits,
	struct err *err, struct pixels *ret_pixels);

/* Frees the memory and zeroes the struct. Takes NULL and a zeroed struct. */
void pixels_finish(struct pixels *pixels);

/* Encodes a picture, appending to out. JPEG shows RGBA on white. 0 or a negative errno. */
int pixels_encode(const struct pixels *pixels, const struct pixels_encoding *how, struct err *err,
	struct buf *out);

/* Encodes into a new file, which is synced; removed again on failure. Returns 0, -ENOSPC or
 * -EDQUOT when the disk is full, or another negative errno. */
int pixels_write(const struct pixels *pixels, const struct pixels_encoding *how, const char *path,
	struct err *err, uint64_t *ret_size);

/* Writes a JPEG that fits PIXELS_THUMBNAIL_SIDE, RGBA on a checkerboard; never enlarged. */
#define PIXELS_THUMBNAIL_SIDE 256
int pixels_write_thumbnail(
	const struct pixels *pixels, const char *path, struct err *err, uint64_t *ret_size);

/* Writes pictures side by side as a JPEG, at one height: that of the tallest, at most
 * PIXELS_COMPARISON_HEIGHT. RGBA on a checkerboard. */
#define PIXELS_COMPARISON_HEIGHT 1024
int pixels_write_comparison(const struct pixels *const *pictures, size_t count, const char *path,
	struct err *err, uint64_t *ret_size);

#endif
