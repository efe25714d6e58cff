#include <errno.h>
#include <stdlib.h>

#include "redis/link_private.h"

/* Outlives the link if need be. */
struct link_search {
	uv_work_t work;
	struct link *link; /* NULL: nobody waits any more */
	struct redis_address address;
	unsigned first;
	struct sentinel_place master;
	struct err why;
	int result;
};

static void search_free(struct link_search *search)
{
	redis_address_finish(&search->address);
	free(search);
}

static void on_thread(uv_work_t *work)
{
	struct link_search *search = work->data;

	search->result = sentinel_find_master(
		&search->address, search->first, &search->why, &search->master);
}

static void on_searched(uv_work_t *work, int status)
{
	struct link_search *search = work->data;
	struct link *link = search->link;

	if (link) {
		bool found = status == 0 && search->result == 0;

		link->search = NULL;
		link->why = search->why;
		link_found(link, found ? &search->master : NULL);
	}
	search_free(search);
}

int link_find(struct link *link)
{
	struct link_search *search = calloc(1, sizeof(*search));
	int result;

	if (!search || redis_address_copy(&link->address, &search->address) < 0) {
		free(search);
		return -ENOMEM;
	}
	search->work.data = search;
	search->link = link;
	search->first = link->sentinel;
	result = uv_queue_work(link->loop, &search->work, on_thread, on_searched);
	if (result < 0) {
		search_free(search);
		return result;
	}
	link->search = search;
	return 0;
}

void link_find_forget(struct link *link)
{
	if (link->search) {
		link->search->link = NULL;
		(void)uv_cancel((uv_req_t *)&link->search->work);
		link->search = NULL;
	}
}
