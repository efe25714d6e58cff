#include "config/array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void *array_grow(void *items, size_t count, size_t size)
{
	char *grown = items;

	/* the room is always the next power of two, so it need not be remembered */
	if ((count & (count - 1)) == 0) {
		grown = reallocarray(items, count == 0 ? 1 : count * 2, size);
		if (grown == NULL) {
			return NULL;
		}
	}
	memset(grown + count * size, 0, size);
	return grown;
}

int array_add_text(char ***texts, size_t *count, const char *text)
{
	char *copy = strdup(text);
	char **grown = copy == NULL ? NULL : array_grow(*texts, *count, sizeof(*grown));

	if (grown == NULL) {
		free(copy);
		return -ENOMEM;
	}
	*texts = grown;
	grown[(*count)++] = copy;
	return 0;
}

void array_free_texts(char **texts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(texts[i]);
	}
	free(texts);
}
