/* Collecting what is wrong with a configuration. The list itself is in config.h. */
#ifndef FORMY_CONFIG_PROBLEMS_H
#define FORMY_CONFIG_PROBLEMS_H

#include "config/config.h"

/* Where a setting stands: a file and a line, or with line 0 a variable, the command line or a
 * whole file. The text is not owned. */
struct place {
	const char *file;
	int line;
};

void problems_add(struct config_problems *problems, struct place place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
