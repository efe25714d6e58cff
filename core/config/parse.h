/* The values of a configuration file, read by libconfuse. */
#ifndef FORMY_CONFIG_PARSE_H
#define FORMY_CONFIG_PARSE_H

#include "config/document.h"

/* Fills in the values of an outline that scan_text() made of the same text. Texts that hold what
 * no value may hold are problems. Returns 0, -EINVAL or -ENOMEM. One call at a time in a process:
 * libconfuse's lexer is global. */
int parse_values(const char *text, const char *file, struct config_problems *problems,
	struct document *outline);

#endif
