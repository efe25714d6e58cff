/* A growable run of bytes, and views of bytes that belong to somebody else.
 *
 * A zeroed struct buf is empty and ready. Appending either does all of it or, out of memory,
 * nothing and marks the buffer: a row of appends needs one check of buf_failed() at its end.
 * buf_cstr() ends the bytes with a NUL that is not counted. */
#ifndef FORMY_BASE_BUF_H
#define FORMY_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *data;
	size_t len;
	size_t cap;
	bool failed;
};

/* A view: not owned, not ended by a NUL. */
struct str {
	const char *data;
	size_t len;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})

struct str str_of(const char *text);
bool str_eq(struct str a, const char *text);

/* Frees the memory; the buffer is then empty and ready again. Takes NULL. */
void buf_finish(struct buf *buf);

/* Forgets the bytes and a failure, keeps the memory. */
void buf_clear(struct buf *buf);

/* Makes room for `more` further bytes. 0 or -ENOMEM. */
int buf_reserve(struct buf *buf, size_t more);

void buf_add(struct buf *buf, const void *data, size_t len);
void buf_add_text(struct buf *buf, const char *text);
void buf_add_char(struct buf *buf, char c);

/* In decimal digits. */
void buf_add_number(struct buf *buf, int64_t number);

void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* True after an append that found no memory. */
bool buf_failed(const struct buf *buf);

/* The bytes as a string, "" when empty, NULL when an append failed. Valid until the next call. */
const char *buf_cstr(struct buf *buf);

#define TEXT_NUMBER_SIZE 21 /* the longest number and its NUL */

/* Writes a number in decimal digits, many times as fast as snprintf. Returns their count. */
size_t text_number(char to[static TEXT_NUMBER_SIZE], int64_t number);

/* Copies text into a fixed array, cut to fit, between two characters of UTF-8, and always ended by
 * a NUL. False when it was cut. */
bool text_copy(char *to, size_t size, const char *text);

#endif
