#include "http/host.h"

#include <formy/extensions.h>
#include <stddef.h>

#define WAIT_MOST_S 3600

const char *host_memo(const formy_host *host, formy_task *task)
{
	const formy_memo *memo = (const formy_memo *)host->extension(FORMY_MEMO_ID);

	return memo ? memo->get(task) : NULL;
}

formy_status host_set_memo(const formy_host *host, formy_task *task, const char *text)
{
	const formy_memo *memo = (const formy_memo *)host->extension(FORMY_MEMO_ID);

	return memo ? memo->set(task, text) : FORMY_OK;
}

formy_status host_retry_after(const formy_host *host, formy_task *task, int64_t seconds,
	const char *code, const char *message, const char *details)
{
	const formy_later *later = (const formy_later *)host->extension(FORMY_LATER_ID);

	if (!later) {
		return host->fail(task, FORMY_E_BUSY, code, message, details);
	}
	return later->retry_after(task, (uint32_t)(seconds < WAIT_MOST_S ? seconds : WAIT_MOST_S),
		code, message, details);
}

formy_status host_down(const formy_host *host, formy_task *task, formy_status status,
	const char *code, const char *message, const char *details)
{
	const formy_later *later = (const formy_later *)host->extension(FORMY_LATER_ID);

	if (!later) {
		return host->fail(task, status, code, message, details);
	}
	/* the words of a task that ends after all, as its attempts or its time may be over */
	(void)host->fail(task, FORMY_E_BUSY, code, message, details);
	return later->down(task, code, details ? details : message);
}

bool host_take(const formy_host *host, formy_task *task, const char *resource, uint32_t limit)
{
	const formy_places *places = (const formy_places *)host->extension(FORMY_PLACES_ID);

	return !places || places->take(task, resource, limit);
}

void host_give(const formy_host *host, formy_task *task, const char *resource)
{
	const formy_places *places = (const formy_places *)host->extension(FORMY_PLACES_ID);

	if (places) {
		places->give(task, resource);
	}
}

uint32_t host_taken(const formy_host *host, formy_task *task, const char *resource)
{
	const formy_places *places = (const formy_places *)host->extension(FORMY_PLACES_ID);

	return places ? places->taken(task, resource) : 0;
}
