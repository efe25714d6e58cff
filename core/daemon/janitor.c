#include "daemon/janitor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "daemon/catalog.h"
#include "daemon/supervisor.h"
#include "redis/link.h"
#include "task/queue.h"

#define FIRST_MS 2000
#define EVERY_MS 30000
#define STEP_MS 100 /* while there is more to do */
#define LOCK_MS 90000
#define UPLOADS_EVERY_MS (60 * 60 * 1000)
#define GONE_MAX 50
#define GONE_FRESH_MS 5000 /* for so long what Redis said of them is taken for true */

struct janitor {
	struct supervisor *sup;
	uv_timer_t timer;
	uv_work_t work;
	struct store_config store;
	struct err err; /* why files could not be removed */
	int64_t offset; /* among the old tasks; -1: all were looked at */
	char gone[GONE_MAX][LIMIT_TASK_ID + 1];
	size_t gone_count;
	bool removed[GONE_MAX]; /* their files are, and Redis does not know it */
	size_t removed_count;
	size_t stuck_count; /* of those whose files cannot be removed */
	uint64_t asked_ms;  /* when Redis was asked for them */

	/* Uploads: found, then looked for in tasks, then settled. */
	struct store_old old[QUEUE_CLEAN_IMAGES];
	bool needed[QUEUE_CLEAN_IMAGES];
	size_t old_count;
	int64_t old_before_s;
	bool finding;
	bool searched;
	char cursor[24];
	uint64_t uploads_ms; /* not before */
};

static void on_timer(uv_timer_t *timer);

static void again(struct janitor *janitor, uint64_t wait_ms)
{
	if (!uv_is_closing((uv_handle_t *)&janitor->timer)) {
		(void)uv_timer_start(&janitor->timer, on_timer, wait_ms, 0);
	}
}

/* A person may make a failed task pending again: this process may have stood still since. */
static bool is_fresh(const struct janitor *janitor)
{
	return clock_mono_ms() - janitor->asked_ms < GONE_FRESH_MS;
}

/* On a thread of the pool: nobody else touches the janitor meanwhile. */
static void do_work(uv_work_t *work)
{
	struct janitor *janitor = work->data;

	if (janitor->finding) {
		janitor->old_count = store_find_old(
			&janitor->store, janitor->old_before_s, janitor->old, QUEUE_CLEAN_IMAGES);
		return;
	}
	for (size_t i = 0; i < janitor->gone_count && is_fresh(janitor); i++) {
		janitor->removed[i] =
			store_remove_results(&janitor->store, janitor->gone[i], &janitor->err) == 0;
		janitor->removed_count += janitor->removed[i];
		janitor->stuck_count += !janitor->removed[i];
	}
	for (size_t i = 0; janitor->searched && i < janitor->old_count; i++) {
		store_settle_old(&janitor->store, janitor->old_before_s, &janitor->old[i],
			janitor->needed[i]);
	}
}

static void on_work_done(uv_work_t *work, int status)
{
	struct janitor *janitor = work->data;

	(void)status;
	if (janitor->finding) {
		janitor->finding = false;
		(void)text_copy(janitor->cursor, sizeof(janitor->cursor), "0");
		memset(janitor->needed, 0, sizeof(janitor->needed));
	} else {
		if (janitor->removed_count > 0) {
			log_debug("results that nobody wants removed",
				LOG_I("tasks", janitor->removed_count));
		}
		if (janitor->stuck_count > 0) {
			log_warning(
				"results that nobody wants cannot be removed; it is tried again",
				LOG_I("tasks", janitor->stuck_count),
				LOG_S("why", janitor->err.text));
		}
		if (janitor->searched) {
			/* a full batch: there may be more of them */
			janitor->uploads_ms = clock_mono_ms() +
				(janitor->old_count == QUEUE_CLEAN_IMAGES ? 0 : UPLOADS_EVERY_MS);
			janitor->searched = false;
			janitor->old_count = 0;
		}
	}
	again(janitor, STEP_MS);
}

static void start_work(struct janitor *janitor)
{
	janitor->store = janitor->sup->store;
	janitor->work.data = janitor;
	(void)uv_queue_work(janitor->sup->loop, &janitor->work, do_work, on_work_done);
}

