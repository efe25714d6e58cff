/* HUP: the configuration and the plugin folders are read again.
 *
 * A configuration that is wrong changes nothing. Running tasks end on what they began with; an
 * executor whose mode is as it was stays, with its task. */
#ifndef FORMY_DAEMON_RELOAD_H
#define FORMY_DAEMON_RELOAD_H

struct supervisor;

void reload_begin(struct supervisor *sup);

#endif
