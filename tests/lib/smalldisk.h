/* A disk that is soon full, for tests of what happens then. */
#ifndef FORMY_TESTS_LIB_SMALLDISK_H
#define FORMY_TESTS_LIB_SMALLDISK_H

#include <stddef.h>

/* Mounts an empty file system of so many bytes on a folder, for this process alone: it goes with
 * the process at the latest. 0, or a negative errno where that is not allowed. */
int smalldisk_mount(const char *folder, size_t bytes);
void smalldisk_unmount(const char *folder);

#endif
