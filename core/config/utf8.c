#include "config/utf8.h"

#include <stdint.h>
#include <string.h>

size_t utf8_length(const unsigned char *text, size_t len)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t more = text[0] < 0x80 ? 1
		: text[0] < 0xc0     ? 0
		: text[0] < 0xe0     ? 2
		: text[0] < 0xf0     ? 3
				     : 4;
	uint32_t code;

	if (more == 1) {
		return 1;
	}
	if (more == 0 || more > len || text[0] > 0xf4) {
		return 0;
	}
	code = text[0] & (0x7fU >> more);
	for (size_t i = 1; i < more; i++) {
		if ((text[i] & 0xc0) != 0x80) {
			return 0;
		}
		code = code << 6 | (text[i] & 0x3fU);
	}
	if (code < smallest[more] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
		return 0;
	}
	return more;
}

bool utf8_is_printable(const char *text, const char *allowed)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len;) {
		size_t more = utf8_length((const unsigned char *)text + i, len - i);

		if (more == 0) {
			return false;
		}
		if (((unsigned char)text[i] < 0x20 || text[i] == 0x7f) &&
			strchr(allowed, text[i]) == NULL) {
			return false;
		}
		i += more;
	}
	return true;
}
