#include "redis/link_poll.h"

#include <errno.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>

struct link_poll {
	uv_poll_t handle;
	redisAsyncContext *context; /* NULL: freed */
	int events;
	void (*gone)(void *arg);
	void *arg;
};

static void poll_free(uv_handle_t *handle)
{
	free(handle->data);
}

static void poll_ready(uv_poll_t *handle, int status, int events)
{
	struct link_poll *poll = handle->data;

	if (status < 0) {
		redisAsyncFree(poll->context);
		return;
	}
	if ((events & UV_WRITABLE) && poll->context) {
		redisAsyncHandleWrite(poll->context);
	}
	if ((events & UV_READABLE) && poll->context) {
		redisAsyncHandleRead(poll->context);
	}
}

static void poll_change(struct link_poll *poll, int events)
{
	if (events != poll->events) {
		poll->events = events;
		(void)uv_poll_start(&poll->handle, events, poll_ready);
	}
}

/* Reading is never stopped, as it is how the end of a connection shows. */
static void on_read(void *arg)
{
	struct link_poll *poll = arg;

	poll_change(poll, poll->events | UV_READABLE);
}

static void on_keep_reading(void *arg)
{
	(void)arg;
}

static void on_write(void *arg)
{
	struct link_poll *poll = arg;

	poll_change(poll, poll->events | UV_WRITABLE);
}

static void on_wrote(void *arg)
{
	struct link_poll *poll = arg;

	poll_change(poll, poll->events & ~UV_WRITABLE);
}

static void on_cleanup(void *arg)
{
	struct link_poll *poll = arg;

	poll->context = NULL;
	uv_close((uv_handle_t *)&poll->handle, poll_free);
	poll->gone(poll->arg);
}

int link_poll_attach(
	uv_loop_t *loop, struct redisAsyncContext *context, void (*gone)(void *arg), void *arg)
{
	struct link_poll *poll = calloc(1, sizeof(*poll));
	int result;

	if (!poll) {
		return -ENOMEM;
	}
	result = uv_poll_init(loop, &poll->handle, context->c.fd);
	if (result < 0) {
		free(poll);
		return result;
	}
	poll->handle.data = poll;
	poll->context = context;
	poll->gone = gone;
	poll->arg = arg;
	context->ev.data = poll;
	context->ev.addRead = on_read;
	context->ev.delRead = on_keep_reading;
	context->ev.addWrite = on_write;
	context->ev.delWrite = on_wrote;
	context->ev.cleanup = on_cleanup;
	/* commands are queued before the connection stands: writable means connected */
	poll_change(poll, UV_READABLE | UV_WRITABLE);
	return 0;
}
