/* What is taken from this process before any code of a plugin runs. The one place for it. */
#ifndef FORMY_EXECUTOR_SANDBOX_H
#define FORMY_EXECUTOR_SANDBOX_H

struct err;

/* Descriptors that this process may have open at once, a plugin and its libraries included. */
#define SANDBOX_DESCRIPTORS 1024

/* Ends this process when its parent ends; takes new privileges, core files, the environment but
 * for a list of names, the terminal, and every descriptor but 0 to CONTROL_FD from it. Standard
 * input becomes /dev/null. 0; -EPIPE when the parent is gone already; or another
 * negative errno, with a sentence: then go no further. */
int sandbox_enter(struct err *err);

#endif
