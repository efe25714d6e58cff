/* Frames, messages, the channel and the control page. */
#include "lib/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "wire/channel.h"
#include "wire/control.h"
#include "wire/frame.h"
#include "wire/msg.h"

static struct msg sample_outcome(void)
{
	return (struct msg){
		.type = MSG_OUTCOME,
		.outcome =
			{
				.job = 7,
				.status = -102,
				.code = "INVALID_SOURCE_IMAGE",
				.message = "No person was found.",
				.run_us = 123456,
			},
	};
}

static void test_message_comes_back(void **state)
{
	struct msg sent = sample_outcome();
	struct buf packet = {0};
	struct msg got;

	(void)state;
	assert_int_equal(msg_encode(&sent, &packet), 0);
	assert_int_equal(msg_decode(packet.data, packet.len, &got), 0);
	assert_int_equal(got.type, MSG_OUTCOME);
	assert_int_equal(got.outcome.job, 7);
	assert_int_equal(got.outcome.status, -102);
	assert_string_equal(got.outcome.code, "INVALID_SOURCE_IMAGE");
	assert_string_equal(got.outcome.message, "No person was found.");
	assert_null(got.outcome.details);
	assert_int_equal(got.outcome.run_us, 123456);
	buf_finish(&packet);
}

static void test_required_fields_are_missed(void **state)
{
	struct msg sent = {.type = MSG_JOB, .job = {.job = 1, .task_id = "t", .config = "{}"}};
	struct buf packet = {0};
	struct msg got;

	(void)state;
	assert_int_equal(msg_encode(&sent, &packet), 0);
	assert_int_equal(msg_decode(packet.data, packet.len, &got), -EPROTO);
	sent.job.roles = "";
	assert_int_equal(msg_encode(&sent, &packet), 0);
	assert_int_equal(msg_decode(packet.data, packet.len, &got), 0);
	buf_finish(&packet);
}

static void test_unknown_fields_are_skipped(void **state)
{
	struct buf packet = {0};
	struct msg got;

	(void)state;
	frame_begin(&packet, MSG_REFUSED);
	frame_add_text(&packet, 1, "ENGINE_NOT_AVAILABLE");
	frame_add_text(&packet, 99, "from a newer Formy");
	frame_add_text(&packet, 2, "no model");
	assert_int_equal(frame_end(&packet), 0);
	assert_int_equal(msg_decode(packet.data, packet.len, &got), 0);
	assert_string_equal(got.refused.message, "no model");
	buf_finish(&packet);
}

static void test_texts_end_once(void **state)
{
	static const char *const bad[] = {"", "no end", "two\0ends\0"};
	static const size_t lengths[] = {0, 6, 9};
	struct msg got;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct buf packet = {0};

		frame_begin(&packet, MSG_REFUSED);
		frame_add_bytes(&packet, 1, bad[i], lengths[i]);
		frame_add_text(&packet, 2, "x");
		assert_int_equal(frame_end(&packet), 0);
		assert_int_equal(msg_decode(packet.data, packet.len, &got), -EPROTO);
		buf_finish(&packet);
	}
}

/* Whatever a plugin writes into the channel: decoding answers, and reads nothing beyond it. */
static void test_garbage_is_refused(void **state)
{
	struct msg sent = sample_outcome();
	struct buf packet = {0};
	struct msg got;

	(void)state;
	assert_int_equal(msg_encode(&sent, &packet), 0);
	for (size_t len = 0; len < packet.len; len++) {
		char *copy = malloc(len ? len : 1);

		assert_non_null(copy);
		memcpy(copy, packet.data, len);
		assert_int_equal(msg_decode(copy, len, &got), -EPROTO);
		free(copy);
	}
	srand(1);
	for (unsigned round = 0; round < 20000; round++) {
		char *copy = malloc(packet.len);

		assert_non_null(copy);
		memcpy(copy, packet.data, packet.len);
		for (unsigned i = 0; i < 3; i++) {
			copy[(size_t)rand() % packet.len] = (char)rand();
		}
		if (msg_decode(copy, packet.len, &got) == 0 && got.type == MSG_OUTCOME &&
			got.outcome.message) {
			assert_true(strlen(got.outcome.message) < packet.len);
		}
		free(copy);
	}
	buf_finish(&packet);
}

