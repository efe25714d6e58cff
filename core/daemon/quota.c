#include "daemon/quota.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/log.h"
#include "daemon/catalog.h"
#include "daemon/child.h"
#include "daemon/supervisor.h"

#define EVERY_MS 250

/* Output, thumbnail, comparison and a library's own: each of the size that one file may have. */
#define FILES_OF_LARGEST 3

/* Of /proc/PID/stat; the second one is a name in brackets, which may hold anything. */
#define FIELD_OF_THREADS 20

/* One look at the executors that are busy. */
struct look {
	uv_work_t work;
	struct supervisor *sup;
	uint64_t most_bytes;
	unsigned count;
	struct {
		struct place *place;
		uint64_t number; /* of its job */
		void *job;
		pid_t pid;
		enum slot_end over; /* SLOT_END_ITSELF: it is not */
		uint64_t bytes;
		unsigned files;
		unsigned long threads;
	} looked[];
};

/* 0 when that cannot be found out. */
static unsigned long count_threads(pid_t pid)
{
	char path[64];
	char line[1024];
	const char *at;
	ssize_t len;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
	fs_close(fd);
	if (len <= 0) {
		return 0;
	}
	line[len] = '\0';
	at = strrchr(line, ')');
	for (int field = 2; at && field < FIELD_OF_THREADS; field++) {
		at = strchr(at + 1, ' ');
	}
	return at ? strtoul(at, NULL, 10) : 0;
}

static void measure(struct look *look, unsigned index)
{
	DIR *dir = opendir(look->looked[index].place->scratch);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		struct stat st;

		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISREG(st.st_mode)) {
			look->looked[index].bytes += (uint64_t)st.st_blocks * 512;
			look->looked[index].files++;
		}
		if (look->looked[index].files > LIMIT_SCRATCH_FILES ||
			look->looked[index].bytes > look->most_bytes) {
			look->looked[index].over = SLOT_END_GREEDY;
			break;
		}
	}
	if (dir) {
		(void)closedir(dir);
	}
	look->looked[index].threads = count_threads(look->looked[index].pid);
	if (look->looked[index].threads > LIMIT_THREADS) {
		look->looked[index].over = SLOT_END_THREADS;
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
		struct slot *slot = &look->looked[i].place->slot;

		if (look->looked[i].over != SLOT_END_ITSELF && slot->job == look->looked[i].job &&
			slot->number == look->looked[i].number && slot->mode) {
			const struct mode *mode = slot->mode;

			log_warning(look->looked[i].over == SLOT_END_GREEDY
					? "a plugin filled its scratch folder"
					: "a plugin has too many threads",
				LOG_S("mode", mode->name), LOG_S("plugin", mode_plugin_id(mode)),
				LOG_I("files", look->looked[i].files),
				LOG_I("bytes", (int64_t)look->looked[i].bytes),
				LOG_I("threads", (int64_t)look->looked[i].threads));
			slot_kill_greedy(slot, look->looked[i].over);
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
	look = calloc(1, sizeof(*look) + sup->place_count * sizeof(look->looked[0]));
	if (!look) {
		return;
	}
	look->work.data = look;
	look->sup = sup;
	look->most_bytes = FILES_OF_LARGEST * limit_of_file((uint64_t)storage->max_pixels);
	for (unsigned i = 0; i < sup->place_count; i++) {
		struct slot *slot = &sup->places[i].slot;

		if (slot->job) {
			look->looked[look->count].place = &sup->places[i];
			look->looked[look->count].job = slot->job;
			look->looked[look->count].pid = child_pid(slot->child);
			look->looked[look->count++].number = slot->number;
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
