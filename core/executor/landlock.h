/* The files, and the ports, that this process may use from now on: Landlock by its system calls.
 *
 * Made, filled with paths, and entered once. What is not allowed is refused with EACCES, also to
 * root, for ever and for all that this process starts. Kernels know different numbers of rights
 * ("ABI"); what a kernel does not know is left out. */
#ifndef FORMY_EXECUTOR_LANDLOCK_H
#define FORMY_EXECUTOR_LANDLOCK_H

#include <stdbool.h>

struct landlock {
	int abi;
	int fd;
};

enum landlock_access {
	LANDLOCK_READ,     /* files, and the list of a folder */
	LANDLOCK_READ_RUN, /* and starting programs there */
	LANDLOCK_DEVICE,   /* reading, writing and ioctl */
	LANDLOCK_SCRATCH,  /* making, reading, writing and removing files in a folder */
};

/* The ABI of this kernel, or 0 when it has none or hides it. */
int landlock_abi(void);

/* net: connections are not limited here. 0 or a negative errno. */
int landlock_create(struct landlock *landlock, bool net);

/* Allows what is at a path. One that is missing is left out. 0 or a negative errno. */
int landlock_allow(struct landlock *landlock, const char *path, enum landlock_access access);

/* Closes the rules and, if enter, puts them in force. 0 or a negative errno. */
int landlock_finish(struct landlock *landlock, bool enter);

#endif
