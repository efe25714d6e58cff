/* From what was said, in files, in the environment and on the command line, to struct config. */
#ifndef FORMY_CONFIG_APPLY_H
#define FORMY_CONFIG_APPLY_H

#include "config/document.h"

/* Each applies one source over what the configuration holds, the weakest first, and adds what is
 * wrong to problems. 0, or -ENOMEM; problems are no failure. `folder` is that of the main file. */
int apply_document(struct config *config, const struct document *document, const char *folder,
	struct config_problems *problems);
int apply_environment(struct config *config, struct config_problems *problems);
int apply_flags(
	struct config *config, const struct config_flags *flags, struct config_problems *problems);

/* What follows from the rest when all sources have been applied. 0 or -ENOMEM. */
int apply_derived(struct config *config);

/* Adds a problem for each mode of the document whose engine is not configured. */
void apply_check_engines(const struct config *config, const struct document *document,
	struct config_problems *problems);

/* Adds the problem of a section redis.sentinel that names a master without hosts, or hosts without a
 * master. */
void apply_check_sentinel(const struct config *config, const struct document *document,
	struct config_problems *problems);

#endif
