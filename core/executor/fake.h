/* The other half of a plugin that is tried alone, for formy-executor --inspect.
 *
 * The fake engine answers a mode in one way, which its configuration names:
 *	{"answer": "pictures"}	as asked: a picture of the size of the first, in every role that is
 *				usual
 *	{"answer": "nothing"}	success, and no picture
 *	{"answer": "other"}	pictures of other sizes and formats than anybody would expect
 *	{"answer": "facts"}	as "pictures", and facts that nobody can use
 *	{"answer": "late"}	works until the task is told to stop, and then answers as asked
 *	{"answer": "stops"}	works until then, and says that it was cancelled
 *	{"status": N}		fails with that number
 *
 * The fake mode makes one call of an engine, which the task's parameters describe:
 *	{"operation": "...", "params": {...}, "roles": ["source", ...]}
 * Roles that the task has no picture for are left out. */
#ifndef FORMY_EXECUTOR_FAKE_H
#define FORMY_EXECUTOR_FAKE_H

#include "formy/plugin.h"

/* The plugin behind INSPECT_FAKE_MODE or INSPECT_FAKE_ENGINE; NULL for any other path. */
const formy_plugin *fake_plugin(const char *path);

#endif
