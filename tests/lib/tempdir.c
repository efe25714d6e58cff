#include "lib/tempdir.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "lib/test.h"

int tempdir_setup(void **state)
{
	const char *parent = getenv("TMPDIR");
	char *path = malloc(256);

	if (!path) {
		return -1;
	}
	(void)snprintf(path, 256, "%s/formy-test-XXXXXX", parent ? parent : "/tmp");
	if (!mkdtemp(path)) {
		free(path);
		return -1;
	}
	*state = path;
	return 0;
}

int tempdir_teardown(void **state)
{
	int result = fs_remove_tree(*state);

	free(*state);
	return result;
}

void tempdir_path_sized(char *to, size_t size, const char *folder, const char *name)
{
	assert_int_equal(fs_join(to, size, folder, name), 0);
}

void tempdir_write(const char *path, const void *data, size_t len)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

int tempdir_count(const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	int count = 0;

	if (!dir) {
		return -1;
	}
	while ((entry = readdir(dir))) {
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	}
	(void)closedir(dir);
	return count;
}
