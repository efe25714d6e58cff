/* Arrays that grow by one, for the folder's own use. */
#ifndef FORMY_CONFIG_ARRAY_H
#define FORMY_CONFIG_ARRAY_H

#include <stddef.h>

/* Room for one more after `count` items of `size` bytes, zeroed. Returns the array, moved, or
 * NULL when there is no memory: the old one is then as it was. */
void *array_grow(void *items, size_t count, size_t size);

/* Appends a copy of text to an array of strings. 0 or -ENOMEM. */
int array_add_text(char ***texts, size_t *count, const char *text);

void array_free_texts(char **texts, size_t count);

#endif
