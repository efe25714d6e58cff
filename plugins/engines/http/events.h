/* A WebSocket that is only listened to: what a server tells while it works.
 *
 * A hint and nothing more: it may be refused, fall silent or end at any time, and nothing is ever
 * waited for. Debian 12's libcurl speaks no WebSocket, but gives the connection, with TLS, proxies
 * and certificates as for everything else. Of one executor's one thread. */
#ifndef FORMY_ENGINES_EVENTS_H
#define FORMY_ENGINES_EVENTS_H

#include <stdbool.h>
#include <stddef.h>

struct events;
struct http_setting;

/* Begins to connect to an http or https address. setting must outlive it. NULL: no memory. */
struct events *events_open(const struct http_setting *setting, const char *url);
void events_close(struct events *events);

/* Takes what has come, without waiting, and calls take for each text. False when nothing will come
 * any more. Takes NULL. */
bool events_turn(
	struct events *events, void (*take)(void *arg, const char *text, size_t len), void *arg);

#endif
