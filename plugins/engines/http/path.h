/* Finding a value in JSON by a path such as data.0.url or images[0].url. */
#ifndef FORMY_ENGINES_PATH_H
#define FORMY_ENGINES_PATH_H

#include <stdbool.h>

struct json_object;

/* The value, which belongs to root; NULL when there is none or it is null. "" is root itself. */
struct json_object *path_find(struct json_object *root, const char *path);

/* The value as a text: a string as it is, a number or a boolean as JSON; else NULL. It belongs to
 * root. */
const char *path_text(struct json_object *root, const char *path);

#endif
