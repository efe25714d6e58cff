/* A folder of its own for a test, as cmocka's setup and teardown.
 *
 * tempdir_setup() points *state to the folder's name; tempdir_teardown() removes the folder and
 * all in it, and frees the name. */
#ifndef FORMY_TESTS_LIB_TEMPDIR_H
#define FORMY_TESTS_LIB_TEMPDIR_H

#include <stddef.h>

int tempdir_setup(void **state);
int tempdir_teardown(void **state);

/* The path of a name in the folder; to is an array. Fails the test when it does not fit. */
#define tempdir_path(to, folder, name) tempdir_path_sized((to), sizeof(to), (folder), (name))
void tempdir_path_sized(char *to, size_t size, const char *folder, const char *name);

/* Writes a file, or fails the test. */
void tempdir_write(const char *path, const void *data, size_t len);

/* How many entries a folder has, or -1 when it is not there. */
int tempdir_count(const char *folder);

#endif
