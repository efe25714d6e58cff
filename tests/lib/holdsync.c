/* To be preloaded into formyd: a sync of the folder FORMY_HOLD_SYNC waits, for 30 s at most, while the
 * file FORMY_HOLD_FILE is there. So a test can stop a worker between the files that it publishes and
 * what it tells Redis of them. */
#include <dlfcn.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEP_MS 5
#define STEPS (30 * 1000 / STEP_MS)

static int is_held(int fd)
{
	const char *folder = getenv("FORMY_HOLD_SYNC");
	char name[64];
	char path[4096];
	ssize_t len;

	(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	len = readlink(name, path, sizeof(path) - 1);
	if (!folder || len < 0) {
		return 0;
	}
	path[len] = '\0';
	return strcmp(path, folder) == 0;
}

__attribute__((visibility("default"))) int fsync(int fd)
{
	int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
	const char *file = getenv("FORMY_HOLD_FILE");

	for (int i = 0; file && i < STEPS && is_held(fd) && access(file, F_OK) == 0; i++) {
		(void)poll(NULL, 0, STEP_MS);
	}
	return next(fd);
}
