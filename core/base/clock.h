/* Time: the monotonic clock for deadlines, the wall clock for what people and Redis read.
 *
 * Tests move time by setting the two pointers; nothing else writes them. */
#ifndef FORMY_BASE_CLOCK_H
#define FORMY_BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_TEXT_SIZE 28 /* "2026-11-17T10:00:00.123456Z" and its NUL */

/* Microseconds since some fixed moment; never goes back. */
extern uint64_t (*clock_mono_us)(void);

/* The same in milliseconds. */
uint64_t clock_mono_ms(void);

/* Microseconds since 1970-01-01 UTC. */
extern int64_t (*clock_wall_us)(void);

/* Writes a time as the contract's fields hold it: UTC, six digits, no zone. */
void clock_format(int64_t wall_us, char text[CLOCK_TEXT_SIZE]);

/* The same for people and JSON: milliseconds and a Z. */
void clock_format_z(int64_t wall_us, char text[CLOCK_TEXT_SIZE]);

/* Reads "YYYY-MM-DDTHH:MM:SS", with or without a fraction and a zone (Z or +HH:MM); no zone means
 * UTC. A blank may stand for the T. Returns 0, or -EINVAL when text is not such a time. */
int clock_parse(const char *text, int64_t *ret_wall_us);

#endif
