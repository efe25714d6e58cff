/* The configuration and the plugin folders are read again: at a HUP both, and the folders alone when
 * something has changed in them.
 *
 * A configuration that is wrong changes nothing, and neither does a scan that finds all as it was.
 * Running tasks end on what they began with; an executor whose mode is as it was stays, with its
 * task. One reload at a time: what is asked for meanwhile follows. */
#ifndef FORMY_DAEMON_RELOAD_H
#define FORMY_DAEMON_RELOAD_H

struct supervisor;

enum reload {
	RELOAD_NONE,
	RELOAD_PLUGINS, /* files that may still be written are left for later */
	RELOAD_ALL,
};

void reload_begin(struct supervisor *sup, enum reload what);

/* Does what was asked for while it could not be done. */
void reload_go_on(struct supervisor *sup);

/* Ends the quarantine of a plugin, if it is in one: it serves again. */
void reload_release(struct supervisor *sup, const char *plugin_id);

#endif
