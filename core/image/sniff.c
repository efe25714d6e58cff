#include "image/sniff.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"

/* JPEG keeps its size behind any number of metadata segments; real files have a few dozen. */
#define MAX_JPEG_SEGMENTS 2048

/* Chunks of a PNG before its pixels, and bytes of EXIF: more is not looked at. */
#define MAX_PNG_CHUNKS 256
#define MAX_PNG_EXIF 1024

/* Where the bytes are: in a file, or in memory when fd is -1. */
struct source {
	int fd;
	struct str bytes;
};

static const struct {
	enum image_type type;
	const char *name;
	const char *extension;
	const char *media_type;
} types[] = {
	{IMAGE_JPEG, "JPEG", "jpg", "image/jpeg"},
	{IMAGE_PNG, "PNG", "png", "image/png"},
	{IMAGE_WEBP, "WebP", "webp", "image/webp"},
};

#define TYPE_COUNT (sizeof(types) / sizeof(types[0]))

const char *image_type_extension(enum image_type type)
{
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		if (types[i].type == type) {
			return types[i].extension;
		}
	}
	return "";
}

const char *image_type_media(enum image_type type)
{
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		if (types[i].type == type) {
			return types[i].media_type;
		}
	}
	return "";
}

const char *image_type_name(enum image_type type)
{
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		if (types[i].type == type) {
			return types[i].name;
		}
	}
	return "";
}

enum image_type image_type_of_media(const char *media_type)
{
	for (size_t i = 0; media_type && i < TYPE_COUNT; i++) {
		if (strcmp(types[i].media_type, media_type) == 0) {
			return types[i].type;
		}
	}
	return 0;
}

/* Reads what there is of len bytes at an offset; the number of bytes or a negative errno. */
static ssize_t read_some(const struct source *source, uint64_t offset, uint8_t *to, size_t len)
{
	size_t have = 0;

	if (source->fd < 0) {
		if (offset >= source->bytes.len) {
			return 0;
		}
		have = source->bytes.len - (size_t)offset;
		have = have < len ? have : len;
		memcpy(to, source->bytes.data + offset, have);
		return (ssize_t)have;
	}
	while (have < len) {
		ssize_t n = pread(source->fd, to + have, len - have, (off_t)(offset + have));

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return -errno;
		}
		if (n == 0) {
			break;
		}
		have += (size_t)n;
	}
	return (ssize_t)have;
}

static int read_header(
	const struct source *source, uint64_t offset, uint8_t *to, size_t len, struct err *err)
{
	ssize_t n = read_some(source, offset, to, len);

	if (n < 0) {
		return err_set(err, (int)n, "the picture cannot be read: %s", strerror((int)-n));
	}
	if ((size_t)n < len) {
		return err_set(err, -EBADMSG, "the picture is cut off within its header");
	}
	return 0;
}

static uint32_t be16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t be32(const uint8_t *at)
{
	return be16(at) << 16 | be16(at + 2);
}

static uint32_t le16(const uint8_t *at)
{
	return (uint32_t)at[1] << 8 | at[0];
}

static uint32_t le24(const uint8_t *at)
{
	return (uint32_t)at[2] << 16 | le16(at);
}

static int set_size(struct image_info *info, uint32_t width, uint32_t height, struct err *err)
{
	if (width == 0 || height == 0) {
		return err_set(err, -EBADMSG, "the picture's header says that it is %ux%u pixels",
			width, height);
	}
	info->width = width;
	info->height = height;
	return 0;
}

/* SOF0 to SOF15, without DHT, JPG and DAC, which stand between them. */
static bool is_frame_header(uint8_t marker)
{
	return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 &&
		marker != 0xcc;
}

static int sniff_jpeg(const struct source *source, struct err *err, struct image_info *info)
{
	uint64_t offset = 2;

	for (int i = 0; i < MAX_JPEG_SEGMENTS; i++) {
		uint8_t head[9];
		int result = read_header(source, offset, head, 4, err);

		if (result < 0) {
			return result;
		}
		if (head[0] != 0xff) {
			break;
		}
		if (head[1] == 0xff) {
			offset++; /* a fill byte */
			continue;
		}
		if (head[1] == 0x01 || (head[1] >= 0xd0 && head[1] <= 0xd7)) {
			offset += 2; /* markers without a length */
			continue;
		}
		if (head[1] == 0xd8 || head[1] == 0xd9 || head[1] == 0xda || head[1] == 0) {
			break; /* the picture begins or ends before it has a size */
		}
		if (is_frame_header(head[1])) {
			result = read_header(source, offset, head, sizeof(head), err);
			return result < 0 ? result
					  : set_size(info, be16(head + 7), be16(head + 5), err);
		}
		if (be16(head + 2) < 2) {
			break;
		}
		offset += 2 + be16(head + 2);
	}
	return err_set(err, -EBADMSG, "the JPEG's header is damaged");
}

