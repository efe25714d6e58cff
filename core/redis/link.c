#include "redis/link.h"

#include <errno.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/ident.h"
#include "redis/link_private.h"

#define RETRY_FIRST_MS 50
#define RETRY_LAST_MS 2000
#define LATE_MS 1000

static void on_timer(uv_timer_t *timer);

static uint32_t with_jitter(uint32_t ms)
{
	char random[IDENT_RANDOM_SIZE];

	ident_random(random);
	return ms - ms / 4 + (uint32_t)(random[0] * 37 + random[1]) % (ms / 2 + 1);
}

void link_set_timer(struct link *link, uint64_t first_ms, uint64_t repeat_ms)
{
	link->due_ms = uv_now(link->loop) + first_ms;
	(void)uv_timer_start(&link->timer, on_timer, first_ms, repeat_ms);
}

void link_wait(struct link *link)
{
	uint32_t wait_ms;

	if (link->state == LINK_CLOSED) {
		return;
	}
	link->retry_ms = link->retry_ms ? link->retry_ms * 2 : RETRY_FIRST_MS;
	if (link->retry_ms > RETRY_LAST_MS) {
		link->retry_ms = RETRY_LAST_MS;
	}
	wait_ms = with_jitter(link->retry_ms);
	link->state = LINK_WAITING;
	link_set_timer(link, wait_ms, 0);
	if (link->owner->down) {
		link->owner->down(link, link->why.text, wait_ms, link->data);
	}
}

void link_context_gone(void *arg)
{
	struct link *link = arg;
	redisAsyncContext *context = link->context;

	if (link->why.text[0] == '\0') {
		(void)err_set(&link->why, -ECONNRESET, "the connection to Redis at %s broke: %s",
			link->where,
			context && context->c.errstr[0] ? context->c.errstr : "closed");
	}
	link->context = NULL;
	link_wait(link);
}

void link_drop(struct link *link)
{
	if (link->context && link->state != LINK_GOING) {
		if (link->state != LINK_CLOSED) {
			link->state = LINK_GOING;
		}
		redisAsyncFree(link->context);
	}
}

void link_reset(struct link *link, const char *why)
{
	if (link->state == LINK_CONNECTING || link->state == LINK_UP) {
		(void)err_set(&link->why, -ECONNRESET, "%s", why);
		link_drop(link);
	}
}

void link_follow(struct link *link, const char *why)
{
	link->retry_ms = 0;
	link_reset(link, why);
	if (link->state == LINK_WAITING) {
		link_set_timer(link, 0, 0);
	}
}

/* The timer is late: this process stood still, be it that it was stopped, and answers may lie there
 * unread. */
static bool stood_still(struct link *link)
{
	uint64_t now = uv_now(link->loop);
	bool late = now > link->due_ms + LATE_MS;

	link->due_ms = now + uv_timer_get_repeat(&link->timer);
	return late;
}

static void on_timer(uv_timer_t *timer)
{
	struct link *link = timer->data;
	uint64_t silent_ms = uv_now(link->loop) - link->heard_ms;

	if (link->state == LINK_WAITING) {
		link_connect(link);
	} else if (link->state == LINK_CONNECTING && stood_still(link)) {
		link_set_timer(link, link->address.connect_timeout_ms, 0);
	} else if (link->state == LINK_CONNECTING) {
		(void)err_set(&link->why, -ETIMEDOUT, "Redis at %s did not answer within %u ms",
			link->where, link->address.connect_timeout_ms);
		link_drop(link);
	} else if (link->state == LINK_UP && stood_still(link)) {
		link->heard_ms = uv_now(link->loop);
	} else if (link->state == LINK_UP && link->pending > 0 && silent_ms > link->overdue_ms) {
		(void)err_set(&link->why, -ETIMEDOUT, "Redis at %s has not answered for %llu ms",
			link->where, (unsigned long long)silent_ms);
		link_drop(link);
	} else if (link->state == LINK_UP && link->pending == 0 &&
		silent_ms >= link->overdue_ms / 4 * 3) {
		struct str ping = STR("PING");

		(void)link_command(link, &ping, 1, NULL, NULL);
	}
}

void link_watch(struct link *link)
{
	link_set_timer(link, link->overdue_ms / 4 * 3 + 1, link->overdue_ms / 4 + 1);
}

static void link_free(struct link *link)
{
	redis_address_finish(&link->address);
	for (size_t i = 0; i < link->channel_count; i++) {
		free(link->channels[i]);
	}
	free(link->channels);
	free(link->name);
	free(link);
}

static int copy_channels(struct link *link, const char *const *channels)
{
	size_t count = 0;

	while (channels && channels[count]) {
		count++;
	}
	if (count == 0) {
		return 0;
	}
	link->channels = calloc(count, sizeof(*link->channels));
	if (!link->channels) {
		return -ENOMEM;
	}
	for (; link->channel_count < count; link->channel_count++) {
		link->channels[link->channel_count] = strdup(channels[link->channel_count]);
		if (!link->channels[link->channel_count]) {
			return -ENOMEM;
		}
	}
	return 0;
}

int link_open(uv_loop_t *loop, const struct link_options *options, struct link **ret_link)
{
	struct link *link = calloc(1, sizeof(*link));
	int result;

	if (!link) {
		return -ENOMEM;
	}
	link->name = strdup(options->name);
	if (!link->name || redis_address_copy(options->address, &link->address) < 0 ||
		copy_channels(link, options->channels) < 0) {
		link_free(link);
		return -ENOMEM;
	}
	redis_address_text(&link->address, link->where);
	link->loop = loop;
	link->flags = options->flags;
	link->overdue_ms = options->overdue_ms;
	link->owner = options->owner;
	link->data = options->data;
	link->state = LINK_WAITING;
	result = uv_timer_init(loop, &link->timer);
	if (result < 0) {
		link_free(link);
		return result;
	}
	link->timer.data = link;
	link_set_timer(link, 0, 0);
	*ret_link = link;
	return 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
	link_free(handle->data);
}

void link_close(struct link *link)
{
	bool going;

	if (!link || link->state == LINK_CLOSED) {
		return;
	}
	going = link->state == LINK_GOING;
	link->state = LINK_CLOSED;
	link_find_forget(link);
	if (link->context && !going) {
		redisAsyncFree(link->context);
	}
	uv_close((uv_handle_t *)&link->timer, on_timer_closed);
}

bool link_is_up(const struct link *link)
{
	return link->state == LINK_UP;
}

const char *link_where(const struct link *link)
{
	return link->where;
}

size_t link_pending(const struct link *link)
{
	return link->pending;
}

int64_t link_client_id(const struct link *link)
{
	return link->state == LINK_UP ? link->shake.client_id : 0;
}
