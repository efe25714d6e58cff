/* How much a plugin's process may do: the words of the configuration, and their numbers. What they
 * mean to the kernel is in core/executor/confine.h. */
#ifndef FORMY_BASE_SANDBOX_H
#define FORMY_BASE_SANDBOX_H

#include <stdint.h>

#include "base/buf.h"

/* mode { sandbox }. The zero is the one that holds where nobody said anything. */
enum sandbox_profile {
	SANDBOX_DEFAULT,
	SANDBOX_STRICT,
	SANDBOX_OFF,
};

/* The words in the order of their numbers, ended by NULL. */
extern const char *const sandbox_profiles[];

/* What a plugin may need and an operator grant: bits, the same numbers as FORMY_NEEDS_... */
enum sandbox_grant {
	SANDBOX_NET = 1,  /* connections by TCP and UDP */
	SANDBOX_GPU = 2,  /* the devices of graphics cards */
	SANDBOX_EXEC = 4, /* other programs */
	SANDBOX_GRANTS = 7,
};

/* Reads "net,gpu"; NULL and "none" are nothing. 0; or -EINVAL, and *ret_bad points at the word that
 * is none of them, up to the next comma. */
int sandbox_grants_read(const char *words, uint32_t *ret_grants, const char **ret_bad);

/* Appends the words of the bits with ", " between. */
void sandbox_grants_add(struct buf *out, uint32_t grants);

#endif
