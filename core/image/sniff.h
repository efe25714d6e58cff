/* What a picture is, by its first bytes: type, size, whether it moves. No decoder is involved, so
 * limits can be checked before one sees the file.
 *
 * All of it is read as hostile: every step is bounded. No state; any thread. */
#ifndef FORMY_IMAGE_SNIFF_H
#define FORMY_IMAGE_SNIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

enum image_type { IMAGE_JPEG = 1, IMAGE_PNG = 2, IMAGE_WEBP = 3 };

struct image_info {
	enum image_type type;
	uint32_t width;  /* as stored: an EXIF orientation may swap the two */
	uint32_t height; /* both at least 1 */
	int orientation; /* EXIF's 1 to 8 in a PNG, where decoders pass it over; 0: not looked for */
	bool animated;   /* a WebP of several frames; an animated PNG counts as its first picture */
};

/* Looks at a file from its start; the descriptor's position is neither used nor changed. Returns
 * 0, -EINVAL when it is none of the three types, -EBADMSG when it is one with a header that is
 * damaged or cut, or another negative errno. */
int sniff_fd(int fd, struct err *err, struct image_info *ret_info);

/* The same for bytes in memory. */
int sniff_bytes(const void *data, size_t len, struct err *err, struct image_info *ret_info);

/* "jpg", "png", "webp". */
const char *image_type_extension(enum image_type type);

/* "image/jpeg", "image/png", "image/webp"; and back: 0 for another text or NULL. */
const char *image_type_media(enum image_type type);
enum image_type image_type_of_media(const char *media_type);

/* "JPEG", "PNG", "WebP". */
const char *image_type_name(enum image_type type);

#endif
