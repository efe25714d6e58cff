/* What the attacks of mode HOSTILE share: hostile.c has the mode and the plain ones,
 * hostile_calls.c those that go by a system call which is easily forgotten. */
#ifndef FORMY_TESTS_HOSTILE_H
#define FORMY_TESTS_HOSTILE_H

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#include "formy/plugin.h"

struct attack {
	const formy_host *host;
	formy_task *task;
	const char *path; /* parameters of the task */
	int port;
};

/* Returns the errno that it came to, 0 when it could. */
struct act {
	const char *name;
	int (*attack)(const struct attack *attack);
};

/* Ends with a name that is NULL. */
extern const struct act hostile_calls[];

static inline int could(long result)
{
	return result < 0 ? errno : 0;
}

static inline int end_fd(long fd)
{
	int code = could(fd);

	if (fd >= 0) {
		(void)close((int)fd);
	}
	return code;
}

#endif
