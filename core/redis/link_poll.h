/* Joins a hiredis context to a libuv loop.
 *
 * The adapter that comes with hiredis drops errors of poll without a word and touches the context
 * after a call that may have freed it; this one does neither. */
#ifndef FORMY_REDIS_LINK_POLL_H
#define FORMY_REDIS_LINK_POLL_H

#include <uv.h>

struct redisAsyncContext;

/* Watches the context's socket until hiredis frees the context; then calls gone(arg), once, after
 * all commands that waited were called back with NULL. 0, -ENOMEM or another negative errno:
 * the context is still the caller's to free, and gone() is not called. */
int link_poll_attach(
	uv_loop_t *loop, struct redisAsyncContext *context, void (*gone)(void *arg), void *arg);

#endif
