/* Pictures as services send and take them: what bytes are, and base64. */
#ifndef FORMY_ENGINES_PICTURE_H
#define FORMY_ENGINES_PICTURE_H

#include <stddef.h>

#include "base/buf.h"

/* "image/png", "image/jpeg" or "image/webp" by the first bytes; NULL: none of them. */
const char *picture_type(const void *data, size_t len);

/* Appends bytes as base64, or what base64 stands for; blanks in it do not count. The latter
 * returns 0, -EINVAL or -ENOMEM. */
void picture_encode(const void *data, size_t len, struct buf *out);
int picture_decode(const char *text, size_t len, struct buf *out);

/* The base64 of a data URL ("data:image/png;base64,..."); NULL when text is none. */
const char *picture_of_data_url(const char *text);

#endif
