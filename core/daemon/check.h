/* formyd -t: is the configuration right, and can every enabled mode be served? */
#ifndef FORMY_DAEMON_CHECK_H
#define FORMY_DAEMON_CHECK_H

struct config;

/* Probes the plugins and prints what is wrong with them, or a summary. Takes over config. Returns
 * the program's exit status. */
int check_run(struct config *config);

#endif
