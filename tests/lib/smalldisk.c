#include "lib/smalldisk.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>

int smalldisk_mount(const char *folder, size_t bytes)
{
	char options[64];

	(void)snprintf(options, sizeof(options), "size=%zu,mode=0700", bytes);
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("tmpfs", folder, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0) {
		return -errno;
	}
	return 0;
}

void smalldisk_unmount(const char *folder)
{
	(void)umount2(folder, MNT_DETACH);
}
