/* Reads the configuration's files: the main one, what it includes, and conf.d beside it. */
#ifndef FORMY_CONFIG_FILES_H
#define FORMY_CONFIG_FILES_H

#include "config/document.h"

/* Reads path, the files that it includes, and then conf.d/x.conf of the same folder in the order
 * of their names, but for those that were included. Their names go to config->path and ->files,
 * which places in the document and in the configuration point to. Each file that has a shape is
 * read, whatever is wrong with others. Returns 0, -EINVAL when problems were added that keep a
 * file from being read, or -ENOMEM. With `optional` a missing main file is none. */
int files_read(const char *path, bool optional, struct config *config,
	struct config_problems *problems, struct document *document);

#endif
