/* formy-executor: runs one mode's plugin for formyd, or says what is in a plugin file. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>

#include "base/err.h"
#include "executor/inspect.h"
#include "executor/probe.h"
#include "executor/sandbox.h"
#include "executor/serve.h"
#include "wire/channel.h"

/* A probe has no jobs to be stopped in: a worker puts its copy of the file in the page's place. */
static int copy_of_plugin(void)
{
	return fcntl(CONTROL_FD, F_GETFD) >= 0 ? CONTROL_FD : -1;
}

/* A descriptor of that number can be anything when this is started by hand. */
static bool is_channel(int fd)
{
	int type = 0;
	socklen_t size = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

static int usage(void)
{
	(void)fputs(
		"formy-executor is started by formyd. By hand it only tells what is in a plugin: "
		"formy-executor --probe FILE.so\n",
		stderr);
	return EX_USAGE;
}

/* An executor that is woken does not take a core from Redis or from the supervisor: its next job would
 * only come later. */
static void be_modest(void)
{
	(void)sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0});
}

int main(int argc, char **argv)
{
	bool probe = argc == 3 && strcmp(argv[1], "--probe") == 0;
	bool inspect = argc == 2 && strcmp(argv[1], "--inspect") == 0;
	bool connected = is_channel(CHANNEL_FD);
	struct err err = {0};
	char path[PATH_MAX];
	int result;

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		(void)puts("formy-executor " FORMY_VERSION);
		return EX_OK;
	}
	if (!probe && ((argc != 1 && !inspect) || !connected)) {
		return usage();
	}
	be_modest();
	if (probe && !realpath(argv[2], path)) {
		(void)snprintf(path, sizeof(path), "%s", argv[2]);
	}
	result = sandbox_enter(&err);
	if (result == -EPIPE) {
		/* a closed channel means "end", before the start as well as after it */
		return EX_OK;
	}
	if (result < 0) {
		(void)fprintf(stderr, "formy-executor: %s\n", err.text);
		return EX_OSERR;
	}
	if (probe) {
		return connected ? probe_run(path, copy_of_plugin(), CHANNEL_FD)
				 : probe_run(path, -1, -1);
	}
	if (inspect) {
		inspect_begin(CHANNEL_FD);
	}
	return serve_run(CHANNEL_FD, CONTROL_FD);
}
