#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "lib/smalldisk.h"
#include "lib/tempdir.h"
#include "lib/test.h"

static void test_folders(void **state)
{
	char path[4096];
	struct stat st;

	tempdir_path(path, *state, "a/b/c");
	assert_int_equal(fs_mkdir_all(path, 0750), 0);
	assert_int_equal(fs_mkdir_all(path, 0750), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	tempdir_path(path, *state, "file");
	tempdir_write(path, "x", 1);
	assert_int_equal(fs_mkdir_all(path, 0750), -ENOTDIR);
	tempdir_path(path, *state, "file/below");
	assert_int_equal(fs_mkdir_all(path, 0750), -ENOTDIR);
}

static void test_read(void **state)
{
	struct buf out = {0};
	char path[4096];

	tempdir_path(path, *state, "file");
	tempdir_write(path, "0123456789", 10);
	buf_add_text(&out, "kept ");
	assert_int_equal(fs_read_file(path, 10, &out), 0);
	assert_string_equal(buf_cstr(&out), "kept 0123456789");
	buf_clear(&out);
	assert_int_equal(fs_read_file(path, 9, &out), -EFBIG);
	assert_int_equal(fs_read_file(*state, 10, &out), -EISDIR);
	tempdir_path(path, *state, "pipe");
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(fs_read_file(path, 10, &out), -EINVAL);
	tempdir_path(path, *state, "none");
	assert_int_equal(fs_read_file(path, 10, &out), -ENOENT);
	buf_finish(&out);
}

static void test_replace(void **state)
{
	struct buf out = {0};
	char path[4096];
	struct stat st;

	tempdir_path(path, *state, "file");
	assert_int_equal(fs_replace_file(path, "first", 5, 0600), 0);
	assert_int_equal(fs_replace_file(path, "second", 6, 0600), 0);
	assert_int_equal(fs_read_file(path, 100, &out), 0);
	assert_string_equal(buf_cstr(&out), "second");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(tempdir_count(*state), 1);
	buf_finish(&out);
	/* what stays when it fails is what was there, and nothing beside it */
	tempdir_path(path, *state, "folder/x");
	assert_int_equal(fs_mkdir_all(path, 0700), 0);
	tempdir_path(path, *state, "folder");
	assert_int_equal(fs_replace_file(path, "x", 1, 0600), -EISDIR);
	assert_int_equal(tempdir_count(*state), 2);
	tempdir_path(path, *state, "none/file");
	assert_int_equal(fs_replace_file(path, "x", 1, 0600), -ENOENT);
}

static void test_copy(void **state)
{
	char from[4096];
	char to[4096];
	struct buf out = {0};
	int fd;

	tempdir_path(from, *state, "from");
	tempdir_path(to, *state, "to");
	tempdir_write(from, "0123456789", 10);
	fd = open(from, O_RDONLY | O_CLOEXEC);
	assert_int_equal(fs_copy_to(fd, to, 9, 0644), -EFBIG);
	assert_int_equal(tempdir_count(*state), 1);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(fs_copy_to(fd, to, 10, 0644), 0);
	assert_int_equal(fs_read_file(to, 10, &out), 0);
	assert_string_equal(buf_cstr(&out), "0123456789");
	buf_finish(&out);
	errno = EXDEV;
	fs_close(fd);
	fs_close(-1);
	assert_int_equal(errno, EXDEV);
}

static void test_remove_tree(void **state)
{
	char path[4096];
	char link[4096];
	char kept[4096];

	tempdir_path(kept, *state, "kept");
	assert_int_equal(fs_mkdir_all(kept, 0700), 0);
	tempdir_path(path, *state, "kept/file");
	tempdir_write(path, "x", 1);
	tempdir_path(path, *state, "tree/a/b");
	assert_int_equal(fs_mkdir_all(path, 0700), 0);
	tempdir_path(path, *state, "tree/a/b/file");
	tempdir_write(path, "x", 1);
	tempdir_path(link, *state, "tree/a/link");
	assert_int_equal(symlink(kept, link), 0);
	tempdir_path(path, *state, "tree");
	assert_int_equal(fs_remove_tree(path), 0);
	assert_int_equal(tempdir_count(path), -1);
	assert_int_equal(tempdir_count(kept), 1);
	assert_int_equal(fs_remove_tree(path), 0);
}

static void test_join(void **state)
{
	char to[8];
	char where[4096];

	(void)state;
	assert_int_equal(fs_join(to, sizeof(to), "abc", "def"), 0);
	assert_string_equal(to, "abc/def");
	assert_int_equal(fs_join(to, sizeof(to), "abc", "defg"), -ENAMETOOLONG);
	assert_int_equal(fs_program_dir(where, sizeof(where)), 0);
	assert_int_equal(where[0], '/');
	assert_int_equal(fs_program_dir(where, 2), -ENAMETOOLONG);
}

static void test_full_disk(void **state)
{
	static char block[100000];
	char path[4096];

	if (smalldisk_mount(*state, 65536) < 0) {
		skip();
	}
	tempdir_path(path, *state, "file");
	assert_int_equal(fs_replace_file(path, block, 100, 0600), 0);
	assert_int_equal(fs_replace_file(path, block, sizeof(block), 0600), -ENOSPC);
	assert_int_equal(tempdir_count(*state), 1);
	smalldisk_unmount(*state);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, tempdir_setup, tempdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(test_folders),
		WITH_FOLDER(test_read),
		WITH_FOLDER(test_replace),
		WITH_FOLDER(test_copy),
		WITH_FOLDER(test_remove_tree),
		cmocka_unit_test(test_join),
		WITH_FOLDER(test_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
