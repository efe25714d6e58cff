#include "image/sniff.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "lib/tempdir.h"
#include "lib/test.h"

#define BYTES(literal) (literal), sizeof(literal) - 1

#define JPEG_HEAD "\xff\xd8\xff\xe0\0\x06JFIF"
#define JPEG_FRAME "\xff\xc0\0\x11\x08\x01\x02\x03\x04\x03"
#define PNG_HEAD "\x89PNG\r\n\x1a\n\0\0\0\rIHDR"

static const struct {
	const char *data;
	size_t len;
	int result;
	struct image_info info;
} cases[] = {
	{BYTES(JPEG_HEAD JPEG_FRAME), 0, {IMAGE_JPEG, 0x304, 0x102, 0, false}},
	/* fill bytes, a marker without a length, a progressive frame */
	{BYTES("\xff\xd8\xff\xff\xff\xfe\0\3x\xff\x01\xff\xc2\0\x11\x08\0\1\0\2\3"), 0,
		{IMAGE_JPEG, 2, 1, 0, false}},
	/* a Huffman table is no frame */
	{BYTES("\xff\xd8\xff\xc4\0\x09"
	       "1234567\xff\xc0\0\x11\x08\0\7\0\5\3"),
		0, {IMAGE_JPEG, 5, 7, 0, false}},
	{BYTES("\xff\xd8\xff"), -EBADMSG, {0}},
	{BYTES(JPEG_HEAD), -EBADMSG, {0}},
	{BYTES(JPEG_HEAD "\xff\xda\0\2"), -EBADMSG, {0}},
	{BYTES(JPEG_HEAD "\xff\xe1\0\1" JPEG_FRAME), -EBADMSG, {0}},
	{BYTES(JPEG_HEAD "junk" JPEG_FRAME), -EBADMSG, {0}},
	{BYTES(JPEG_HEAD "\xff\xc0\0\x11\x08\0\0\3\4\3"), -EBADMSG, {0}},

	{BYTES(PNG_HEAD "\0\0\1\0\0\0\0\x20"), 0, {IMAGE_PNG, 256, 32, 1, false}},
	{BYTES(PNG_HEAD "\0\0\xea\x60\0\0\xea\x60"), 0, {IMAGE_PNG, 60000, 60000, 1, false}},
	{BYTES(PNG_HEAD "\0\0\0\0\0\0\0\1"), -EBADMSG, {0}},
	{BYTES(PNG_HEAD "\x80\0\0\0\0\0\0\1"), -EBADMSG, {0}},
	{BYTES(PNG_HEAD "\0\0\0\1"), -EBADMSG, {0}},
	{BYTES("\x89PNG\r\n\x1a\n\0\0\0\rIEND\0\0\0\1\0\0\0\1"), -EBADMSG, {0}},
	{BYTES(PNG_HEAD "\0\0\0\2\0\0\0\3\x08\2\0\0\0CRC_"
			"\0\0\0\x1a"
			"eXIfMM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0"),
		0, {IMAGE_PNG, 2, 3, 6, false}},
	{BYTES(PNG_HEAD "\0\0\0\2\0\0\0\3\x08\2\0\0\0CRC_"
			"\0\0\0\x1a"
			"eXIfII*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\x08\0\0\0"),
		0, {IMAGE_PNG, 2, 3, 8, false}},
	/* EXIF whose directory is elsewhere, or that ends within it */
	{BYTES(PNG_HEAD "\0\0\0\2\0\0\0\3\x08\2\0\0\0CRC_"
			"\0\0\0\x1a"
			"eXIfMM\0*\xff\xff\xff\xff\0\1\1\x12\0\3\0\0\0\1\0\6\0\0"),
		0, {IMAGE_PNG, 2, 3, 1, false}},
	{BYTES(PNG_HEAD "\0\0\0\2\0\0\0\3\x08\2\0\0\0CRC_"
			"\0\0\0\x1a"
			"eXIfMM\0*\0\0\0\x08\0\2\1"),
		0, {IMAGE_PNG, 2, 3, 1, false}},

	{BYTES("RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\xff\0\0\x1f\0\0"), 0,
		{IMAGE_WEBP, 256, 32, 0, true}},
	{BYTES("RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\x10\0\0\0\xff\xff\xff\xff\xff\xff"), 0,
		{IMAGE_WEBP, 1 << 24, 1 << 24, 0, false}},
	{BYTES("RIFF\0\0\0\0WEBPVP8 \x0a\0\0\0\0\0\0\x9d\x01\x2a\x40\1\xf0\xc0"), 0,
		{IMAGE_WEBP, 320, 240, 0, false}},
	{BYTES("RIFF\0\0\0\0WEBPVP8L\x06\0\0\0\x2f\x3f\xc1\x3b\0\0"), 0,
		{IMAGE_WEBP, 320, 240, 0, false}},
	{BYTES("RIFF\0\0\0\0WEBPVP8 \x0a\0\0\0\0\0\0\x9d\x01\x2b\x40\1\xf0\0"), -EBADMSG, {0}},
	{BYTES("RIFF\0\0\0\0WEBPJUNK\x0a\0\0\0\0\0\0\x9d\x01\x2a\x40\1\xf0\0"), -EBADMSG, {0}},
	{BYTES("RIFF\0\0\0\0WEBPVP8 "), -EBADMSG, {0}},
	{BYTES("RIFF\0\0\0\0WAVEfmt "), -EINVAL, {0}},

	{BYTES(""), -EINVAL, {0}},
	{BYTES("a text"), -EINVAL, {0}},
	{BYTES("GIF89a"), -EINVAL, {0}},
	{BYTES("\xff\xd8"), -EINVAL, {0}},
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

static void check(size_t i, int result, const struct err *err, const struct image_info *info)
{
	if (result != cases[i].result) {
		fail_msg("case %zu: %d (%s), not %d", i, result, err->text, cases[i].result);
	}
	if (result == 0) {
		assert_int_equal(info->type, cases[i].info.type);
		assert_int_equal(info->width, cases[i].info.width);
		assert_int_equal(info->height, cases[i].info.height);
		assert_int_equal(info->orientation, cases[i].info.orientation);
		assert_int_equal(info->animated, cases[i].info.animated);
	} else {
		assert_true(strlen(err->text) > 10);
	}
}

static void test_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		/* memory of just this size, so that a sanitizer sees a byte too many */
		char *copy = malloc(cases[i].len + (cases[i].len == 0));
		struct image_info info = {0};
		struct err err = {0};

		assert_non_null(copy);
		memcpy(copy, cases[i].data, cases[i].len);
		check(i, sniff_bytes(copy, cases[i].len, &err, &info), &err, &info);
		free(copy);
	}
}