static void test_too_large_is_said(void **state)
{
	char *text = malloc(LIMIT_FRAME + 10);
	struct msg sent = {.type = MSG_LOG, .log = {.text = text}};
	struct buf packet = {0};

	(void)state;
	assert_non_null(text);
	memset(text, 'x', LIMIT_FRAME + 9);
	text[LIMIT_FRAME + 9] = '\0';
	assert_int_equal(msg_encode(&sent, &packet), -EMSGSIZE);
	text[LIMIT_FRAME - 100] = '\0';
	assert_int_equal(msg_encode(&sent, &packet), 0);
	buf_finish(&packet);
	free(text);
}

static void test_channel_carries_descriptors(void **state)
{
	struct buf packet = {0};
	unsigned char room[LIMIT_FRAME];
	int fds[LIMIT_TASK_INPUTS];
	size_t count = 0;
	int ends[2];
	int pipes[2];

	(void)state;
	assert_int_equal(channel_pair(ends), 0);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	buf_add_text(&packet, "hello");
	assert_int_equal(channel_send(ends[0], &packet, pipes, 1), 0);
	assert_int_equal(
		channel_receive(ends[1], room, sizeof(room), 0, fds, LIMIT_TASK_INPUTS, &count), 5);
	assert_int_equal(count, 1);
	assert_int_equal(write(pipes[1], "x", 1), 1);
	assert_int_equal(read(fds[0], room, 1), 1);
	assert_int_equal(fcntl(fds[0], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	/* descriptors that nobody asked for are an offence, and do not stay open */
	assert_int_equal(channel_send(ends[1], &packet, pipes, 2), 0);
	assert_int_equal(channel_receive(ends[0], room, sizeof(room), 0, NULL, 0, NULL), -EPROTO);
	/* a packet that does not fit is an offence, not half a packet */
	assert_int_equal(channel_send(ends[1], &packet, NULL, 0), 0);
	assert_int_equal(channel_receive(ends[0], room, 3, 0, NULL, 0, NULL), -EPROTO);
	assert_int_equal(channel_receive(ends[0], room, 3, MSG_DONTWAIT, NULL, 0, NULL), -EAGAIN);
	(void)close(ends[1]);
	assert_int_equal(channel_receive(ends[0], room, sizeof(room), 0, NULL, 0, NULL), 0);
	assert_int_equal(channel_send(ends[0], &packet, NULL, 0), -EPIPE);
	(void)close(ends[0]);
	(void)close(fds[0]);
	(void)close(pipes[0]);
	(void)close(pipes[1]);
	buf_finish(&packet);
}

static void test_largest_frame_fits_a_packet(void **state)
{
	struct buf packet = {0};
	unsigned char *room = malloc(LIMIT_FRAME);
	int ends[2];

	(void)state;
	assert_non_null(room);
	assert_int_equal(channel_pair(ends), 0);
	assert_int_equal(buf_reserve(&packet, LIMIT_FRAME), 0);
	memset(packet.data, 0, LIMIT_FRAME);
	packet.len = LIMIT_FRAME;
	assert_int_equal(channel_send(ends[0], &packet, NULL, 0), 0);
	assert_int_equal(
		channel_receive(ends[1], room, LIMIT_FRAME, 0, NULL, 0, NULL), LIMIT_FRAME);
	(void)close(ends[0]);
	(void)close(ends[1]);
	buf_finish(&packet);
	free(room);
}

static void test_control_page_stops_one_job(void **state)
{
	const struct control_page *seen;
	struct control_page *page;
	int fd;

	(void)state;
	assert_int_equal(control_create(&page, &fd), 0);
	seen = control_map(fd);
	assert_non_null(seen);
	assert_int_equal(control_stopped(seen, 1), 0);
	control_stop(page, 2, CONTROL_TIMEOUT);
	assert_int_equal(control_stopped(seen, 1), 0);
	assert_int_equal(control_stopped(seen, 2), CONTROL_TIMEOUT);
	assert_int_equal(control_stopped(seen, 3), 0);
	control_unmap(seen);
	/* who has only the descriptor cannot write, in whichever way it tries */
	assert_ptr_equal(mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	control_unmap(page);
	control_unmap(NULL);
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_message_comes_back),
		cmocka_unit_test(test_required_fields_are_missed),
		cmocka_unit_test(test_unknown_fields_are_skipped),
		cmocka_unit_test(test_texts_end_once),
		cmocka_unit_test(test_garbage_is_refused),
		cmocka_unit_test(test_too_large_is_said),
		cmocka_unit_test(test_channel_carries_descriptors),
		cmocka_unit_test(test_largest_frame_fits_a_packet),
		cmocka_unit_test(test_control_page_stops_one_job),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
