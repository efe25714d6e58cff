/* Members of a mode or an engine that only its plugin knows, as JSON for the plugin. */
#ifndef FORMY_CONFIG_EXTRA_H
#define FORMY_CONFIG_EXTRA_H

#include "config/document.h"

struct buf;
struct json_object;

/* Adds a member to an object. In quotes it is a string; without, true and false are booleans, a
 * JSON number is a number, anything else is a string. 0, -EINVAL with a problem, or -ENOMEM. */
int extra_add(struct json_object *extra, const struct document_member *member, struct place place,
	struct config_problems *problems);

/* Appends the members as lines of a configuration file, each behind a tab; passwords,
 * tokens, the values of headers, and user and password in an address as "***". */
void extra_print(struct json_object *extra, struct buf *out);

#endif
