#include "executor/speak.h"

#include <errno.h>
#include <poll.h>

#include "base/buf.h"
#include "base/limits.h"
#include "executor/text.h"
#include "wire/channel.h"
#include "wire/msg.h"

int speak(int channel, const struct msg *msg)
{
	struct buf packet = {0};
	int result = msg_encode(msg, &packet);

	while (result == 0) {
		struct pollfd room = {.fd = channel, .events = POLLOUT};

		result = channel_send(channel, &packet, NULL, 0);
		if (result != -EAGAIN) {
			break;
		}
		result = poll(&room, 1, -1) < 0 && errno != EINTR ? -errno : 0;
	}
	buf_finish(&packet);
	return result;
}

void speak_log(int channel, enum log_level level, uint64_t job, const char *text)
{
	char line[LIMIT_PLUGIN_LOG_LINE + 1];
	struct msg msg = {.type = MSG_LOG};

	text_clean(line, sizeof(line), text);
	msg.log = (struct msg_log){.level = (uint64_t)level, .job = job, .text = line};
	(void)speak(channel, &msg);
}
