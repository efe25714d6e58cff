/* Looks into a plugin file in a process of its own, as a worker does: formy-executor --probe.
 *
 * Whatever the file does there, crash or hang, costs nothing but that process. */
#ifndef FORMY_CLI_PROBE_H
#define FORMY_CLI_PROBE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

struct descriptor;

struct probe {
	struct descriptor *descriptor; /* NULL: the file is refused */
	struct buf json;               /* the description as the probe wrote it; "" when refused */
	struct err reason;             /* why it is refused */
};

/* Probes a file. show_output: what the plugin prints goes to standard error, else nowhere. Returns
 * 0 when the file was judged, or a negative errno with a sentence when it could not be: there is no
 * such file, or no formy-executor. Finish the probe in either case. */
int probe_plugin(const char *path, bool show_output, struct err *err, struct probe *ret_probe);

/* The absolute path of a plugin's file, in EXECUTOR_PATH_SIZE bytes. 0, or a negative errno with a sentence. */
int probe_find_plugin(const char *name, char *path, struct err *err);
void probe_finish(struct probe *probe);

#endif
