/* A row of names as one text. */
#ifndef FORMY_CLI_NAMES_H
#define FORMY_CLI_NAMES_H

#include <stddef.h>

struct buf;

/* Appends "a, b, c"; nothing for none. */
void names_add(struct buf *out, const char *const *names, size_t count);

#endif
