#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fs.h"
#include "cli/doctor.h"
#include "config/config.h"

#define SERVICE_USER "formy"
#define LEAST_FREE (UINT64_C(1) << 30) /* bytes, of the folders of pictures */
#define COMMAND_SIZE 4600

/* From linux/landlock.h, which Debian 12 has and older systems have not. */
#define LANDLOCK_ASK_VERSION 1u

void doctor_look_at_file(struct doctor *doctor, const struct config *config)
{
	char mend[COMMAND_SIZE];
	struct stat st;

	if (!config->path) {
		doctor_add(doctor, FINDING_WARNING, "configuration",
			"write " CONFIG_DEFAULT_PATH ": man formy.conf explains it",
			"there is no " CONFIG_DEFAULT_PATH ", so all defaults hold");
		return;
	}
	(void)snprintf(mend, sizeof(mend), "chown root:" SERVICE_USER " %s && chmod 640 %s",
		config->path, config->path);
	if (config->redis.password && stat(config->path, &st) == 0 && (st.st_mode & S_IROTH)) {
		doctor_add(doctor, FINDING_WARNING, "configuration", mend,
			"everybody may read %s, and there is a password", config->path);
	} else {
		doctor_add(doctor, FINDING_OK, "configuration", NULL,
			"%s is right, %zu file%s in all", config->path, config->file_count,
			config->file_count == 1 ? "" : "s");
	}
}

/* Whether the user of the service, where there is one, may write into a folder: by its owner, its
 * group and its mode, as we may be root, who may do everything. */
static bool service_may_write(const char *path, const struct stat *st)
{
	const struct passwd *user = getpwnam(SERVICE_USER);

	if (!user || geteuid() != 0) {
		return access(path, W_OK | X_OK) == 0;
	}
	if (st->st_uid == user->pw_uid) {
		return (st->st_mode & S_IRWXU) == S_IRWXU;
	}
	if (st->st_gid == user->pw_gid) {
		return (st->st_mode & S_IRWXG) == S_IRWXG;
	}
	return (st->st_mode & S_IRWXO) == S_IRWXO;
}

static void look_at_folder(struct doctor *doctor, const char *name, const char *path)
{
	char mend[COMMAND_SIZE];
	struct statvfs space;
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode)) {
		(void)snprintf(mend, sizeof(mend),
			"install -d -o " SERVICE_USER " -g " SERVICE_USER " -m 2770 %s", path);
		doctor_add(doctor, FINDING_WRONG, "folders", mend, "the folder of %s, %s, %s", name,
			path,
			errno == EACCES ? "may not be seen by you: run it as root, or join the "
					  "group " SERVICE_USER
					: "is not there");
		return;
	}
	if (!service_may_write(path, &st)) {
		(void)snprintf(
			mend, sizeof(mend), "chown " SERVICE_USER ":" SERVICE_USER " %s", path);
		doctor_add(doctor, FINDING_WRONG, "folders", mend,
			"the folder of %s, %s, cannot be written", name, path);
		return;
	}
	if (statvfs(path, &space) == 0 && (uint64_t)space.f_bavail * space.f_frsize < LEAST_FREE) {
		doctor_add(doctor, FINDING_WARNING, "folders",
			"make room, or shorten tasks { retention_days }",
			"only %" PRIu64 " MB are free in %s",
			(uint64_t)space.f_bavail * space.f_frsize / 1000000, path);
		return;
	}
	doctor_add(doctor, FINDING_OK, "folders", NULL, "%s are in %s, which can be written", name,
		path);
}

void doctor_look_at_folders(struct doctor *doctor, const struct config *config)
{
	look_at_folder(doctor, "uploads", config->storage.uploads);
	look_at_folder(doctor, "results", config->storage.results);
}

void doctor_look_at_kernel(struct doctor *doctor)
{
	long landlock = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_ASK_VERSION);
	struct buf actions = {0};

	if (landlock < 0) {
		doctor_add(doctor, FINDING_WARNING, "kernel",
			"a kernel of Debian 12 or newer has it; in a container, allow the calls "
			"landlock_*",
			"no Landlock (%s): plugins may read and write what the service may",
			strerror(errno));
	} else {
		doctor_add(doctor, FINDING_OK, "kernel", NULL, "Landlock, version %ld", landlock);
	}
	if (fs_read_file("/proc/sys/kernel/seccomp/actions_avail", 4096, &actions) < 0 ||
		buf_failed(&actions) || !strstr(buf_cstr(&actions), "errno")) {
		doctor_add(doctor, FINDING_WARNING, "kernel",
			"a kernel with CONFIG_SECCOMP_FILTER has it",
			"no seccomp filters: plugins may call whatever the kernel offers");
	} else {
		doctor_add(doctor, FINDING_OK, "kernel", NULL, "seccomp filters");
	}
	buf_finish(&actions);
}
