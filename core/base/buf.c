#include "base/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct str str_of(const char *text)
{
	return (struct str){text, text ? strlen(text) : 0};
}

bool str_eq(struct str a, const char *text)
{
	size_t len = strlen(text);

	return a.len == len && (len == 0 || memcmp(a.data, text, len) == 0);
}

void buf_finish(struct buf *buf)
{
	if (buf) {
		free(buf->data);
		*buf = (struct buf){0};
	}
}

void buf_clear(struct buf *buf)
{
	buf->len = 0;
	buf->failed = false;
}

int buf_reserve(struct buf *buf, size_t more)
{
	size_t cap = buf->cap ? buf->cap : 64;
	char *data;

	if (buf->failed || more > SIZE_MAX / 4 - buf->len) {
		buf->failed = true;
		return -ENOMEM;
	}
	/* one byte beyond the content, for buf_cstr's NUL */
	if (buf->data && buf->len + more < buf->cap) {
		return 0;
	}
	while (cap <= buf->len + more) {
		cap *= 2;
	}
	data = realloc(buf->data, cap);
	if (!data) {
		buf->failed = true;
		return -ENOMEM;
	}
	buf->data = data;
	buf->cap = cap;
	return 0;
}

void buf_add(struct buf *buf, const void *data, size_t len)
{
	if (len > 0 && buf_reserve(buf, len) == 0) {
		memcpy(buf->data + buf->len, data, len);
		buf->len += len;
	}
}

void buf_add_text(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_add_char(struct buf *buf, char c)
{
	buf_add(buf, &c, 1);
}

void buf_add_number(struct buf *buf, int64_t number)
{
	char text[TEXT_NUMBER_SIZE];

	buf_add(buf, text, text_number(text, number));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0 || buf_reserve(buf, (size_t)len) < 0) {
		buf->failed = true;
		return;
	}
	va_start(args, format);
	(void)vsnprintf(buf->data + buf->len, (size_t)len + 1, format, args);
	va_end(args);
	buf->len += (size_t)len;
}

bool buf_failed(const struct buf *buf)
{
	return buf->failed;
}

const char *buf_cstr(struct buf *buf)
{
	if (buf->failed) {
		return NULL;
	}
	if (!buf->data) {
		return "";
	}
	buf->data[buf->len] = '\0';
	return buf->data;
}

size_t text_number(char to[static TEXT_NUMBER_SIZE], int64_t number)
{
	char digits[TEXT_NUMBER_SIZE];
	uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
	size_t at = sizeof(digits) - 1;
	size_t len;

	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (number < 0) {
		digits[--at] = '-';
	}
	len = sizeof(digits) - 1 - at;
	memcpy(to, digits + at, len);
	to[len] = '\0';
	return len;
}

bool text_copy(char *to, size_t size, const char *text)
{
	size_t len = strlen(text);
	bool fits = len < size;

	if (!fits) {
		len = size - 1;
		/* not in the middle of a character: step back to the first of its bytes */
		while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80) {
			len--;
		}
	}
	memcpy(to, text, len);
	to[len] = '\0';
	return fits;
}
