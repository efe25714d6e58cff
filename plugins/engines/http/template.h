/* Texts and JSON with places that are filled in: "Keep the light {light}". A place is a name of
 * [A-Za-z0-9_.:-] in braces; other braces stand for themselves. */
#ifndef FORMY_ENGINES_TEMPLATE_H
#define FORMY_ENGINES_TEMPLATE_H

#include "base/buf.h"
#include "base/err.h"

struct json_object;

/* The value of a name, the caller's to json_object_put; NULL when there is none. */
typedef struct json_object *template_find_fn(const char *name, void *arg);

enum template_form { TEMPLATE_PLAIN, TEMPLATE_URL };

/* Appends the text with its places filled in; in a URL, escaped. 0, -ENOENT with the name of the
 * place that has no value, or -ENOMEM. */
int template_text(const char *text, enum template_form form, template_find_fn *find, void *arg,
	struct err *err, struct buf *out);

/* The same for all strings in a JSON value, in place. A string that is one place and nothing else
 * becomes its value with its type; a member or an element that is so and has no value goes. */
int template_json(struct json_object *value, template_find_fn *find, void *arg, struct err *err);

#endif
