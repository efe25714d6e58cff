/* The socket between supervisor and executor: SOCK_SEQPACKET, one frame a packet.
 *
 * A packet arrives whole or not at all, so either side may take one without a protocol for halves.
 * Descriptors travel with the packet that names them. */
#ifndef FORMY_WIRE_CHANNEL_H
#define FORMY_WIRE_CHANNEL_H

#include <stddef.h>
#include <sys/types.h>

struct buf;

/* The descriptors at which an exec'd executor finds its ends. */
#define CHANNEL_FD 3
#define CONTROL_FD 4

/* Makes both ends, close-on-exec. 0 or a negative errno. */
int channel_pair(int ends[2]);

/* Sends one packet, and duplicates of at most LIMIT_TASK_INPUTS descriptors with it. 0, -EAGAIN
 * when the socket is full and non-blocking, -EPIPE when the peer is gone, or another errno. */
int channel_send(int fd, const struct buf *packet, const int *fds, size_t fd_count);

/* Receives one packet into room of LIMIT_FRAME bytes. Returns its length, 0 at the end (the peer
 * is gone), -EAGAIN, -EPROTO for a packet that was cut or brought too many descriptors (those are
 * closed), or another errno. Received descriptors are the caller's, close-on-exec; fds may be NULL
 * when none are expected, then any that come are closed. flags: of recvmsg(2), e.g. MSG_DONTWAIT. */
ssize_t channel_receive(int fd, void *packet, size_t room, int flags, int *fds, size_t max_fds,
	size_t *ret_fd_count);

#endif
