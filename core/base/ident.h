/* Names that come from outside, and names made here.
 *
 * An id is never a path: these checks are what stands between a queue entry and the file system.
 * Grammar: contract, sections 1 to 3. */
#ifndef FORMY_BASE_IDENT_H
#define FORMY_BASE_IDENT_H

#include <stdbool.h>
#include <stddef.h>

#define IDENT_RANDOM_SIZE 13 /* 12 random characters of [a-z0-9] and a NUL */
#define IDENT_ID_SIZE 32     /* a task's or an image's id as made here, with its NUL */

bool ident_is_task_id(const char *text, size_t len);  /* [A-Za-z0-9_.-]{1,128}, not "." or ".." */
bool ident_is_image_id(const char *text, size_t len); /* [A-Za-z0-9_-]{1,128} */
bool ident_is_mode(const char *text, size_t len);     /* [A-Z][A-Z0-9_]{1,63} */

/* The name of a role, an engine, a parameter: [a-z][a-z0-9_-]{0,31}. */
bool ident_is_name(const char *text, size_t len);

/* Characters from the kernel's random numbers: 62 bits. */
void ident_random(char text[IDENT_RANDOM_SIZE]);

/* "task_20261117_" or "img_20261117_" and random characters; prefix is "task" or "img". */
void ident_make(const char *prefix, char id[IDENT_ID_SIZE]);

#endif
