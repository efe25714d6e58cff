/* A picture to try a plugin with: a gradient as PNG, written without a library, not compressed. */
#ifndef FORMY_CLI_PNG_H
#define FORMY_CLI_PNG_H

#include <stdint.h>

struct buf;

void png_add(struct buf *out, uint32_t width, uint32_t height);

#endif
