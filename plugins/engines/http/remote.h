/* Engines that work elsewhere: what open(), run(), check() and close() of all that speak HTTP do.
 *
 * A plugin has one such engine, says in `remote_kind` what is its own, and gives the four functions to
 * the host. */
#ifndef FORMY_ENGINES_REMOTE_H
#define FORMY_ENGINES_REMOTE_H

#include "http/job.h"

/* Stands first in the engine's own struct. */
struct remote {
	struct http_setting setting;
	struct http *http;
};

/* `engine` is the engine's own struct, which is zeroed when it is made. */
struct remote_kind {
	size_t size; /* of that struct */

	/* Takes over what the section says; the setting has been read. 0, or a negative errno with a
	 * sentence. */
	int (*read)(void *engine, struct err *err);

	/* Frees what read() has made, also a part of it; NULL: there is nothing. */
	void (*finish)(void *engine);

	formy_status (*run)(void *engine, struct job *job);
	formy_status (*check)(void *engine, struct job *job); /* NULL: there is no check */
};

extern const struct remote_kind remote_kind;

formy_status remote_open(const formy_host *host, const char *config, void **state);
formy_status remote_run(
	const formy_host *host, void *state, const char *operation, formy_task *task);
formy_status remote_check(const formy_host *host, void *state, formy_task *task);
void remote_close(void *state);

#endif
