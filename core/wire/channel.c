#include "wire/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/limits.h"

union control_room {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int) * LIMIT_TASK_INPUTS)];
};

int channel_pair(int ends[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0 ? -errno : 0;
}

int channel_send(int fd, const struct buf *packet, const int *fds, size_t fd_count)
{
	union control_room control = {0};
	struct iovec part = {packet->data, packet->len};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};

	if (fd_count > LIMIT_TASK_INPUTS) {
		return -EMSGSIZE;
	}
	if (fd_count > 0) {
		struct cmsghdr *rights;

		header.msg_control = control.bytes;
		header.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
		rights = CMSG_FIRSTHDR(&header);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(rights), fds, sizeof(int) * fd_count);
	}
	for (;;) {
		if (sendmsg(fd, &header, MSG_NOSIGNAL) >= 0) {
			return 0;
		}
		if (errno != EINTR) {
			return errno == EWOULDBLOCK ? -EAGAIN : -errno;
		}
	}
}

/* Takes the descriptors out of a received header; closes what does not fit. */
static int take_descriptors(struct msghdr *header, int *fds, size_t max_fds, size_t *ret_count)
{
	size_t count = 0;
	int result = 0;

	for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
		size_t here;

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
			continue;
		}
		here = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < here; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
			if (fds && count < max_fds) {
				fds[count++] = fd;
			} else {
				fs_close(fd);
				result = -EPROTO;
			}
		}
	}
	*ret_count = count;
	return result;
}

ssize_t channel_receive(int fd, void *packet, size_t room, int flags, int *fds, size_t max_fds,
	size_t *ret_fd_count)
{
	union control_room control = {0};
	struct iovec part = {packet, room};
	struct msghdr header = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	size_t count = 0;
	ssize_t len;

	do {
		len = recvmsg(fd, &header, flags | MSG_CMSG_CLOEXEC);
	} while (len < 0 && errno == EINTR);
	if (len < 0) {
		return errno == EWOULDBLOCK ? -EAGAIN : -errno;
	}
	if (take_descriptors(&header, fds, max_fds, &count) < 0 ||
		(header.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
		while (count > 0) {
			fs_close(fds[--count]);
		}
		return -EPROTO;
	}
	if (ret_fd_count) {
		*ret_fd_count = count;
	}
	return len;
}
