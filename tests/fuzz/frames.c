/* Packets of an executor, or of the supervisor: any bytes are a message or are refused, and what is
 * a message stays the same when it is written and read again. */
#include "wire/msg.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf packet = {0};
	struct msg msg;
	struct msg again;

	if (len <= LIMIT_FRAME && msg_decode(data, len, &msg) == 0) {
		if (msg_encode(&msg, &packet) == 0 &&
			(msg_decode(packet.data, packet.len, &again) < 0 ||
				again.type != msg.type)) {
			abort();
		}
	}
	buf_finish(&packet);
	return 0;
}
