#include "cli/text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

#define NOT_UTF8 UINT32_MAX

/* Reads one character; *ret_len is at least 1. NOT_UTF8 for bytes that are none. */
static uint32_t next_character(const char *text, size_t len, size_t *ret_len)
{
	const unsigned char *bytes = (const unsigned char *)text;
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t need = bytes[0] < 0x80 ? 1
		: bytes[0] >= 0xf0    ? 4
		: bytes[0] >= 0xe0    ? 3
		: bytes[0] >= 0xc0    ? 2
				      : 0;
	uint32_t c;

	*ret_len = 1;
	if (need == 0 || need > len || bytes[0] > 0xf4) {
		return NOT_UTF8;
	}
	c = need == 1 ? bytes[0] : bytes[0] & (0x7fu >> need);
	for (size_t i = 1; i < need; i++) {
		if ((bytes[i] & 0xc0) != 0x80) {
			return NOT_UTF8;
		}
		c = (c << 6) | (bytes[i] & 0x3f);
	}
	if (c < least[need] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
		return NOT_UTF8;
	}
	*ret_len = need;
	return c;
}

struct range {
	uint32_t first;
	uint32_t last;
};

static bool in_ranges(uint32_t c, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (c >= ranges[i].first && c <= ranges[i].last) {
			return true;
		}
	}
	return false;
}

#define IN(c, ranges) in_ranges((c), (ranges), sizeof(ranges) / sizeof((ranges)[0]))

/* What acts on a terminal, or on the reader's eye, and does not show itself. */
static bool is_hidden(uint32_t c)
{
	static const struct range ranges[] = {
		{0x00, 0x1f},
		{0x7f, 0x9f},
		{0x200b, 0x200f},
		{0x2028, 0x202e},
		{0x2060, 0x206f},
		{0xfeff, 0xfeff},
		{0xfff9, 0xfffb},
		{0xe0000, 0xe007f},
	};

	return IN(c, ranges);
}

/* Marks that stand on the character before them. */
static bool is_combining(uint32_t c)
{
	static const struct range ranges[] = {
		{0x300, 0x36f},
		{0x483, 0x489},
		{0x591, 0x5bd},
		{0x610, 0x61a},
		{0x64b, 0x65f},
		{0x1ab0, 0x1aff},
		{0x1dc0, 0x1dff},
		{0x20d0, 0x20ff},
		{0xfe00, 0xfe0f},
		{0xfe20, 0xfe2f},
	};

	return IN(c, ranges);
}

/* East Asian wide characters and pictographs: two columns. */
static bool is_wide(uint32_t c)
{
	static const struct range ranges[] = {
		{0x1100, 0x115f},
		{0x2e80, 0x303e},
		{0x3041, 0x33ff},
		{0x3400, 0x4dbf},
		{0x4e00, 0x9fff},
		{0xa000, 0xa4cf},
		{0xac00, 0xd7a3},
		{0xf900, 0xfaff},
		{0xfe30, 0xfe6f},
		{0xff00, 0xff60},
		{0xffe0, 0xffe6},
		{0x1f300, 0x1f64f},
		{0x1f680, 0x1f6ff},
		{0x1f900, 0x1f9ff},
		{0x20000, 0x3fffd},
	};

	return IN(c, ranges);
}

void text_add_safe(struct buf *out, const char *text)
{
	size_t len = text ? strlen(text) : 0;
	size_t step;

	for (size_t i = 0; i < len; i += step) {
		uint32_t c = next_character(text + i, len - i, &step);

		if (c == NOT_UTF8) {
			buf_printf(out, "\\x%02x", (unsigned char)text[i]);
		} else if (c == '\n') {
			buf_add_text(out, "\\n");
		} else if (c == '\t') {
			buf_add_text(out, "\\t");
		} else if (is_hidden(c)) {
			buf_printf(out, c < 0x80 ? "\\x%02" PRIx32 : "\\u%04" PRIx32, c);
		} else {
			buf_add(out, text + i, step);
		}
	}
}

void text_add_safe_json(struct buf *out, const char *json)
{
	size_t len = strlen(json);
	size_t step;

	for (size_t i = 0; i < len; i += step) {
		uint32_t c = next_character(json + i, len - i, &step);

		if (c == NOT_UTF8) {
			buf_add_text(out, "\\ufffd");
		} else if (c >= 0x10000 && is_hidden(c)) {
			buf_printf(out, "\\u%04" PRIx32 "\\u%04" PRIx32,
				0xd800 + ((c - 0x10000) >> 10), 0xdc00 + (c & 0x3ff));
		} else if (c >= 0x20 && is_hidden(c)) {
			buf_printf(out, "\\u%04" PRIx32, c);
		} else {
			/* below a blank only JSON's own line ends can stand here */
			buf_add(out, json + i, step);
		}
	}
}

static size_t character_width(uint32_t c)
{
	if (c == NOT_UTF8) {
		return 1;
	}
	return is_combining(c) ? 0 : is_wide(c) ? 2 : 1;
}

size_t text_width(const char *text, size_t len)
{
	size_t width = 0;
	size_t step;

	for (size_t i = 0; i < len; i += step) {
		width += character_width(next_character(text + i, len - i, &step));
	}
	return width;
}

void text_add_cut(struct buf *out, const char *text, size_t columns)
{
	static const char dots[] = "...";
	size_t len = strlen(text);
	size_t room = columns > sizeof(dots) - 1 ? columns - (sizeof(dots) - 1) : 0;
	size_t width = 0;
	size_t end = 0;
	size_t step;

	if (text_width(text, len) <= columns) {
		buf_add(out, text, len);
		return;
	}
	while (end < len) {
		size_t more = character_width(next_character(text + end, len - end, &step));

		if (width + more > room) {
			break;
		}
		width += more;
		end += step;
	}
	buf_add(out, text, end);
	buf_add(out, dots, columns < sizeof(dots) - 1 ? columns : sizeof(dots) - 1);
}

void text_time(int64_t wall_us, char text[CLOCK_TEXT_SIZE])
{
	if (wall_us == 0) {
		(void)text_copy(text, CLOCK_TEXT_SIZE, "-");
	} else {
		clock_format_z(wall_us, text);
	}
}

void text_duration(struct buf *out, double seconds)
{
	int64_t whole = seconds > 0 && seconds < 1e12 ? (int64_t)seconds : 0;

	if (whole < 10) {
		buf_printf(out, "%.1f s", seconds > 0 ? seconds : 0.0);
	} else if (whole < 60) {
		buf_printf(out, "%" PRId64 " s", whole);
	} else if (whole < 3600) {
		buf_printf(out, "%" PRId64 " min %02" PRId64 " s", whole / 60, whole % 60);
	} else if (whole < 2 * 86400) {
		buf_printf(out, "%" PRId64 " h %02" PRId64 " min", whole / 3600, whole / 60 % 60);
	} else {
		buf_printf(out, "%" PRId64 " days", whole / 86400);
	}
}

void text_size(struct buf *out, int64_t bytes)
{
	if (bytes < 1000) {
		buf_printf(out, "%" PRId64 " bytes", bytes);
	} else if (bytes < 1000 * 1000) {
		buf_printf(out, "%.1f kB", (double)bytes / 1e3);
	} else {
		buf_printf(out, "%.1f MB", (double)bytes / 1e6);
	}
}
