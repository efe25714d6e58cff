#include "daemon/quota.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "base/log.h"
#include "daemon/catalog.h"
#include "daemon/supervisor.h"

#define EVERY_MS 250

/* Output, thumbnail, comparison and a library's own: each of the size that one file may have. */
#define FILES_OF_LARGEST 3

/* One look at the scratch folders of the executors that are busy. */
struct look {
	uv_work_t work;
	struct supervisor *sup;
	uint64_t most_bytes;
	unsigned count;
	struct {
		struct place *place;
		uint64_t number; /* of its job */
		void *job;
		bool over;
		uint64_t bytes;
		unsigned files;
	} folders[];
};

static void measure(struct look *look, unsigned index)
{
	DIR *dir = opendir(look->folders[index].place->scratch);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		struct stat st;

		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISREG(st.st_mode)) {
			look->folders[index].bytes += (uint64_t)st.st_blocks * 512;
			look->folders[index].files++;
		}
		if (look->folders[index].files > LIMIT_SCRATCH_FILES ||
			look->folders[index].bytes > look->most_bytes) {
			look->folders[index].over = true;
			break;
		}
	}
	if (dir) {
		(void)closedir(dir);
	}
}

/* On a thread: of the supervisor only the places' paths are read, which do not change. */
static void on_work(uv_work_t *work)
{
	struct look *look = work->data;

	for (unsigned i = 0; i < look->count; i++) {
		measure(look, i);
	}
}

static void on_done(uv_work_t *work, int status)
{
	struct look *look = work->data;

	look->sup->quota_busy = false;
	for (unsigned i = 0; status == 0 && i < look->count; i++) {
		struct slot *slot = &look->folders[i].place->slot;

		if (look->folders[i].over && slot->job == look->folders[i].job &&
			slot->number == look->folders[i].number && slot->mode) {
			const struct mode *mode = slot->mode;

			log_warning("a plugin filled its scratch folder", LOG_S("mode", mode->name),
				LOG_S("plugin", mode_plugin_id(mode)),
				LOG_I("files", look->folders[i].files),
				LOG_I("bytes", (int64_t)look->folders[i].bytes));
			slot_kill_greedy(slot);
		}
	}
	free(look);
}

static void on_timer(uv_timer_t *timer)
{
	struct supervisor *sup = timer->data;
	const struct config_storage *storage = &sup->catalog->config->storage;
	struct look *look;

	if (sup->running.count == 0) {
		(void)uv_timer_stop(timer);
		return;
	}
	if (sup->quota_busy) {
		return;
	}
	look = calloc(1, sizeof(*look) + sup->place_count * sizeof(look->folders[0]));
	if (!look) {
		return;
	}
	look->work.data = look;
	look->sup = sup;
	look->most_bytes = FILES_OF_LARGEST * limit_of_file((uint64_t)storage->max_pixels);
	for (unsigned i = 0; i < sup->place_count; i++) {
		struct slot *slot = &sup->places[i].slot;

		if (slot->job) {
			look->folders[look->count].place = &sup->places[i];
			look->folders[look->count].job = slot->job;
			look->folders[look->count++].number = slot->number;
		}
	}
	if (look->count == 0 || uv_queue_work(sup->loop, &look->work, on_work, on_done) < 0) {
		free(look);
		return;
	}
	sup->quota_busy = true;
}

void quota_init(struct supervisor *sup, uv_timer_t *timer)
{
	(void)uv_timer_init(sup->loop, timer);
	timer->data = sup;
}

void quota_wake(struct supervisor *sup)
{
	if (!uv_is_active((uv_handle_t *)&sup->quota)) {
		(void)uv_timer_start(&sup->quota, on_timer, EVERY_MS, EVERY_MS);
	}
}
