/* Members of JSON that others wrote: what is absent or of another type is NULL or 0. */
#ifndef FORMY_CLIENT_MEMBER_H
#define FORMY_CLIENT_MEMBER_H

#include <stdint.h>

struct json_object;

/* Belongs to the object. */
const char *member_text(const struct json_object *object, const char *name);

int64_t member_number(const struct json_object *object, const char *name);

/* A time's text as microseconds since 1970. */
int64_t member_time(const struct json_object *object, const char *name);

#endif
