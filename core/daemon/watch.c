#include "daemon/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "daemon/catalog.h"
#include "daemon/reload.h"
#include "daemon/supervisor.h"
#include "plugin/registry.h"

#define SCAN_EVERY_MS 5000
#define SCAN_ABSENT_MS 1000 /* while a folder is not there, or cannot be watched */
#define SETTLE_MS (REGISTRY_SETTLE_MS + 20)

struct watch;

struct folder {
	uv_fs_event_t handle; /* first: closing frees the folder */
	struct watch *watch;
	char *path;
	dev_t device; /* which folder it was: another may have its name now */
	ino_t inode;
};

struct watch {
	uv_timer_t timer;
	struct supervisor *sup;
	struct folder *folders[LIMIT_PLUGINS];
	size_t count;
	bool complete; /* every folder is watched */
};

static void on_timer(uv_timer_t *timer)
{
	struct watch *watch = timer->data;

	watch_follow(watch->sup);
	reload_begin(watch->sup, RELOAD_PLUGINS);
}

static void scan_within(struct watch *watch, uint64_t most_ms)
{
	if (!uv_is_active((uv_handle_t *)&watch->timer) ||
		uv_timer_get_due_in(&watch->timer) > most_ms) {
		(void)uv_timer_start(&watch->timer, on_timer, most_ms, 0);
	}
}

static void on_change(uv_fs_event_t *handle, const char *name, int events, int status)
{
	struct folder *folder = handle->data;

	(void)name;
	(void)events;
	(void)status;
	scan_within(folder->watch, SETTLE_MS);
}

static void on_folder_closed(uv_handle_t *handle)
{
	struct folder *folder = handle->data;

	free(folder->path);
	free(folder);
}

static void on_timer_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void drop(struct watch *watch, size_t index)
{
	uv_close((uv_handle_t *)&watch->folders[index]->handle, on_folder_closed);
	watch->folders[index] = watch->folders[--watch->count];
}

static bool is_watched(const struct watch *watch, const char *path)
{
	for (size_t i = 0; i < watch->count; i++) {
		if (strcmp(watch->folders[i]->path, path) == 0) {
			return true;
		}
	}
	return false;
}

/* True when changes in the folder will be told. */
static bool add(struct watch *watch, const char *path)
{
	struct folder *folder;
	struct stat st;
	int result;

	if (stat(path, &st) < 0 || watch->count == LIMIT_PLUGINS) {
		return false;
	}
	folder = calloc(1, sizeof(*folder));
	if (!folder || !(folder->path = strdup(path))) {
		free(folder);
		return false;
	}
	folder->watch = watch;
	folder->device = st.st_dev;
	folder->inode = st.st_ino;
	folder->handle.data = folder;
	(void)uv_fs_event_init(watch->sup->loop, &folder->handle);
	result = uv_fs_event_start(&folder->handle, on_change, path, 0);
	watch->folders[watch->count++] = folder;
	if (result < 0) {
		log_debug("folder cannot be watched and is looked at now and then",
			LOG_S("folder", path), LOG_S("why", uv_strerror(result)));
		drop(watch, watch->count - 1);
	}
	return result == 0;
}

/* Is it still the folder of that name, and one that is wanted? */
static bool is_current(const struct folder *folder, const struct config_worker *wanted)
{
	struct stat st;

	if (stat(folder->path, &st) < 0 || st.st_dev != folder->device ||
		st.st_ino != folder->inode) {
		return false;
	}
	for (size_t i = 0; i < wanted->plugin_dir_count; i++) {
		if (strcmp(wanted->plugin_dirs[i], folder->path) == 0) {
			return true;
		}
	}
	return false;
}

void watch_follow(struct supervisor *sup)
{
	const struct config_worker *wanted = &sup->catalog->config->worker;
	struct watch *watch = sup->watch;

	if (!watch) {
		return;
	}
	for (size_t i = watch->count; i > 0; i--) {
		if (!is_current(watch->folders[i - 1], wanted)) {
			drop(watch, i - 1);
		}
	}
	watch->complete = true;
	for (size_t i = 0; i < wanted->plugin_dir_count; i++) {
		if (!is_watched(watch, wanted->plugin_dirs[i]) &&
			!add(watch, wanted->plugin_dirs[i])) {
			watch->complete = false;
		}
	}
}

void watch_scanned(struct supervisor *sup, bool unsettled)
{
	if (sup->watch && unsettled) {
		scan_within(sup->watch, SETTLE_MS);
	} else if (sup->watch) {
		scan_within(sup->watch, sup->watch->complete ? SCAN_EVERY_MS : SCAN_ABSENT_MS);
	}
}

int watch_begin(struct supervisor *sup)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	if (!watch) {
		return -ENOMEM;
	}
	watch->sup = sup;
	(void)uv_timer_init(sup->loop, &watch->timer);
	watch->timer.data = watch;
	sup->watch = watch;
	watch_follow(sup);
	/* what changed between the scan at the start and now was told to nobody */
	scan_within(watch, SETTLE_MS);
	return 0;
}

void watch_close(struct supervisor *sup)
{
	struct watch *watch = sup->watch;

	if (!watch) {
		return;
	}
	sup->watch = NULL;
	while (watch->count > 0) {
		drop(watch, watch->count - 1);
	}
	uv_close((uv_handle_t *)&watch->timer, on_timer_closed);
}
