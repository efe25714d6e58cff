/* Packets of an executor, or of the supervisor: any bytes are a message or are refused, and what is
 * a message stays the same, byte by byte, when it is written, read and written again. */
#include "wire/msg.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void expect(bool good)
{
	if (!good) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf packet = {0};
	struct buf second = {0};
	struct msg msg;
	struct msg again;

	if (len <= LIMIT_FRAME && msg_decode(data, len, &msg) == 0 &&
		msg_encode(&msg, &packet) == 0) {
		expect(msg_decode(packet.data, packet.len, &again) == 0);
		expect(msg_encode(&again, &second) == 0);
		expect(packet.len == second.len &&
			memcmp(packet.data, second.data, packet.len) == 0);
	}
	buf_finish(&packet);
	buf_finish(&second);
	return 0;
}