static void note_needed(struct janitor *janitor, const char *id)
{
	for (size_t i = 0; i < janitor->old_count; i++) {
		if (strcmp(janitor->old[i].id, id) == 0) {
			janitor->needed[i] = true;
		}
	}
}

static void on_cleaned(
	int result, const char *why, const struct queue_clean_reply *reply, void *arg)
{
	struct janitor *janitor = arg;
	/* there is nothing but these: later */
	bool stuck = janitor->stuck_count > 0 && janitor->removed_count == 0;

	(void)why;
	janitor->gone_count = 0;
	janitor->removed_count = 0;
	janitor->stuck_count = 0;
	if (result < 0 || !reply->mine) {
		/* what was removed, and may be there again, is asked for anew */
		janitor->offset = 0;
		janitor->old_count = 0;
		again(janitor, EVERY_MS);
		return;
	}
	while (!stuck && janitor->gone_count < reply->gone_count &&
		janitor->gone_count < GONE_MAX) {
		size_t i = janitor->gone_count++;

		janitor->removed[i] = false;
		(void)text_copy(janitor->gone[i], sizeof(janitor->gone[i]), reply->gone[i]);
	}
	for (size_t i = 0; i < reply->needed_count; i++) {
		note_needed(janitor, reply->needed[i]);
	}
	janitor->offset = reply->offset;
	(void)text_copy(janitor->cursor, sizeof(janitor->cursor), reply->cursor);
	janitor->searched = janitor->old_count > 0 && strcmp(reply->cursor, "0") == 0;
	if (janitor->gone_count > 0 || janitor->searched) {
		start_work(janitor);
	} else if (janitor->offset >= 0 || janitor->old_count > 0) {
		again(janitor, STEP_MS);
	} else {
		janitor->offset = 0;
		again(janitor, EVERY_MS);
	}
}

static void clean(struct janitor *janitor)
{
	const char *gone[GONE_MAX];
	const char *images[QUEUE_CLEAN_IMAGES];
	struct queue_clean call = {
		.removed = gone,
		.offset = janitor->offset,
		.cursor = janitor->old_count > 0 ? janitor->cursor : NULL,
		.images = images,
		.image_count = janitor->old_count,
		.lock_ms = LOCK_MS,
	};

	for (size_t i = 0; i < janitor->gone_count && is_fresh(janitor); i++) {
		if (janitor->removed[i]) {
			gone[call.removed_count++] = janitor->gone[i];
		}
	}
	for (size_t i = 0; i < call.image_count; i++) {
		images[i] = janitor->old[i].id;
	}
	janitor->asked_ms = clock_mono_ms();
	if (queue_clean(janitor->sup->queue, &call, on_cleaned, janitor) < 0) {
		again(janitor, EVERY_MS);
	}
}

static void on_timer(uv_timer_t *timer)
{
	struct janitor *janitor = timer->data;
	struct supervisor *sup = janitor->sup;

	if (sup->phase != PHASE_SERVING || !sup->registered || !link_is_up(sup->link)) {
		again(janitor, FIRST_MS);
	} else if (janitor->old_count == 0 && clock_mono_ms() >= janitor->uploads_ms) {
		janitor->uploads_ms = clock_mono_ms() + UPLOADS_EVERY_MS;
		janitor->old_before_s = clock_wall_us() / 1000000 -
			(int64_t)sup->catalog->config->tasks.retention_days * 86400;
		janitor->finding = true;
		start_work(janitor);
	} else {
		clean(janitor);
	}
}

int janitor_init(struct supervisor *sup)
{
	struct janitor *janitor = calloc(1, sizeof(*janitor));
	int result;

	if (!janitor) {
		return -ENOMEM;
	}
	janitor->sup = sup;
	result = uv_timer_init(sup->loop, &janitor->timer);
	if (result < 0) {
		free(janitor);
		return result;
	}
	janitor->timer.data = janitor;
	sup->janitor = janitor;
	return uv_timer_start(&janitor->timer, on_timer, FIRST_MS, 0);
}

void janitor_close(struct supervisor *sup)
{
	if (sup->janitor) {
		uv_close((uv_handle_t *)&sup->janitor->timer, NULL);
	}
}

void janitor_destroy(struct supervisor *sup)
{
	free(sup->janitor);
	sup->janitor = NULL;
}
