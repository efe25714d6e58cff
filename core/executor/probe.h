/* formy-executor --probe FILE: says what a plugin file is, and ends. */
#ifndef FORMY_EXECUTOR_PROBE_H
#define FORMY_EXECUTOR_PROBE_H

/* Loads the file, or the copy of it that is open at `copy` unless that is -1, and sends PROBED to the channel or, when that is -1, prints the description to
 * standard output or the reason to standard error. Returns the exit status: 0 for a plugin that
 * can be used, else 1. */
int probe_run(const char *path, int copy, int channel);

#endif
