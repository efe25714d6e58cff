/* What the host has for plugins beside its table: formy/extensions.h. */
#ifndef FORMY_EXECUTOR_EXTENSIONS_H
#define FORMY_EXECUTOR_EXTENSIONS_H

/* The host's extension(). */
const void *extension_find(const char *id);

#endif
