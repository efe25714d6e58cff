/* Text from Redis, made fit for a terminal, and how wide it stands there.
 *
 * Control characters, bytes that are no UTF-8 and characters that turn the direction of writing
 * are shown as escapes: nothing that somebody put into a task can move the cursor. */
#ifndef FORMY_CLI_TEXT_H
#define FORMY_CLI_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

struct buf;

/* Appends the text on one line: "\n", "\x1b", "\u202e" for what must not come through. NULL counts
 * as empty. */
void text_add_safe(struct buf *out, const char *text);

/* The same for a JSON text, which stays the same JSON. */
void text_add_safe_json(struct buf *out, const char *json);

/* Columns on a terminal; what text_add_safe() makes. */
size_t text_width(const char *text, size_t len);

/* Appends at most so many columns of the text, with "..." at the end when it was cut. */
void text_add_cut(struct buf *out, const char *text, size_t columns);

/* "2026-11-17T10:00:00.123Z"; "-" for 0. */
void text_time(int64_t wall_us, char text[CLOCK_TEXT_SIZE]);

/* "0.4 s", "12 s", "3 min 05 s", "2 h 10 min", "3 days". */
void text_duration(struct buf *out, double seconds);

/* "512 bytes", "12.3 kB", "4.1 MB". */
void text_size(struct buf *out, int64_t bytes);

#endif
