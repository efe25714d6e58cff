/* UTF-8, one character at a time. */
#ifndef FORMY_CONFIG_UTF8_H
#define FORMY_CONFIG_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The bytes of the character at text, 1 to 4; 0 when it is not UTF-8 (RFC 3629). */
size_t utf8_length(const unsigned char *text, size_t len);

/* True when all of text is UTF-8 and has no control characters but those in `allowed`. */
bool utf8_is_printable(const char *text, const char *allowed);

#endif
