#include "executor/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fs.h"

/* Of linux/landlock.h, whose copy in Debian 12 ends with ABI 2. */
#define FS_EXECUTE (UINT64_C(1) << 0)
#define FS_WRITE_FILE (UINT64_C(1) << 1)
#define FS_READ_FILE (UINT64_C(1) << 2)
#define FS_READ_DIR (UINT64_C(1) << 3)
#define FS_MAKE_REG (UINT64_C(1) << 8)
#define FS_OF_ABI_1 ((UINT64_C(1) << 13) - 1)
#define FS_REFER (UINT64_C(1) << 13)    /* since ABI 2 */
#define FS_TRUNCATE (UINT64_C(1) << 14) /* since 3 */
#define FS_IOCTL (UINT64_C(1) << 15)    /* since 5 */
#define NET_BIND (UINT64_C(1) << 0)     /* since 4 */
#define NET_CONNECT (UINT64_C(1) << 1)
#define SCOPE_SOCKET (UINT64_C(1) << 0) /* since 6 */
#define SCOPE_SIGNAL (UINT64_C(1) << 1)

#define RULE_PATH 1
#define CREATE_VERSION 1u

/* What a right for a file, not a folder, may be. */
#define FS_OF_FILES (FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL)

struct attributes {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};

struct path_rule {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

static uint64_t known_rights(int abi)
{
	return FS_OF_ABI_1 | (abi >= 2 ? FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0) |
		(abi >= 5 ? FS_IOCTL : 0);
}

static uint64_t rights_of(enum landlock_access access)
{
	switch (access) {
	case LANDLOCK_READ:
		return FS_READ_FILE | FS_READ_DIR;
	case LANDLOCK_READ_RUN:
		return FS_READ_FILE | FS_READ_DIR | FS_EXECUTE;
	case LANDLOCK_DEVICE:
		return FS_READ_FILE | FS_READ_DIR | FS_WRITE_FILE | FS_IOCTL;
	case LANDLOCK_SCRATCH:
		/* to take a file's name away would hide how much it holds */
		return FS_READ_FILE | FS_READ_DIR | FS_WRITE_FILE | FS_MAKE_REG | FS_TRUNCATE;
	}
	return 0;
}

int landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_VERSION);

	return abi > 0 ? (int)abi : 0;
}

int landlock_create(struct landlock *landlock, bool net)
{
	struct attributes attributes = {0};
	size_t size = sizeof(attributes.fs);

	landlock->fd = -1;
	landlock->abi = landlock_abi();
	if (landlock->abi == 0) {
		return -ENOSYS;
	}
	attributes.fs = known_rights(landlock->abi);
	if (landlock->abi >= 4) {
		attributes.net = net ? NET_BIND : NET_BIND | NET_CONNECT;
		size += sizeof(attributes.net);
	}
	if (landlock->abi >= 6) {
		attributes.scoped = SCOPE_SOCKET | SCOPE_SIGNAL;
		size += sizeof(attributes.scoped);
	}
	landlock->fd = (int)syscall(SYS_landlock_create_ruleset, &attributes, size, 0);
	return landlock->fd < 0 ? -errno : 0;
}

int landlock_allow(struct landlock *landlock, const char *path, enum landlock_access access)
{
	struct path_rule rule = {.allowed = rights_of(access) & known_rights(landlock->abi)};
	struct stat st;
	int result = 0;

	rule.parent = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent < 0 || fstat(rule.parent, &st) < 0) {
		result = errno == ENOENT || errno == ENOTDIR || errno == EACCES ||
				errno == ENAMETOOLONG || errno == ELOOP
			? 0
			: -errno;
		fs_close(rule.parent);
		return result;
	}
	if (!S_ISDIR(st.st_mode)) {
		rule.allowed &= FS_OF_FILES;
	}
	if (syscall(SYS_landlock_add_rule, landlock->fd, RULE_PATH, &rule, 0) < 0) {
		result = -errno;
	}
	fs_close(rule.parent);
	return result;
}

int landlock_finish(struct landlock *landlock, bool enter)
{
	int result = 0;

	if (enter && syscall(SYS_landlock_restrict_self, landlock->fd, 0) < 0) {
		result = -errno;
	}
	fs_close(landlock->fd);
	landlock->fd = -1;
	return result;
}