static void test_files(void **state)
{
	char path[4096];

	tempdir_path(path, *state, "file");
	for (size_t i = 0; i < CASES; i++) {
		struct image_info info = {0};
		struct err err = {0};
		int fd;

		tempdir_write(path, cases[i].data, cases[i].len);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		assert_int_equal(lseek(fd, 3, SEEK_SET), 3);
		check(i, sniff_fd(fd, &err, &info), &err, &info);
		assert_int_equal(lseek(fd, 0, SEEK_CUR), 3);
		assert_int_equal(close(fd), 0);
	}
}

/* Every cut of every case is an answer and not a crash, and never a size that is not there. */
static void test_every_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		for (size_t len = 0; len < cases[i].len; len++) {
			struct image_info info = {0};
			char *copy = malloc(len + (len == 0));
			int result;

			assert_non_null(copy);
			memcpy(copy, cases[i].data, len);
			result = sniff_bytes(copy, len, NULL, &info);
			assert_true(result == 0 || result == -EINVAL || result == -EBADMSG);
			assert_true(result < 0 || (info.width > 0 && info.height > 0));
			free(copy);
		}
	}
}

/* A file of nothing but segments ends at a bound, without a frame. */
static void test_endless_segments(void **state)
{
	size_t len = 2 + 4 * 100000;
	char *data = malloc(len);
	struct image_info info;

	(void)state;
	assert_non_null(data);
	memcpy(data, "\xff\xd8", 2);
	for (size_t at = 2; at < len; at += 4) {
		memcpy(data + at, "\xff\xe1\0\2", 4);
	}
	assert_int_equal(sniff_bytes(data, len, NULL, &info), -EBADMSG);
	free(data);
}

static void test_names(void **state)
{
	static const enum image_type types[] = {IMAGE_JPEG, IMAGE_PNG, IMAGE_WEBP};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(image_type_of_media(image_type_media(types[i])), types[i]);
	}
	assert_string_equal(image_type_extension(IMAGE_JPEG), "jpg");
	assert_string_equal(image_type_name(IMAGE_WEBP), "WebP");
	assert_int_equal(image_type_of_media("image/gif"), 0);
	assert_int_equal(image_type_of_media(NULL), 0);
	assert_string_equal(image_type_extension(0), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test_setup_teardown(test_files, tempdir_setup, tempdir_teardown),
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_endless_segments),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
