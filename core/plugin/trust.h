/* Who may put a plugin where formyd loads it from.
 *
 * A plugin runs with the worker's rights, so only root and the worker's own user may decide what is
 * in it: the file and every folder above it belong to one of them, and nobody else may write to
 * them. Above the plugin's own folder a sticky folder, as /tmp, is taken, for nobody there can
 * rename what is not his. */
#ifndef FORMY_PLUGIN_TRUST_H
#define FORMY_PLUGIN_TRUST_H

#include <sys/stat.h>

struct err;

/* A folder that plugins lie in: 0, or -EPERM with a sentence that names the path and its mode
 * bits, or another negative errno with a sentence. */
int trust_check_folder(const char *path, struct err *err);

/* The same for a plugin file, whose links are followed; ret_fd is then open for reading it. */
int trust_open_file(const char *path, struct err *err, int *ret_fd);

#endif
