#include "daemon/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/limits.h"
#include "wire/channel.h"

/* Packets taken before other handles get their turn. */
#define PACKETS_A_TURN 64

/* More than a channel holds, but not all that somebody could send meanwhile. */
#define PACKETS_TO_CATCH_UP 4096

#define MAX_ARGUMENTS 4

struct child {
	const struct child_events *events;
	void *owner; /* NULL after child_release */
	uv_process_t process;
	uv_poll_t channel;
	uv_pipe_t output;
	int channel_fd;
	int kept_end; /* its own end, too; -1: not kept */
	struct control_page *control;
	struct buf line; /* printed, not yet ended by a newline */
	char output_room[4096];
	unsigned handles; /* open in libuv; the last one to close frees the child */
	bool channel_open;
	bool released;
	bool exited;
	int64_t exit_status;
	int exit_signal;
};

/* Packets are read into this one room: the loop is one thread, and a packet lives for one call. */
static unsigned char packet_room[LIMIT_FRAME];
static unsigned char taken_room[LIMIT_FRAME];

static void free_child(struct child *child)
{
	control_unmap(child->control);
	buf_finish(&child->line);
	fs_close(child->kept_end);
	free(child);
}

static void on_closed(uv_handle_t *handle)
{
	struct child *child = handle->data;

	if (--child->handles == 0 && child->released) {
		free_child(child);
	}
}

static void close_handle(uv_handle_t *handle)
{
	if (!uv_is_closing(handle)) {
		uv_close(handle, on_closed);
	}
}

static void close_channel(struct child *child)
{
	if (child->channel_open) {
		child->channel_open = false;
		close_handle((uv_handle_t *)&child->channel);
		fs_close(child->channel_fd);
		child->channel_fd = -1;
	}
}

static void flush_line(struct child *child)
{
	const char *text = buf_cstr(&child->line);

	if (child->owner && text && *text) {
		child->events->line(child->owner, text);
	}
	buf_clear(&child->line);
}

static void on_output(uv_stream_t *stream, ssize_t len, const uv_buf_t *room)
{
	struct child *child = stream->data;

	if (len < 0) {
		flush_line(child);
		close_handle((uv_handle_t *)&child->output);
		return;
	}
	for (ssize_t i = 0; i < len; i++) {
		if (room->base[i] == '\n' || child->line.len >= LIMIT_PLUGIN_LOG_LINE) {
			flush_line(child);
		}
		if (room->base[i] != '\n' && room->base[i] != '\0') {
			buf_add_char(&child->line, room->base[i]);
		}
	}
}

static void give_output_room(uv_handle_t *handle, size_t wanted, uv_buf_t *ret_room)
{
	struct child *child = handle->data;

	(void)wanted;
	*ret_room = uv_buf_init(child->output_room, sizeof(child->output_room));
}

/* Reads what is there. The owner may release the child in any callback. */
static void read_packets(struct child *child, unsigned most)
{
	while (child->channel_open && most-- > 0) {
		ssize_t len = channel_receive(child->channel_fd, packet_room, sizeof(packet_room),
			MSG_DONTWAIT, NULL, 0, NULL);

		if (len == -EAGAIN) {
			return;
		}
		if (len <= 0) {
			close_channel(child);
			if (child->owner) {
				child->events->eof(child->owner, len == -EPROTO);
			}
			return;
		}
		if (child->owner) {
			child->events->packet(child->owner, packet_room, (size_t)len);
		}
	}
}

static void on_channel(uv_poll_t *poll, int status, int events)
{
	struct child *child = poll->data;

	(void)status;
	(void)events;
	read_packets(child, PACKETS_A_TURN);
}

static void on_process_exit(uv_process_t *process, int64_t status, int signal)
{
	struct child *child = process->data;

	child->exited = true;
	child->exit_status = status;
	child->exit_signal = signal;
	/* it led a group that nobody can leave: programs that it has started end with it */
	(void)kill(-process->pid, SIGKILL);
	/* what it sent before it ended counts: an outcome may be among it */
	read_packets(child, UINT32_MAX);
	close_channel(child);
	close_handle((uv_handle_t *)&child->process);
	if (child->owner) {
		child->events->gone(child->owner, status, signal);
	}
}

/* The end of the pipe that the child writes to; ours is given to libuv. */
static int open_output(struct child *child, uv_loop_t *loop, int *ret_write_end)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0) {
		return -errno;
	}
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	(void)uv_pipe_init(loop, &child->output, 0);
	child->output.data = child;
	child->handles++;
	if (uv_pipe_open(&child->output, ends[0]) < 0) {
		fs_close(ends[0]);
		fs_close(ends[1]);
		return -EMFILE;
	}
	*ret_write_end = ends[1];
	return 0;
}

