/* The arguments of a script, put together one by one.
 *
 * Texts are borrowed until the script was sent; numbers are kept here. */
#ifndef FORMY_TASK_ARGS_H
#define FORMY_TASK_ARGS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define ARGS_NUMBER_SIZE 24

struct args {
	struct str *list;
	char (*numbers)[ARGS_NUMBER_SIZE];
	size_t count;
	size_t max;
};

/* Room for `max` arguments, which must not be exceeded. 0 or -ENOMEM. */
int args_init(struct args *args, size_t max);
void args_finish(struct args *args);

/* NULL is the empty text. */
void args_add_text(struct args *args, const char *text);
void args_add_number(struct args *args, int64_t number);

/* Microseconds as decimal seconds. */
void args_add_seconds(struct args *args, uint64_t us);

#endif
