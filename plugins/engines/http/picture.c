#include "http/picture.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const char *picture_type(const void *data, size_t len)
{
	const char *bytes = data;

	if (len >= 8 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0) {
		return "image/png";
	}
	if (len >= 3 && memcmp(bytes, "\xff\xd8\xff", 3) == 0) {
		return "image/jpeg";
	}
	if (len >= 12 && memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WEBP", 4) == 0) {
		return "image/webp";
	}
	return NULL;
}

void picture_encode(const void *data, size_t len, struct buf *out)
{
	const uint8_t *from = data;

	if (buf_reserve(out, (len + 2) / 3 * 4) < 0) {
		return;
	}
	for (size_t i = 0; i < len; i += 3) {
		size_t have = len - i < 3 ? len - i : 3;
		uint32_t bits = (uint32_t)from[i] << 16;
		char four[4];

		bits |= have > 1 ? (uint32_t)from[i + 1] << 8 : 0;
		bits |= have > 2 ? from[i + 2] : 0;
		for (size_t k = 0; k < 4; k++) {
			four[k] = k <= have ? alphabet[bits >> (18 - 6 * k) & 63] : '=';
		}
		buf_add(out, four, sizeof(four));
	}
}

/* The six bits of a character of either alphabet, or -1. */
static int value_of(unsigned char c)
{
	const char *at;

	if (c == '-' || c == '_') {
		c = c == '-' ? '+' : '/';
	}
	at = c ? strchr(alphabet, c) : NULL;
	return at ? (int)(at - alphabet) : -1;
}

int picture_decode(const char *text, size_t len, struct buf *out)
{
	uint32_t bits = 0;
	int have = 0;
	bool ended = false;

	if (buf_reserve(out, len / 4 * 3 + 3) < 0) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		int value = value_of(c);

		if (c == '=') {
			ended = true;
		} else if (value >= 0 && !ended) {
			bits = bits << 6 | (uint32_t)value;
			have += 6;
			if (have >= 8) {
				have -= 8;
				buf_add_char(out, (char)(bits >> have & 0xff));
			}
		} else if (!isspace(c)) {
			return -EINVAL;
		}
	}
	return buf_failed(out) ? -ENOMEM : 0;
}

const char *picture_of_data_url(const char *text)
{
	const char *comma;

	if (strncasecmp(text, "data:", 5) != 0) {
		return NULL;
	}
	comma = strchr(text, ',');
	return comma && comma - text > 12 && strncasecmp(comma - 7, ";base64", 7) == 0 ? comma + 1
										       : NULL;
}