static int spawn(struct child *child, uv_loop_t *loop, const struct child_command *command,
	int channel_end, int control_fd, int output_end)
{
	/* a child starts with nothing of the supervisor's environment, which may hold secrets */
	char *environment[] = {"LANG=C.UTF-8", "PATH=/usr/bin:/bin", NULL};
	char *arguments[MAX_ARGUMENTS + 2] = {(char *)command->program};
	uv_stdio_container_t stdio[] = {
		{.flags = UV_IGNORE},
		{.flags = UV_INHERIT_FD, .data.fd = output_end},
		{.flags = UV_INHERIT_FD, .data.fd = output_end},
		[CHANNEL_FD] = {.flags = UV_INHERIT_FD, .data.fd = channel_end},
		[CONTROL_FD] = {.flags = UV_INHERIT_FD, .data.fd = control_fd},
	};
	uv_process_options_t options = {
		.exit_cb = on_process_exit,
		.file = command->program,
		.args = arguments,
		.env = environment,
		.cwd = "/",
		.stdio_count = sizeof(stdio) / sizeof(stdio[0]),
		.stdio = stdio,
	};

	for (size_t i = 0; command->arguments[i] && i < MAX_ARGUMENTS; i++) {
		arguments[i + 1] = (char *)command->arguments[i];
	}
	child->process.data = child;
	child->handles++;
	return uv_spawn(loop, &child->process, &options);
}

int child_start(uv_loop_t *loop, const struct child_command *command,
	const struct child_events *events, void *owner, struct err *err, struct child **ret_child)
{
	struct child *child = calloc(1, sizeof(*child));
	int ends[2] = {-1, -1};
	int control_fd = -1;
	int output_end = -1;
	int result;

	if (!child) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	child->events = events;
	child->owner = owner;
	child->channel_fd = -1;
	child->kept_end = -1;
	child->handles = 1; /* ours, until the end of this function */
	result = channel_pair(ends);
	if (result < 0) {
		goto out;
	}
	result = control_create(&child->control, &control_fd);
	if (result < 0) {
		goto out;
	}
	result = open_output(child, loop, &output_end);
	if (result < 0) {
		goto out;
	}
	result = spawn(child, loop, command, ends[1], command->copy ? *command->copy : control_fd,
		output_end);
	if (result < 0) {
		goto out;
	}
	child->channel_fd = ends[0];
	ends[0] = -1;
	if (command->keep_end) {
		child->kept_end = ends[1];
		ends[1] = -1;
	}
	(void)uv_poll_init(loop, &child->channel, child->channel_fd);
	child->channel.data = child;
	child->handles++;
	child->channel_open = true;
	(void)uv_poll_start(&child->channel, UV_READABLE, on_channel);
	(void)uv_read_start((uv_stream_t *)&child->output, give_output_room, on_output);
out:
	fs_close(ends[0]);
	fs_close(ends[1]);
	fs_close(control_fd);
	fs_close(output_end);
	child->handles--;
	if (result < 0) {
		child_release(child);
		return err_set(
			err, result, "cannot start %s: %s", command->program, strerror(-result));
	}
	*ret_child = child;
	return 0;
}

void child_release(struct child *child)
{
	if (!child) {
		return;
	}
	child->owner = NULL;
	child->released = true;
	child->handles++; /* keeps it alive until the last line */
	if (child->process.pid > 0 && !child->exited) {
		/* its exit closes the process handle: no zombie stays */
		child_kill(child, SIGKILL);
	} else if (child->process.data) {
		close_handle((uv_handle_t *)&child->process);
	}
	close_channel(child);
	if (child->output.data) {
		close_handle((uv_handle_t *)&child->output);
	}
	if (--child->handles == 0) {
		free_child(child);
	}
}

pid_t child_pid(const struct child *child)
{
	return child->process.pid;
}

struct control_page *child_control(struct child *child)
{
	return child->control;
}

int child_send(struct child *child, const struct buf *packet, const int *fds, size_t fd_count)
{
	if (!child->channel_open) {
		return -EPIPE;
	}
	return channel_send(child->channel_fd, packet, fds, fd_count);
}

void child_hang_up(struct child *child)
{
	if (child->channel_open) {
		/* what it still sends is read until it ends */
		(void)shutdown(child->channel_fd, SHUT_WR);
	}
}

void child_kill(struct child *child, int signal)
{
	if (!child->exited && child->process.pid > 0) {
		(void)uv_process_kill(&child->process, signal);
	}
}

static bool has_ended(const struct child *child)
{
	siginfo_t end = {0};

	return waitid(P_PID, (id_t)child->process.pid, &end, WEXITED | WNOHANG | WNOWAIT) == 0 &&
		end.si_pid == child->process.pid;
}

void child_catch_up(struct child *child)
{
	read_packets(child, PACKETS_TO_CATCH_UP);
	if (child->owner && child->channel_open && child->kept_end >= 0 && has_ended(child)) {
		close_channel(child);
		child->events->eof(child->owner, false);
	}
}

size_t child_unread(struct child *child, bool take, const void **ret_packet)
{
	int fds[LIMIT_TASK_INPUTS];
	size_t count = 0;
	ssize_t len;

	if (child->kept_end < 0) {
		return 0;
	}
	len = channel_receive(child->kept_end, taken_room, sizeof(taken_room),
		MSG_DONTWAIT | (take ? 0 : MSG_PEEK), fds, LIMIT_TASK_INPUTS, &count);
	while (len > 0 && count > 0) {
		fs_close(fds[--count]);
	}
	*ret_packet = taken_room;
	return len > 0 ? (size_t)len : 0;
}
