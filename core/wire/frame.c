#include "wire/frame.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"

#define FIELD_HEADER_BYTES 8

static void put_u16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value & 0xff);
	at[1] = (uint8_t)(value >> 8);
}

static void put_u32(uint8_t *at, uint32_t value)
{
	put_u16(at, (uint16_t)(value & 0xffff));
	put_u16(at + 2, (uint16_t)(value >> 16));
}

static uint16_t get_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t get_u32(const uint8_t *at)
{
	return (uint32_t)get_u16(at) | (uint32_t)get_u16(at + 2) << 16;
}

void frame_begin(struct buf *out, uint8_t type)
{
	const uint8_t header[FRAME_HEADER_BYTES] = {'F', 'M', FRAME_VERSION, type};

	buf_clear(out);
	buf_add(out, header, sizeof(header));
}

void frame_add_bytes(struct buf *out, uint16_t tag, const void *data, size_t len)
{
	uint8_t header[FIELD_HEADER_BYTES] = {0};

	if (len > LIMIT_FRAME) {
		/* no frame can hold it: frame_end has to say so, without a copy of it */
		out->failed = true;
		return;
	}
	put_u16(header, tag);
	put_u32(header + 4, (uint32_t)len);
	buf_add(out, header, sizeof(header));
	buf_add(out, data, len);
}

void frame_add_text(struct buf *out, uint16_t tag, const char *text)
{
	frame_add_bytes(out, tag, text, strlen(text) + 1);
}

void frame_add_number(struct buf *out, uint16_t tag, uint64_t number)
{
	uint8_t bytes[8];

	put_u32(bytes, (uint32_t)(number & 0xffffffff));
	put_u32(bytes + 4, (uint32_t)(number >> 32));
	frame_add_bytes(out, tag, bytes, sizeof(bytes));
}

int frame_end(struct buf *out)
{
	if (buf_failed(out) || out->len > LIMIT_FRAME) {
		return -EMSGSIZE;
	}
	put_u32((uint8_t *)out->data + 4, (uint32_t)(out->len - FRAME_HEADER_BYTES));
	return 0;
}

int frame_open(const void *packet, size_t len, struct frame *ret_frame)
{
	const uint8_t *bytes = packet;

	if (len < FRAME_HEADER_BYTES || len > LIMIT_FRAME || bytes[0] != 'F' || bytes[1] != 'M' ||
		bytes[2] != FRAME_VERSION || get_u32(bytes + 4) != len - FRAME_HEADER_BYTES) {
		return -EPROTO;
	}
	*ret_frame = (struct frame){
		.type = bytes[3],
		.at = bytes + FRAME_HEADER_BYTES,
		.left = len - FRAME_HEADER_BYTES,
	};
	return 0;
}

int frame_next(struct frame *frame, struct frame_field *ret_field)
{
	uint32_t len;

	if (frame->left == 0) {
		return 0;
	}
	if (frame->left < FIELD_HEADER_BYTES) {
		return -EPROTO;
	}
	len = get_u32(frame->at + 4);
	if (len > frame->left - FIELD_HEADER_BYTES || get_u16(frame->at + 2) != 0) {
		return -EPROTO;
	}
	*ret_field = (struct frame_field){
		.tag = get_u16(frame->at),
		.data = frame->at + FIELD_HEADER_BYTES,
		.len = len,
	};
	frame->at += FIELD_HEADER_BYTES + len;
	frame->left -= FIELD_HEADER_BYTES + len;
	return 1;
}

int frame_field_number(const struct frame_field *field, uint64_t *ret_number)
{
	if (field->len != 8) {
		return -EPROTO;
	}
	*ret_number = (uint64_t)get_u32(field->data) | (uint64_t)get_u32(field->data + 4) << 32;
	return 0;
}

int frame_field_text(const struct frame_field *field, const char **ret_text)
{
	const uint8_t *end = field->len > 0 ? memchr(field->data, '\0', field->len) : NULL;

	if (!end || (size_t)(end - field->data) != field->len - 1) {
		return -EPROTO;
	}
	*ret_text = (const char *)field->data;
	return 0;
}
