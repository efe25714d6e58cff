#include "http/frames.h"

#include <string.h>

#define FIN 0x80
#define RESERVED 0x70
#define OPCODE 0x0f
#define MASKED 0x80
#define CONTROL_MOST 125 /* bytes of a ping */

enum opcode { OPCODE_TEXT = 1, OPCODE_CLOSE = 8, OPCODE_PING = 9 };

/* A frame's head. */
struct head {
	size_t bytes; /* of the head itself; 0: it is not whole yet */
	uint64_t len; /* of what follows */
};

static const uint8_t *bytes_of(const struct frames *frames)
{
	return (const uint8_t *)frames->in.data;
}

static struct head read_head(const struct frames *frames)
{
	const uint8_t *at = bytes_of(frames);
	size_t more;
	struct head head = {0};

	if (frames->in.len < 2) {
		return head;
	}
	head.len = at[1] & ~MASKED & 0xff;
	more = head.len == 127 ? 8 : head.len == 126 ? 2 : 0;
	if (frames->in.len < 2 + more) {
		return head;
	}
	for (size_t i = 0; i < more; i++) {
		head.len = (i == 0 ? 0 : head.len << 8) | at[2 + i];
	}
	head.bytes = 2 + more;
	return head;
}

static void cut(struct frames *frames, size_t len)
{
	memmove(frames->in.data, frames->in.data + len, frames->in.len - len);
	frames->in.len -= len;
}

bool frames_add(struct frames *frames, const char *data, size_t len)
{
	size_t left_out = frames->skip < len ? (size_t)frames->skip : len;

	frames->skip -= left_out;
	buf_add(&frames->in, data + left_out, len - left_out);
	return !buf_failed(&frames->in);
}

/* Leaves out a frame, of which a part has come. */
static void leave_out(struct frames *frames, const struct head *head)
{
	uint64_t whole = head->bytes + head->len;
	size_t here = whole < frames->in.len ? (size_t)whole : frames->in.len;

	cut(frames, here);
	frames->skip = whole - here;
}

enum frame frames_next(struct frames *frames, const char **ret_data, size_t *ret_len)
{
	for (;;) {
		const struct head head = read_head(frames);
		const uint8_t first = frames->in.len > 0 ? bytes_of(frames)[0] : 0;
		const uint8_t opcode = first & OPCODE;
		const bool ping = opcode == OPCODE_PING;

		if (head.bytes == 0) {
			return FRAME_PARTIAL;
		}
		if ((first & RESERVED) || (bytes_of(frames)[1] & MASKED) ||
			opcode == OPCODE_CLOSE || head.len > INT64_MAX ||
			(ping && head.len > CONTROL_MOST)) {
			return FRAME_END;
		}
		/* pictures, and texts in pieces, which nobody needs */
		if (!(first & FIN) || (!ping && opcode != OPCODE_TEXT) || head.len > FRAME_MOST) {
			leave_out(frames, &head);
			if (frames->skip > 0) {
				return FRAME_PARTIAL;
			}
			continue;
		}
		if (frames->in.len < head.bytes + head.len) {
			return FRAME_PARTIAL;
		}
		*ret_data = frames->in.data + head.bytes;
		*ret_len = (size_t)head.len;
		return ping ? FRAME_PING : FRAME_TEXT;
	}
}

void frames_drop(struct frames *frames)
{
	const struct head head = read_head(frames);

	cut(frames, head.bytes + (size_t)head.len);
}

void frames_finish(struct frames *frames)
{
	buf_finish(&frames->in);
	*frames = (struct frames){0};
}
