/* Puts the values of options into their places in struct config, and takes them out again. */
#ifndef FORMY_CONFIG_STORE_H
#define FORMY_CONFIG_STORE_H

#include "config/document.h"
#include "config/options.h"

/* A value on its way: what it is of, what it is, where it was said. */
struct setting {
	const struct option *option;
	struct place place;
	const struct document_value *values;
	size_t count;
	bool list;
	bool append;
	const char *folder; /* what a relative path is relative to */
};

/* Checks and stores a setting in an object: struct config, config_mode or config_engine, by the
 * option's section. What is wrong is added to problems, and the object keeps what it has.
 * 0, -EINVAL or -ENOMEM. */
int store_setting(void *object, const struct setting *setting, struct config_problems *problems);

/* Gives one option, or all of a section (NULL: those that are not open), their defaults.
 * 0 or -ENOMEM. */
int store_default(void *object, const struct option *option);
int store_defaults(void *object, const char *section);

/* Frees the texts of a section (NULL: of those that are not open). */
void store_finish(void *object, const char *section);

/* What is in place: a number, a text or NULL, a list. */
int64_t store_number(const void *object, const struct option *option);
const char *store_text(const void *object, const struct option *option);
char *const *store_paths(const void *object, const struct option *option, size_t *ret_count);

bool store_is_number(const struct option *option);

#endif
