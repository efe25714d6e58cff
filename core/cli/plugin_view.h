/* A plugin's description for a person: what it is, its modes, parameters and engines. */
#ifndef FORMY_CLI_PLUGIN_VIEW_H
#define FORMY_CLI_PLUGIN_VIEW_H

#include <stdbool.h>

struct buf;
struct descriptor;

void plugin_view_add(struct buf *out, const struct descriptor *descriptor, bool color);

#endif
