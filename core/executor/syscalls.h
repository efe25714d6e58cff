/* The system calls that this process may make from now on: a seccomp filter by libseccomp. */
#ifndef FORMY_EXECUTOR_SYSCALLS_H
#define FORMY_EXECUTOR_SYSCALLS_H

#include <stdint.h>

#include "base/sandbox.h"

/* Puts the filter of a profile in force, with exceptions for what was granted (enum
 * sandbox_grant). SANDBOX_DEFAULT refuses what plugins have no use for; SANDBOX_STRICT allows a
 * list. What is refused fails with EPERM. 0, or a negative errno: the kernel takes no filters. */
int syscalls_limit(enum sandbox_profile profile, uint32_t granted);

#endif
