/* Frames: what one packet between supervisor and executor looks like.
 *
 * A frame is a type and a row of tagged fields, each a number or a run of bytes:
 *
 *	"FM" version type | u32 body length | { u16 tag, u16 zero, u32 length, bytes }...
 *
 * Numbers are little-endian. Unknown tags are skipped, so that a field can be added. Reading trusts
 * nothing: the other side may be a plugin that writes what it likes. Texts carry their NUL, so that
 * they can be used in place. */
#ifndef FORMY_WIRE_FRAME_H
#define FORMY_WIRE_FRAME_H

#include <stddef.h>
#include <stdint.h>

struct buf;

#define FRAME_HEADER_BYTES 8
#define FRAME_VERSION 1

struct frame {
	uint8_t type;
	const uint8_t *at; /* the next field */
	size_t left;       /* bytes */
};

struct frame_field {
	uint16_t tag;
	const uint8_t *data;
	uint32_t len;
};

/* Starts a frame in an empty buffer; fields follow; frame_end() makes it whole.
 * frame_end returns 0, -EMSGSIZE above LIMIT_FRAME, or -ENOMEM. */
void frame_begin(struct buf *out, uint8_t type);
void frame_add_bytes(struct buf *out, uint16_t tag, const void *data, size_t len);
void frame_add_text(struct buf *out, uint16_t tag, const char *text);
void frame_add_number(struct buf *out, uint16_t tag, uint64_t number);
int frame_end(struct buf *out);

/* Begins to read a packet, which the frame then points into. 0 or -EPROTO. */
int frame_open(const void *packet, size_t len, struct frame *ret_frame);

/* Takes the next field: 1, or 0 at the end, or -EPROTO. */
int frame_next(struct frame *frame, struct frame_field *ret_field);

/* A field as a number of 8 bytes, or as a text with its NUL and no other. 0 or -EPROTO. */
int frame_field_number(const struct frame_field *field, uint64_t *ret_number);
int frame_field_text(const struct frame_field *field, const char **ret_text);

#endif
