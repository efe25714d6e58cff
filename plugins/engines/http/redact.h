/* Takes an engine's secrets out of texts that others see: its key, and the values of its headers. */
#ifndef FORMY_ENGINES_REDACT_H
#define FORMY_ENGINES_REDACT_H

#include <stddef.h>

struct http_setting;

/* Writes text with *** for each secret into to, cut to fit between two characters. */
void redact(const struct http_setting *setting, const char *text, char *to, size_t size);

#endif
