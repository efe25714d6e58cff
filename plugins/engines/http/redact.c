#include "http/redact.h"

#include <string.h>

#include "base/buf.h"
#include "http/setting.h"

/* Shorter ones would take innocent words with them, and are no secrets. */
#define SECRET_MIN 6

/* The length of the secret that text begins with; 0: it begins with none. */
static size_t secret_at(const struct http_setting *setting, const char *text)
{
	size_t len = setting->api_key ? strlen(setting->api_key) : 0;

	if (len >= SECRET_MIN && strncmp(text, setting->api_key, len) == 0) {
		return len;
	}
	for (size_t i = 0; setting->headers[i]; i++) {
		const char *value = strchr(setting->headers[i], ':') + 1;

		value += strspn(value, " \t");
		/* "Bearer KEY": the word is no secret, the rest is */
		if (strncmp(value, "Bearer ", 7) == 0) {
			value += 7;
		}
		len = strlen(value);
		if (len >= SECRET_MIN && strncmp(text, value, len) == 0) {
			return len;
		}
	}
	return 0;
}

void redact(const struct http_setting *setting, const char *text, char *to, size_t size)
{
	struct buf safe = {0};

	while (*text) {
		size_t len = secret_at(setting, text);

		if (len > 0) {
			buf_add_text(&safe, "***");
			text += len;
		} else {
			buf_add_char(&safe, *text++);
		}
	}
	(void)text_copy(to, size, buf_failed(&safe) ? "" : buf_cstr(&safe));
	buf_finish(&safe);
}
