/* One process of formy-executor: its channel, its control page and what it prints.
 *
 * A child is made by child_start and ends by child_release, which closes what is open, kills what
 * still runs and frees the child when libuv has let go of its handles; the owner hears nothing more
 * from then on. Callbacks come from the loop's thread, never from within child_start. The order is
 * always: packets, then once `gone`, when the process has ended and all it sent was read. */
#ifndef FORMY_DAEMON_CHILD_H
#define FORMY_DAEMON_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "wire/control.h"

struct buf;
struct child;
struct err;

struct child_events {
	/* A packet, valid during the call. */
	void (*packet)(void *owner, const void *data, size_t len);

	/* A line that it printed on standard output or error, without its end. */
	void (*line)(void *owner, const char *text);

	/* It closed its end of the channel, or sent what is no packet of ours. It may still run. */
	void (*eof)(void *owner, bool garbage);

	/* It ended. signal is 0 when it exited by itself. */
	void (*gone)(void *owner, int64_t exit_status, int signal);
};

struct child_command {
	const char *program;          /* absolute path of formy-executor */
	const char *const *arguments; /* after the program's name, ends with NULL */
	const int *copy; /* of a plugin, for a probe: open at CONTROL_FD; NULL: the page is */
	bool keep_end;   /* so that packets can be taken back; no end of file is seen then */
};

/* Starts a process. 0, or a negative errno with a sentence. */
int child_start(uv_loop_t *loop, const struct child_command *command,
	const struct child_events *events, void *owner, struct err *err, struct child **ret_child);

/* Takes NULL. */
void child_release(struct child *child);

pid_t child_pid(const struct child *child);

/* The page by which a busy child is told to stop. */
struct control_page *child_control(struct child *child);

/* Sends one packet; 0, or a negative errno: -EAGAIN means that it does not read. */
int child_send(struct child *child, const struct buf *packet, const int *fds, size_t fd_count);

/* Closes our end of the channel: an idle child then ends by itself. */
void child_hang_up(struct child *child);

void child_kill(struct child *child, int signal);

/* Reads what it has sent and nobody has read yet, as far as it is there; that it has ended counts as
 * the end of its channel. Callbacks come, but gone. */
void child_catch_up(struct child *child);

/* The oldest packet that it has not read, even if it is no more; with take it will not read it: a
 * packet is got whole by one of the two. Returns its length, 0: there is none. It lives until the
 * next call; descriptors that went with it are closed. Only with keep_end. */
size_t child_unread(struct child *child, bool take, const void **ret_packet);

#endif
