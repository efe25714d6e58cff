#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "pixels/pixels.h"
#include "pixels/vips.h"

#define DEFAULT_QUALITY 92

/* Measured on photographs of 12 MP: a third to a half of the time of libvips' own choice (level 6,
 * no filter), and fewer bytes. */
#define PNG_COMPRESSION 1
#define PNG_FILTER VIPS_FOREIGN_PNG_FILTER_UP

#define WEBP_EFFORT 2

/* Where encoded bytes go: into a buffer, or a file when there is none. libvips would reduce a full
 * disk to a text, so the error is kept here. */
struct output {
	struct buf *buf;
	int fd;
	int result;
	uint64_t size;
};

static gint64 take_bytes(VipsTargetCustom *target, const void *data, gint64 len, gpointer user)
{
	struct output *output = user;

	(void)target;
	if (output->buf) {
		buf_add(output->buf, data, (size_t)len);
		output->result = buf_failed(output->buf) ? -ENOMEM : 0;
	} else {
		output->result = fs_write_all(output->fd, data, (size_t)len);
	}
	if (output->result < 0) {
		return -1;
	}
	output->size += (uint64_t)len;
	return len;
}

static int save(VipsImage *image, VipsTarget *target, const struct pixels_encoding *how)
{
	int quality = how->quality >= 1 && how->quality <= 100 ? how->quality : DEFAULT_QUALITY;
	VipsArrayDouble *white;
	int result;

	switch (how->type) {
	case IMAGE_JPEG:
		white = vips_array_double_newv(1, 255.0);
		result = vips_jpegsave_target(
			image, target, "Q", quality, "strip", TRUE, "background", white, NULL);
		vips_area_unref(VIPS_AREA(white));
		return result;
	case IMAGE_PNG:
		return vips_pngsave_target(image, target, "compression", PNG_COMPRESSION, "filter",
			PNG_FILTER, "strip", TRUE, NULL);
	case IMAGE_WEBP:
		return vips_webpsave_target(
			image, target, "Q", quality, "effort", WEBP_EFFORT, "strip", TRUE, NULL);
	}
	vips_error("formy", "no such type of picture");
	return -1;
}

/* Drops the chunks of metadata from a WebP file, in place; returns its new length. libvips 8.14
 * writes a block of EXIF however much one asks it not to. */
static size_t strip_webp(uint8_t *data, size_t len)
{
	size_t to = 12; /* "RIFF", the size of what follows, "WEBP" */
	size_t at = 12;

	while (len > at && len - at >= 8) {
		uint8_t *chunk = data + at;
		size_t size = (size_t)chunk[7] << 24 | (size_t)chunk[6] << 16 |
			(size_t)chunk[5] << 8 | chunk[4];

		size += 8 + size % 2;
		if (size > len - at) {
			break;
		}
		at += size;
		if (memcmp(chunk, "VP8X", 4) == 0) {
			chunk[8] &= (uint8_t)~0x2c; /* says that there are ICC, EXIF and XMP */
		}
		if (memcmp(chunk, "EXIF", 4) != 0 && memcmp(chunk, "XMP ", 4) != 0 &&
			memcmp(chunk, "ICCP", 4) != 0) {
			memmove(data + to, chunk, size);
			to += size;
		}
	}
	if (len < 12) {
		return len;
	}
	for (int i = 0; i < 4; i++) {
		data[4 + i] = (uint8_t)((to - 8) >> (8 * i));
	}
	return to;
}

static int save_to(struct output *output, const struct pixels *pixels,
	const struct pixels_encoding *how, struct err *err)
{
	VipsImage *image = pixels_as_vips(pixels);
	VipsTargetCustom *target = vips_target_custom_new();
	int result = 0;

	if (target) {
		(void)g_signal_connect(target, "write", G_CALLBACK(take_bytes), output);
	}
	if (!image || !target || save(image, VIPS_TARGET(target), how) != 0) {
		result = output->result < 0 ? output->result : -EIO;
	}
	if (result < 0 && output->result == 0) {
		result = vips_fail(err, result, "the picture cannot be encoded");
	}
	vips_error_clear();
	g_clear_object(&target);
	g_clear_object(&image);
	return result;
}

static int encode(const struct pixels *pixels, const struct pixels_encoding *how, struct err *err,
	struct output *output)
{
	struct buf file = {0};
	struct output in_memory = {.buf = &file, .fd = -1};
	int result;

	if (how->type == IMAGE_WEBP) {
		result = save_to(&in_memory, pixels, how, err);
		output->result = in_memory.result;
		if (result == 0) {
			size_t len = strip_webp((uint8_t *)file.data, file.len);

			result = take_bytes(NULL, file.data, (gint64)len, output) < 0
				? output->result
				: 0;
		}
		buf_finish(&file);
	} else {
		result = save_to(output, pixels, how, err);
	}
	if (output->result < 0) {
		result = err_set(err, result, "the %s cannot be written: %s",
			image_type_name(how->type), strerror(-result));
	}
	return result;
}

int pixels_encode(const struct pixels *pixels, const struct pixels_encoding *how, struct err *err,
	struct buf *out)
{
	struct output output = {.buf = out, .fd = -1};

	return encode(pixels, how, err, &output);
}

int pixels_write(const struct pixels *pixels, const struct pixels_encoding *how, const char *path,
	struct err *err, uint64_t *ret_size)
{
	struct output output = {0};
	int result;

	output.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (output.fd < 0) {
		return err_set(err, -errno, "%s cannot be made: %s", path, strerror(errno));
	}
	result = encode(pixels, how, err, &output);
	if (result == 0 && fsync(output.fd) < 0) {
		result = err_set(err, -errno, "%s cannot be written: %s", path, strerror(errno));
	}
	if (close(output.fd) < 0 && result == 0) {
		result = err_set(err, -errno, "%s cannot be written: %s", path, strerror(errno));
	}
	if (result < 0) {
		(void)unlink(path);
		return result;
	}
	*ret_size = output.size;
	return 0;
}
