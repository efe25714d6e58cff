#include "cli/png.h"

#include <string.h>

#include "base/buf.h"

#define ADLER 65521u

static void add_number(struct buf *out, uint32_t number)
{
	for (int shift = 24; shift >= 0; shift -= 8) {
		buf_add_char(out, (char)(number >> shift & 0xff));
	}
}

static uint32_t crc_of(const char *data, size_t len)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < len; i++) {
		crc ^= (unsigned char)data[i];
		for (int bit = 0; bit < 8; bit++) {
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
		}
	}
	return ~crc;
}

static void add_chunk(struct buf *out, const char *type, const struct buf *data)
{
	size_t start;

	add_number(out, (uint32_t)data->len);
	start = out->len;
	buf_add(out, type, 4);
	buf_add(out, data->data, data->len);
	if (!buf_failed(out)) {
		add_number(out, crc_of(out->data + start, out->len - start));
	}
}

/* A row is one block of zlib that is stored as it is: its filter, and three bytes a pixel. */
static void add_row(struct buf *out, uint32_t width, uint32_t height, uint32_t y, uint32_t sums[2])
{
	uint32_t len = 1 + 3 * width;
	const char head[] = {y + 1 == height, (char)(len & 0xff), (char)(len >> 8),
		(char)(~len & 0xff), (char)(~len >> 8 & 0xff)};

	buf_add(out, head, sizeof(head));
	for (uint32_t i = 0; i < len; i++) {
		uint32_t x = i == 0 ? 0 : (i - 1) / 3;
		uint32_t byte = i == 0 ? 0
			: i % 3 == 1   ? x * 255 / width
			: i % 3 == 2   ? y * 255 / height
				       : 128;

		buf_add_char(out, (char)byte);
		sums[0] = (sums[0] + byte) % ADLER;
		sums[1] = (sums[1] + sums[0]) % ADLER;
	}
}

void png_add(struct buf *out, uint32_t width, uint32_t height)
{
	static const char rgb[] = {8, 2, 0, 0, 0};
	struct buf chunk = {0};
	uint32_t sums[2] = {1, 0};

	buf_add(out, "\x89PNG\r\n\x1a\n", 8);
	add_number(&chunk, width);
	add_number(&chunk, height);
	buf_add(&chunk, rgb, sizeof(rgb));
	add_chunk(out, "IHDR", &chunk);
	buf_clear(&chunk);
	buf_add(&chunk, "\x78\x01", 2);
	for (uint32_t y = 0; y < height; y++) {
		add_row(&chunk, width, height, y, sums);
	}
	add_number(&chunk, sums[1] << 16 | sums[0]);
	add_chunk(out, "IDAT", &chunk);
	buf_clear(&chunk);
	add_chunk(out, "IEND", &chunk);
	buf_finish(&chunk);
}
