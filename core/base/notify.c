#include "base/notify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"

static uint64_t take_number(const char *name)
{
	const char *text = getenv(name);
	char *end = NULL;
	uint64_t number = text ? strtoull(text, &end, 10) : 0;

	if (text && (end == text || *end)) {
		number = 0;
	}
	(void)unsetenv(name);
	return number;
}

void notify_init(struct notify *notify)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;
	bool others = getenv("WATCHDOG_PID") && take_number("WATCHDOG_PID") != (uint64_t)getpid();
	uint64_t watchdog_us = take_number("WATCHDOG_USEC");

	*notify = (struct notify){.manager.sun_family = AF_UNIX};
	notify->watchdog_ms = others ? 0 : watchdog_us / 2000;
	/* a path, or, with @, a name of Linux' abstract kind */
	if (len > 1 && len < sizeof(notify->manager.sun_path) &&
		(path[0] == '/' || path[0] == '@')) {
		memcpy(notify->manager.sun_path, path, len);
		if (path[0] == '@') {
			notify->manager.sun_path[0] = '\0';
		}
		notify->manager_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	}
	(void)unsetenv("NOTIFY_SOCKET");
}

bool notify_send(const struct notify *notify, const char *format, ...)
{
	char text[1024];
	va_list args;
	ssize_t sent;
	int len;
	int fd;

	if (notify->manager_len == 0) {
		return false;
	}
	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || len < 0 || (size_t)len >= sizeof(text)) {
		fs_close(fd);
		return false;
	}
	sent = sendto(fd, text, (size_t)len, MSG_NOSIGNAL,
		(const struct sockaddr *)&notify->manager, notify->manager_len);
	fs_close(fd);
	return sent == len;
}

void notify_reloading(const struct notify *notify)
{
	struct timespec now;

	/* systemd compares it with its own clock, which no test may move */
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	(void)notify_send(notify, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
		(int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}
