#include "executor/memo.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "executor/speak.h"
#include "executor/task.h"
#include "executor/text.h"
#include "formy/extensions.h"
#include "wire/channel.h"
#include "wire/control.h"
#include "wire/msg.h"

#define LOOK_MS 50        /* between two looks whether the task shall stop */
#define PATIENCE_MS 15000 /* an outage of Redis may be shorter than this */
#define ANSWER_SIZE 256   /* of a KEPT packet, with room to spare */

static bool is_stopped(const formy_task *task)
{
	return task->setting.control && control_stopped(task->setting.control, task->job) != 0;
}

static formy_status fail(formy_task *task, formy_status status, const char *details)
{
	return task_fail(task, status, NULL,
		"The task's memo could not be kept, so nothing was submitted.", details);
}

static formy_status take_answer(formy_task *task, int64_t result)
{
	if (result == 0) {
		return FORMY_OK;
	}
	if (result == -ESTALE) {
		/* the supervisor tells it to stop, too */
		return FORMY_E_CANCELLED;
	}
	return fail(task, FORMY_E_UNREACHABLE, "Redis did not take it");
}

/* 0 and *ret_kept, -EAGAIN when nothing came within LOOK_MS, or another negative errno. */
static int receive_kept(int channel, struct msg_kept *ret_kept)
{
	struct pollfd ready = {.fd = channel, .events = POLLIN};
	unsigned char packet[ANSWER_SIZE];
	struct msg msg;
	ssize_t len;

	if (poll(&ready, 1, LOOK_MS) <= 0) {
		return -EAGAIN;
	}
	len = channel_receive(channel, packet, sizeof(packet), 0, NULL, 0, NULL);
	if (len <= 0) {
		return len == 0 ? -EPIPE : (int)len;
	}
	if (msg_decode(packet, (size_t)len, &msg) < 0 || msg.type != MSG_KEPT) {
		return -EPROTO;
	}
	*ret_kept = msg.kept;
	return 0;
}

static formy_status wait_kept(formy_task *task, uint64_t number)
{
	uint64_t end_ms = clock_mono_ms() + PATIENCE_MS;

	end_ms = task->deadline_ms < end_ms ? task->deadline_ms : end_ms;
	for (;;) {
		struct msg_kept kept = {0};
		int result = receive_kept(task->setting.channel, &kept);

		if (result == 0 && kept.number == number) {
			return take_answer(task, kept.result);
		}
		if (result < 0 && result != -EAGAIN && result != -EINTR) {
			return fail(task, FORMY_E_UNREACHABLE, "the worker is gone");
		}
		if (is_stopped(task)) {
			return FORMY_E_CANCELLED;
		}
		if (clock_mono_ms() >= end_ms) {
			return fail(task, FORMY_E_UNREACHABLE, "Redis did not answer in time");
		}
	}
}

formy_status memo_keep(formy_task *task, const char *text)
{
	char clean[FORMY_MEMO_LIMIT + 1] = "";
	struct msg msg = {.type = MSG_MEMO};
	formy_status status;

	if (text && strnlen(text, FORMY_MEMO_LIMIT + 1) > FORMY_MEMO_LIMIT) {
		return task_fail(task, FORMY_E_PARAMS, "INTERNAL_ERROR",
			"The engine's memo is longer than FORMY_MEMO_LIMIT.", NULL);
	}
	text_clean(clean, sizeof(clean), text);
	if (text && strcmp(clean, text) != 0) {
		return task_fail(task, FORMY_E_PARAMS, "INTERNAL_ERROR",
			"The engine's memo is no UTF-8 of one line.", NULL);
	}
	msg.memo = (struct msg_memo){
		.job = task->job,
		.number = ++task->memo_number,
		.text = clean[0] != '\0' ? clean : NULL,
	};
	if (speak(task->setting.channel, &msg) < 0) {
		return fail(task, FORMY_E_UNREACHABLE, "the worker is gone");
	}
	status = wait_kept(task, msg.memo.number);
	if (status == FORMY_OK) {
		memcpy(task->memo, clean, sizeof(clean));
	}
	return status;
}
