/* Frames of a WebSocket, however the bytes come. */
#include "lib/test.h"

#include <stdlib.h>
#include <string.h>

#include "http/frames.h"

/* A text, a picture that is left out, a ping, a text in pieces, a long text. */
static void make(struct buf *out)
{
	buf_add(out, "\x81\x02hi", 4);
	buf_add(out, "\x82\x7e\x01\x00", 4);
	for (int i = 0; i < 256; i++) {
		buf_add_char(out, 'p');
	}
	buf_add(out, "\x89\x01!", 3);
	buf_add(out, "\x01\x02no\x80\x02no", 8);
	buf_add(out, "\x81\x7f\0\0\0\0\0\1\0\0", 10);
	for (int i = 0; i < 65536; i++) {
		buf_add_char(out, 'l');
	}
}

static void expect(struct frames *frames, unsigned *count)
{
	static const size_t lengths[] = {2, 1, 65536};
	const char *data = NULL;
	size_t len = 0;
	enum frame frame;

	while ((frame = frames_next(frames, &data, &len)) != FRAME_PARTIAL) {
		assert_int_equal(frame, *count == 1 ? FRAME_PING : FRAME_TEXT);
		assert_true(*count < 3);
		assert_int_equal(len, lengths[*count]);
		assert_int_equal(data[len - 1], "i!l"[*count]);
		(*count)++;
		frames_drop(frames);
	}
}

static void test_bytes_in_pieces(void **state)
{
	struct buf all = {0};

	(void)state;
	make(&all);
	for (size_t step = 1; step <= all.len; step = step < 40 ? step + 1 : step * 2) {
		struct frames frames = {0};
		unsigned count = 0;

		for (size_t at = 0; at < all.len; at += step) {
			size_t len = all.len - at < step ? all.len - at : step;

			assert_true(frames_add(&frames, all.data + at, len));
			expect(&frames, &count);
		}
		assert_int_equal(count, 3);
		assert_int_equal(frames.in.len, 0);
		frames_finish(&frames);
	}
	buf_finish(&all);
}

static void test_what_breaks_the_rules(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {{"\x88\x00", 2}, {"\xc1\x00", 2}, {"\x81\x80", 2}, {"\x89\x7e\x00\x7e", 4},
		{"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10}};
	const char *data;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct frames frames = {0};

		assert_true(frames_add(&frames, bad[i].bytes, bad[i].len));
		assert_int_equal(frames_next(&frames, &data, &len), FRAME_END);
		frames_finish(&frames);
	}
}

/* A text that is too long costs no memory. */
static void test_too_long(void **state)
{
	static char part[65536];
	struct frames frames = {0};
	const char *data = NULL;
	size_t len = 0;

	(void)state;
	assert_true(frames_add(&frames, "\x81\x7f\0\0\0\0\x10\0\0\0", 10));
	for (size_t at = 0; at < (256u << 20); at += sizeof(part)) {
		assert_int_equal(frames_next(&frames, &data, &len), FRAME_PARTIAL);
		assert_true(frames_add(&frames, part, sizeof(part)));
		assert_true(frames.in.len <= sizeof(part) + 10);
	}
	assert_true(frames_add(&frames, "\x81\x02ok", 4));
	assert_int_equal(frames_next(&frames, &data, &len), FRAME_TEXT);
	assert_memory_equal(data, "ok", 2);
	frames_finish(&frames);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_bytes_in_pieces),
		cmocka_unit_test(test_what_breaks_the_rules), cmocka_unit_test(test_too_long)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
