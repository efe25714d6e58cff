/* The frames of a WebSocket, as a client reads them (RFC 6455). */
#ifndef FORMY_ENGINES_FRAMES_H
#define FORMY_ENGINES_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define FRAME_MOST (256 * 1024) /* bytes of a text that is taken; longer ones are left out */

enum frame { FRAME_PARTIAL, FRAME_TEXT, FRAME_PING, FRAME_END };

/* What was read and is no whole frame yet, and how much of what comes is left out. */
struct frames {
	struct buf in;
	uint64_t skip;
};

/* Takes bytes as they came. False: no memory. */
bool frames_add(struct frames *frames, const char *data, size_t len);

/* The next frame: *ret_len bytes at *ret_data, until frames_drop() takes it away. FRAME_END: it was
 * closed, or breaks the rules. */
enum frame frames_next(struct frames *frames, const char **ret_data, size_t *ret_len);
void frames_drop(struct frames *frames);
void frames_finish(struct frames *frames);

#endif