/* The orientation in a block of EXIF, which is a TIFF file's head; 1 when there is none. */
static int read_orientation(const uint8_t *exif, size_t len)
{
	bool big = len >= 8 && memcmp(exif, "MM\0*", 4) == 0;
	uint32_t ifd;
	uint32_t entries;

	if (!big && (len < 8 || memcmp(exif, "II*\0", 4) != 0)) {
		return 1;
	}
	ifd = big ? be32(exif + 4) : le16(exif + 6) << 16 | le16(exif + 4);
	if (ifd > len - 2) {
		return 1;
	}
	entries = big ? be16(exif + ifd) : le16(exif + ifd);
	for (size_t at = ifd + 2; entries > 0 && at + 12 <= len; entries--, at += 12) {
		uint32_t tag = big ? be16(exif + at) : le16(exif + at);
		uint32_t value = big ? be16(exif + at + 8) : le16(exif + at + 8);

		if (tag == 0x0112) {
			return value >= 1 && value <= 8 ? (int)value : 1;
		}
	}
	return 1;
}

static int find_png_orientation(const struct source *source)
{
	uint64_t offset = 8;

	for (int i = 0; i < MAX_PNG_CHUNKS; i++) {
		uint8_t exif[MAX_PNG_EXIF];
		uint8_t head[8];
		size_t len;
		ssize_t n;

		if (read_header(source, offset, head, sizeof(head), NULL) < 0 ||
			memcmp(head + 4, "IDAT", 4) == 0) {
			break;
		}
		len = be32(head);
		if (memcmp(head + 4, "eXIf", 4) == 0) {
			n = read_some(
				source, offset + 8, exif, len < sizeof(exif) ? len : sizeof(exif));
			return n > 0 ? read_orientation(exif, (size_t)n) : 1;
		}
		offset += 12 + (uint64_t)len;
	}
	return 1;
}

static int sniff_png(const struct source *source, struct err *err, struct image_info *info)
{
	uint8_t head[24];
	int result = read_header(source, 0, head, sizeof(head), err);

	if (result < 0) {
		return result;
	}
	if (be32(head + 8) != 13 || memcmp(head + 12, "IHDR", 4) != 0 ||
		be32(head + 16) > INT32_MAX || be32(head + 20) > INT32_MAX) {
		return err_set(err, -EBADMSG, "the PNG's header is damaged");
	}
	info->orientation = find_png_orientation(source);
	return set_size(info, be32(head + 16), be32(head + 20), err);
}

static int sniff_webp(const struct source *source, struct err *err, struct image_info *info)
{
	uint8_t head[30];
	int result = read_header(source, 0, head, 25, err);

	if (result < 0) {
		return result;
	}
	/* the only kind whose size comes so early that the whole file may be shorter than 30 bytes */
	if (memcmp(head + 12, "VP8L", 4) == 0 && head[20] == 0x2f) {
		uint32_t bits = le16(head + 21) | le16(head + 23) << 16;

		return set_size(info, (bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1, err);
	}
	result = read_header(source, 0, head, sizeof(head), err);
	if (result < 0) {
		return result;
	}
	if (memcmp(head + 12, "VP8X", 4) == 0) {
		info->animated = head[20] & 0x02;
		return set_size(info, le24(head + 24) + 1, le24(head + 27) + 1, err);
	}
	if (memcmp(head + 12, "VP8 ", 4) == 0 && memcmp(head + 23, "\x9d\x01\x2a", 3) == 0) {
		return set_size(info, le16(head + 26) & 0x3fff, le16(head + 28) & 0x3fff, err);
	}
	return err_set(err, -EBADMSG, "the WebP's header is damaged");
}

static int sniff(const struct source *source, struct err *err, struct image_info *ret_info)
{
	struct image_info info = {0};
	uint8_t magic[12] = {0};
	ssize_t len = read_some(source, 0, magic, sizeof(magic));
	int result;

	if (len < 0) {
		return err_set(
			err, (int)len, "the picture cannot be read: %s", strerror((int)-len));
	}
	if (len == 0) {
		return err_set(err, -EINVAL, "the file is empty");
	}
	if (memcmp(magic, "\xff\xd8\xff", 3) == 0) {
		info.type = IMAGE_JPEG;
		result = sniff_jpeg(source, err, &info);
	} else if (memcmp(magic, "\x89PNG\r\n\x1a\n", 8) == 0) {
		info.type = IMAGE_PNG;
		result = sniff_png(source, err, &info);
	} else if (memcmp(magic, "RIFF", 4) == 0 && memcmp(magic + 8, "WEBP", 4) == 0) {
		info.type = IMAGE_WEBP;
		result = sniff_webp(source, err, &info);
	} else {
		return err_set(err, -EINVAL,
			"not a picture that Formy takes: send a JPEG, a PNG or a WebP");
	}
	if (result == 0) {
		*ret_info = info;
	}
	return result;
}

int sniff_fd(int fd, struct err *err, struct image_info *ret_info)
{
	const struct source source = {.fd = fd};

	return sniff(&source, err, ret_info);
}

int sniff_bytes(const void *data, size_t len, struct err *err, struct image_info *ret_info)
{
	const struct source source = {.fd = -1, .bytes = {data, len}};

	return sniff(&source, err, ret_info);
}
