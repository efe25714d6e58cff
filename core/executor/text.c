#include "executor/text.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

/* The bytes of the character that begins here, or 0 when there is none of UTF-8: overlong forms,
 * surrogates and what lies beyond U+10FFFF are none. */
static size_t character_length(const unsigned char *at)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t value;
	size_t len;

	if (at[0] < 0x80) {
		return 1;
	}
	if (at[0] >= 0xc2 && at[0] < 0xe0) {
		len = 2;
		value = at[0] & 0x1f;
	} else if ((at[0] & 0xf0) == 0xe0) {
		len = 3;
		value = at[0] & 0x0f;
	} else if (at[0] >= 0xf0 && at[0] < 0xf5) {
		len = 4;
		value = at[0] & 0x07;
	} else {
		return 0;
	}
	for (size_t i = 1; i < len; i++) {
		/* a NUL is no continuation, so nothing past the end is read */
		if ((at[i] & 0xc0) != 0x80) {
			return 0;
		}
		value = value << 6 | (at[i] & 0x3f);
	}
	if (value < least[len] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) {
		return 0;
	}
	return len;
}

#define TEXT_SECRETS 2 /* an engine's and its helper's */

static char *secrets[TEXT_SECRETS]; /* never freed: the process ends with the last use */

#define SECRET_MIN 8 /* characters: a shorter one would take parts out of words */
#define SECRET_SHOWN "***"

int text_hide(const char *secret)
{
	if (strlen(secret) < SECRET_MIN) {
		return 0;
	}
	for (size_t i = 0; i < TEXT_SECRETS; i++) {
		if (!secrets[i]) {
			secrets[i] = strdup(secret);
			return secrets[i] ? 0 : -ENOMEM;
		}
	}
	return -E2BIG;
}

bool text_has_secret(const char *text)
{
	for (size_t i = 0; i < TEXT_SECRETS; i++) {
		if (secrets[i] && strstr(text, secrets[i])) {
			return true;
		}
	}
	return false;
}

/* The bytes of the secret that begins here, or 0. */
static size_t secret_length(const char *at)
{
	for (size_t i = 0; i < TEXT_SECRETS; i++) {
		size_t len = secrets[i] ? strlen(secrets[i]) : 0;

		if (len > 0 && strncmp(at, secrets[i], len) == 0) {
			return len;
		}
	}
	return 0;
}

void text_clean(char *to, size_t size, const char *text)
{
	const unsigned char *at = (const unsigned char *)(text ? text : "");
	size_t len = 0;

	while (*at) {
		size_t bytes = character_length(at);
		size_t needed = bytes ? bytes : 1;
		size_t hidden = secret_length((const char *)at);

		if (hidden > 0) {
			if (len + strlen(SECRET_SHOWN) >= size) {
				break;
			}
			memcpy(to + len, SECRET_SHOWN, strlen(SECRET_SHOWN));
			len += strlen(SECRET_SHOWN);
			at += hidden;
			continue;
		}
		if (len + needed >= size) {
			break;
		}
		if (bytes == 0) {
			to[len] = '?';
		} else if (*at < 0x20 || *at == 0x7f) {
			to[len] = ' ';
		} else {
			memcpy(to + len, at, bytes);
		}
		len += needed;
		at += needed;
	}
	to[len] = '\0';
}
