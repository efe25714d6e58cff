/* Files: small, whole, synced, and never through a link where a stranger could have put one. */
#ifndef FORMY_BASE_FS_H
#define FORMY_BASE_FS_H

#include <stddef.h>
#include <sys/types.h>

struct buf;

/* Closes a descriptor that may be -1, and keeps errno. */
void fs_close(int fd);

/* Makes a folder and those above it. 0 when it is there at the end, or a negative errno. */
int fs_mkdir_all(const char *path, mode_t mode);

/* Reads a regular file of at most `max` bytes, appending to out. -EISDIR or -EINVAL for what is
 * not a regular file, -EFBIG above the limit, or another negative errno. */
int fs_read_file(const char *path, size_t max, struct buf *out);

/* Writes all of data, however often the kernel takes a part. 0 or a negative errno. */
int fs_write_all(int fd, const void *data, size_t len);

/* Puts a file under its name whole or not at all: writes beside it, syncs, renames.
 * 0 or a negative errno (-ENOSPC and -EDQUOT: the disk is full). */
int fs_replace_file(const char *path, const void *data, size_t len, mode_t mode);

/* Copies a file of at most `max` bytes from an open descriptor, from its current position; the
 * copy appears under its name whole or not at all. 0 or a negative errno. */
int fs_copy_to(int from, const char *path, size_t max, mode_t mode);

/* Syncs the folder that holds path, so that a rename in it outlives a power cut. */
int fs_sync_dir_of(const char *path);

/* Removes a folder and all in it, never following a link. A missing folder is no error. */
int fs_remove_tree(const char *path);

/* Joins "folder" and "name" into a fixed array. 0, or -ENAMETOOLONG. */
int fs_join(char *to, size_t size, const char *folder, const char *name);

/* The folder that holds the running program. 0 or a negative errno. */
int fs_program_dir(char *to, size_t size);

/* A program of ours: beside this one as in a build tree, in `near` seen from this one's folder as
 * in a tree that was moved, or in `folder`. 0 or -ENOENT. */
int fs_find_helper(char *to, size_t size, const char *name, const char *near, const char *folder);

#endif
