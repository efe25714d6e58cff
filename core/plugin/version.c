#include "plugin/version.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "plugin/descriptor.h"

static int64_t nanoseconds(struct timespec time)
{
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

struct plugin_identity version_identity(const struct stat *st)
{
	int64_t content_ns = nanoseconds(st->st_mtim);
	int64_t rights_ns = nanoseconds(st->st_ctim);

	return (struct plugin_identity){
		.device = st->st_dev,
		.inode = st->st_ino,
		.size = st->st_size,
		.changed_ns = content_ns > rights_ns ? content_ns : rights_ns,
	};
}

bool version_same_identity(const struct plugin_identity *a, const struct plugin_identity *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
		a->changed_ns == b->changed_ns;
}

/* In memory, as the plugin folders belong to somebody else and the folder of results may lie where
 * nothing may be executed. Sealed: not even a plugin can change it. */
static int copy_of(int fd, int64_t size, int *ret_copy)
{
	int copy = memfd_create("formy-plugin", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	off_t offset = 0;
	int result = 0;

	if (copy < 0) {
		return -errno;
	}
	while (result == 0 && offset < size) {
		ssize_t count = sendfile(copy, fd, &offset, (size_t)(size - offset));

		if (count == 0) {
			result = -EAGAIN;
		} else if (count < 0 && errno != EINTR) {
			result = -errno;
		}
	}
	if (result == 0 &&
		fcntl(copy, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) <
			0) {
		result = -errno;
	}
	if (result < 0) {
		fs_close(copy);
		return result;
	}
	*ret_copy = copy;
	return 0;
}

int version_create(int fd, struct plugin_version **ret_version)
{
	struct plugin_version *version = calloc(1, sizeof(*version));
	struct plugin_identity after;
	struct stat st;
	int result = 0;

	if (!version) {
		return -ENOMEM;
	}
	version->holders = 1;
	version->fd = -1;
	if (fstat(fd, &st) < 0) {
		result = -errno;
		goto out;
	}
	version->identity = version_identity(&st);
	if (st.st_size > LIMIT_PLUGIN_COPY) {
		version->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		result = version->fd < 0 ? -errno : 0;
		goto out;
	}
	result = copy_of(fd, st.st_size, &version->fd);
	if (result == 0 && fstat(fd, &st) < 0) {
		result = -errno;
	}
	if (result == 0) {
		after = version_identity(&st);
		result = version_same_identity(&version->identity, &after) ? 0 : -EAGAIN;
	}
out:
	if (result < 0) {
		version_release(version);
		return result;
	}
	*ret_version = version;
	return 0;
}

struct plugin_version *version_hold(struct plugin_version *version)
{
	if (version) {
		version->holders++;
	}
	return version;
}

void version_release(struct plugin_version *version)
{
	if (!version || --version->holders > 0) {
		return;
	}
	fs_close(version->fd);
	free(version->reason);
	descriptor_destroy(version->descriptor);
	free(version);
}

void version_set_state(struct plugin_version *version, enum plugin_state state, const char *reason)
{
	char *copy = reason ? strdup(reason) : NULL;

	free(version->reason);
	version->reason = copy;
	version->state = state;
}

bool version_crashed(struct plugin_version *version, const char *task_id)
{
	if (strcmp(version->crashed_task, task_id) == 0) {
		return false;
	}
	(void)text_copy(version->crashed_task, sizeof(version->crashed_task), task_id);
	version->crashed_tasks++;
	if (version->quarantined || version->crashed_tasks < LIMIT_PLUGIN_CRASHES) {
		return false;
	}
	version->quarantined = true;
	return true;
}

void version_answered(struct plugin_version *version)
{
	version->crashed_tasks = 0;
	version->crashed_task[0] = '\0';
}

void version_absolve(struct plugin_version *version)
{
	version->quarantined = false;
	version_answered(version);
}
