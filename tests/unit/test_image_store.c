#include "image/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "lib/smalldisk.h"
#include "lib/tempdir.h"
#include "lib/test.h"

/* Headers are all that the store looks at. */
#define PNG(width, height) "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0" width "\0\0" height "\x08\2\0\0\0"
static const char png[] = PNG("\0\7", "\0\5");
static const char png_huge[] = PNG("\xea\x60", "\xea\x60");
static const char jpeg[] = "\xff\xd8\xff\xc0\0\x11\x08\0\1\0\2\3";
static const char webp[] = "RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x0f\0\0\x1f\0\0";
static const char moving[] = "RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\2\0\0\0\x0f\0\0\x1f\0\0";

struct fixture {
	char *folder;
	char uploads[300];
	char results[300];
	struct store_config store;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	void *folder;

	if (!fixture || tempdir_setup(&folder) != 0) {
		free(fixture);
		return -1;
	}
	fixture->folder = folder;
	(void)fs_join(fixture->uploads, sizeof(fixture->uploads), folder, "up");
	(void)fs_join(fixture->results, sizeof(fixture->results), folder, "res");
	fixture->store = (struct store_config){
		.uploads = fixture->uploads,
		.results = fixture->results,
		.max_upload_size = 1000,
		.max_pixels = 1000000,
	};
	*state = fixture;
	return store_prepare(&fixture->store, NULL);
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	void *folder = fixture->folder;

	free(fixture);
	return tempdir_teardown(&folder);
}

static void write_upload(const struct fixture *fixture, const char *name, size_t len)
{
	char bytes[2000] = {0};
	char path[4096];

	memcpy(bytes, png, sizeof(png));
	tempdir_path(path, fixture->uploads, name);
	tempdir_write(path, bytes, len);
}

static int open_input(const struct fixture *fixture, const char *id)
{
	struct err err = {0};
	int fd = -1;
	int result = store_open_input(&fixture->store, id, &err, &fd);

	assert_int_equal(result < 0, fd < 0);
	assert_int_equal(result < 0, err.text[0] != '\0');
	fs_close(fd);
	return result;
}

static void test_inputs(void **state)
{
	static const char *const names[] = {"source/a.jpg", "source/b.jpeg", "reference/c.png",
		"other/d.webp", "other/img_20261117_abcdefghij.png"};
	const struct fixture *fixture = *state;

	for (size_t i = 0; i < 5; i++) {
		write_upload(fixture, names[i], 1000);
	}
	assert_int_equal(open_input(fixture, "a"), 0);
	assert_int_equal(open_input(fixture, "b"), 0);
	assert_int_equal(open_input(fixture, "c"), 0);
	assert_int_equal(open_input(fixture, "d"), 0);
	assert_int_equal(open_input(fixture, "img_20261117_abcdefghij"), 0);
	assert_int_equal(open_input(fixture, "e"), -ENOENT);
	write_upload(fixture, "source/large.jpg", 1001);
	assert_int_equal(open_input(fixture, "large"), -EFBIG);
}

static void test_ids_are_no_paths(void **state)
{
	static const char *const ids[] = {"", ".", "..", "../up/source/a", "source/a",
		"/etc/passwd", "a.jpg", "a\n", "a b", "\xc3\xa4"};
	const struct fixture *fixture = *state;
	char longest[131];
	int fd;

	write_upload(fixture, "source/a.jpg", 100);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		assert_int_equal(open_input(fixture, ids[i]), -EINVAL);
		assert_int_equal(store_open_image(&fixture->store, ids[i], NULL, &fd), -EINVAL);
	}
	memset(longest, 'a', sizeof(longest));
	longest[129] = '\0';
	assert_int_equal(open_input(fixture, longest), -EINVAL);
	longest[128] = '\0';
	assert_int_equal(open_input(fixture, longest), -ENOENT);
	assert_int_equal(
		store_open_image(&fixture->store, "../up/source/a_thumb.jpg", NULL, &fd), -EINVAL);
}

static void test_links_and_pipes_are_refused(void **state)
{
	const struct fixture *fixture = *state;
	char secret[4096];
	char path[4096];

	tempdir_path(secret, fixture->folder, "secret");
	tempdir_write(secret, png, sizeof(png));
	tempdir_path(path, fixture->uploads, "source/link.png");
	assert_int_equal(symlink(secret, path), 0);
	assert_int_equal(open_input(fixture, "link"), -ELOOP);
	tempdir_path(path, fixture->uploads, "source/pipe.png");
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(open_input(fixture, "pipe"), -EACCES);
	tempdir_path(path, fixture->uploads, "source/folder.png");
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(open_input(fixture, "folder"), -EACCES);
}

static int put(
	const struct fixture *fixture, const void *data, size_t len, struct err *err, char *id)
{
	char path[4096];

	tempdir_path(path, fixture->folder, "holiday.jpg");
	tempdir_write(path, data, len);
	return store_put_file(&fixture->store, path, STORE_REFERENCE, err, id);
}

static void test_put(void **state)
{
	const struct fixture *fixture = *state;
	char id[IDENT_ID_SIZE];
	char name[64];
	char path[4096];
	struct buf have = {0};
	int fd;

	/* the extension is what the file is, not what it is called */
	assert_int_equal(put(fixture, png, sizeof(png), NULL, id), 0);
	assert_memory_equal(id, "img_", 4);
	(void)snprintf(name, sizeof(name), "reference/%s.png", id);
	tempdir_path(path, fixture->uploads, name);
	assert_int_equal(fs_read_file(path, 1000, &have), 0);
	assert_int_equal(have.len, sizeof(png));
	assert_memory_equal(have.data, png, sizeof(png));
	buf_finish(&have);
	assert_int_equal(open_input(fixture, id), 0);
	assert_int_equal(store_open_image(&fixture->store, id, NULL, &fd), 0);
	fs_close(fd);
	assert_int_equal(put(fixture, jpeg, sizeof(jpeg), NULL, id), 0);
	assert_int_equal(put(fixture, webp, sizeof(webp), NULL, id), 0);
	tempdir_path(path, fixture->uploads, "reference");
	assert_int_equal(tempdir_count(path), 3);
}

static void test_put_refuses(void **state)
{
	const struct fixture *fixture = *state;
	static const char text[] = "This is a text.";
	char large[1001] = {0};
	char id[IDENT_ID_SIZE] = "untouched";
	struct err err = {0};
	char path[4096];

	memcpy(large, png, sizeof(png));
	assert_int_equal(put(fixture, text, sizeof(text), &err, id), -EINVAL);
	assert_non_null(strstr(err.text, "holiday.jpg"));
	assert_int_equal(put(fixture, "", 0, &err, id), -EINVAL);
	assert_non_null(strstr(err.text, "empty"));
	assert_int_equal(put(fixture, png, 20, &err, id), -EBADMSG);
	assert_non_null(strstr(err.text, "cut off"));
	assert_int_equal(put(fixture, large, sizeof(large), &err, id), -EFBIG);
	assert_non_null(strstr(err.text, "1001 bytes"));
	assert_int_equal(put(fixture, png_huge, sizeof(png_huge), &err, id), -EFBIG);
	assert_non_null(strstr(err.text, "60000x60000"));
	assert_int_equal(put(fixture, moving, sizeof(moving), &err, id), -EINVAL);
	assert_non_null(strstr(err.text, "animation"));
	assert_int_equal(
		store_put_file(&fixture->store, fixture->folder, STORE_OTHER, &err, id), -EINVAL);
	tempdir_path(path, fixture->folder, "none");
	assert_int_equal(store_put_file(&fixture->store, path, STORE_OTHER, &err, id), -ENOENT);
	assert_string_equal(id, "untouched");
	tempdir_path(path, fixture->uploads, "reference");
	assert_int_equal(tempdir_count(path), 0);
}

/* Writes a file into a scratch folder and opens the scratch when needed. */
static void scratch_file(const char *scratch, const char *name, const void *data, size_t len)
{
	char path[STORE_PATH_SIZE];

	tempdir_path(path, scratch, name);
	tempdir_write(path, data, len);
}

static bool have_result(const struct fixture *fixture, const char *name)
{
	struct err err = {0};
	int fd = -1;
	int result = store_open_image(&fixture->store, name, &err, &fd);

	fs_close(fd);
	assert_true(result == 0 || result == -ENOENT);
	return result == 0;
}

static void test_publish(void **state)
{
	static const struct store_file files[] = {{STORE_OUTPUT, IMAGE_PNG, "out"},
		{STORE_THUMB, IMAGE_JPEG, "small"}, {STORE_COMPARISON, IMAGE_JPEG, "both"}};
	static const struct store_file again[] = {{STORE_OUTPUT, IMAGE_WEBP, "out"}};
	const struct fixture *fixture = *state;
	struct store_published published;
	char scratch[STORE_PATH_SIZE];
	char path[STORE_PATH_SIZE];
	struct err err = {0};
	int lock;

	assert_int_equal(store_scratch_open(&fixture->store, "host:1", &err, &lock), 0);
	assert_int_equal(store_scratch_dir(&fixture->store, "host:1", 3, &err, scratch), 0);
	scratch_file(scratch, "out", png, sizeof(png));
	scratch_file(scratch, "small", jpeg, sizeof(jpeg));
	scratch_file(scratch, "both", jpeg, sizeof(jpeg));
	if (store_publish(&fixture->store, scratch, "t.1", files, 3, &err, &published) != 0) {
		fail_msg("%s", err.text);
	}
	assert_string_equal(published.output, "t.1_output.png");
	assert_string_equal(published.thumb, "t.1_thumb.jpg");
	assert_string_equal(published.comparison, "t.1_comparison.jpg");
	assert_int_equal(published.output_size, sizeof(png));
	assert_int_equal(store_result_path(published.output, path, sizeof(path)), 0);
	assert_string_equal(path, "/results/t.1_output.png");
	assert_true(have_result(fixture, path));
	assert_true(have_result(fixture, "t.1_thumb.jpg"));
	assert_int_equal(tempdir_count(scratch), 0);

	/* the next attempt gives another type, and no thumbnail */
	scratch_file(scratch, "out", webp, sizeof(webp));
	assert_int_equal(
		store_publish(&fixture->store, scratch, "t.1", again, 1, &err, &published), 0);
	assert_string_equal(published.output, "t.1_output.webp");
	assert_string_equal(published.thumb, "");
	assert_true(have_result(fixture, "t.1_output.webp"));
	assert_false(have_result(fixture, "t.1_output.png"));
	assert_false(have_result(fixture, "t.1_thumb.jpg"));

	assert_int_equal(store_remove_results(&fixture->store, "t.1", &err), 0);
	assert_false(have_result(fixture, "t.1_output.webp"));
	assert_int_equal(store_remove_results(&fixture->store, "t.1", &err), 0);
	assert_int_equal(store_remove_results(&fixture->store, "../t", &err), -EINVAL);
	store_scratch_close(&fixture->store, "host:1", lock);
}

static void test_publish_refuses(void **state)
{
	const struct fixture *fixture = *state;
	struct store_file files[] = {
		{STORE_THUMB, IMAGE_JPEG, "small"}, {STORE_OUTPUT, IMAGE_PNG, "out"}};
	struct store_published published;
	char path[STORE_PATH_SIZE];
	char *scratch = fixture->folder;
	struct err err = {0};

	scratch_file(scratch, "small", jpeg, sizeof(jpeg));
	/* there is no output: nothing of the task is left */
	assert_int_equal(
		store_publish(&fixture->store, scratch, "t", files, 2, &err, &published), -ENOENT);
	assert_false(have_result(fixture, "t_thumb.jpg"));
	/* it is something else than it says */
	scratch_file(scratch, "out", jpeg, sizeof(jpeg));
	assert_int_equal(
		store_publish(&fixture->store, scratch, "t", files, 2, &err, &published), -EINVAL);
	files[1].name = "../res";
	assert_int_equal(
		store_publish(&fixture->store, scratch, "t", files, 2, &err, &published), -EINVAL);
	tempdir_path(path, scratch, "link");
	assert_int_equal(symlink("/etc/passwd", path), 0);
	files[1].name = "link";
	assert_int_equal(
		store_publish(&fixture->store, scratch, "t", files, 2, &err, &published), -ELOOP);
	assert_int_equal(store_publish(&fixture->store, scratch, "a/b", files, 1, &err, &published),
		-EINVAL);
	/* its name is taken by a folder: what was renamed before is gone again */
	scratch_file(scratch, "out", png, sizeof(png));
	files[1].name = "out";
	tempdir_path(path, fixture->results, "t_output.png");
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(
		store_publish(&fixture->store, scratch, "t", files, 2, &err, &published), -EISDIR);
	assert_false(have_result(fixture, "t_thumb.jpg"));
}

static void test_result_names(void **state)
{
	(void)state;
	assert_true(store_is_result_name("a_output.webp"));
	assert_true(store_is_result_name("task_20261117_abcdefghij_comparison.jpg"));
	assert_false(store_is_result_name("_output.jpg"));
	assert_false(store_is_result_name("a_output.gif"));
	assert_false(store_is_result_name("a_thumb.png"));
	assert_false(store_is_result_name("a/b_thumb.jpg"));
	assert_false(store_is_result_name("a_thumb.jpg.tmp"));
	assert_false(store_is_result_name(""));
}

/* A worker that is killed: its folder stays behind, its lock does not. */
static void leave_scratch_of_the_dead(const struct fixture *fixture, const char *worker)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		char path[STORE_PATH_SIZE];
		int lock;

		if (store_scratch_open(&fixture->store, worker, NULL, &lock) != 0 ||
			store_scratch_dir(&fixture->store, worker, 0, NULL, path) != 0) {
			_exit(1);
		}
		scratch_file(path, "half", png, sizeof(png));
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void leave_outcome(const struct fixture *fixture, const char *worker, const char *name)
{
	char path[STORE_PATH_SIZE];

	assert_int_equal(store_scratch_outcomes(&fixture->store, worker, path), 0);
	assert_int_equal(fs_mkdir_all(path, 0700), 0);
	scratch_file(path, name, "{}", 2);
}

static void test_outcomes_outlive_workers(void **state)
{
	const struct fixture *fixture = *state;
	struct err err = {0};
	char folder[STORE_PATH_SIZE];
	char outcomes[STORE_PATH_SIZE];
	int lock;

	leave_scratch_of_the_dead(fixture, "host:3");
	leave_outcome(fixture, "host:1", "one");
	leave_outcome(fixture, "host:2", "two");

	/* a sweep leaves them, and nothing else */
	store_scratch_sweep(&fixture->store);
	tempdir_path(folder, fixture->results, ".scratch");
	assert_int_equal(tempdir_count(folder), 3); /* host:1, host:2, .lock */
	tempdir_path(folder, fixture->results, ".scratch/host:1");
	assert_int_equal(tempdir_count(folder), 1); /* outcomes */

	/* a worker takes them over, one of the same name too */
	assert_int_equal(store_scratch_open(&fixture->store, "host:2", &err, &lock), 0);
	assert_int_equal(store_scratch_outcomes(&fixture->store, "host:2", outcomes), 0);
	assert_int_equal(tempdir_count(outcomes), 2);
	assert_int_equal(tempdir_count(folder), -1);

	/* and leaves them again, until there are none */
	store_scratch_close(&fixture->store, "host:2", lock);
	assert_int_equal(tempdir_count(outcomes), 2);
	assert_int_equal(store_scratch_open(&fixture->store, "host:2", &err, &lock), 0);
	assert_int_equal(store_scratch_clear(outcomes), 0);
	store_scratch_close(&fixture->store, "host:2", lock);
	tempdir_path(folder, fixture->results, ".scratch");
	assert_int_equal(tempdir_count(folder), 1);
}

static void test_scratch(void **state)
{
	const struct fixture *fixture = *state;
	struct err err = {0};
	char scratch[STORE_PATH_SIZE];
	char path[STORE_PATH_SIZE];
	struct stat st;
	int first;
	int second;

	assert_int_equal(store_scratch_open(&fixture->store, "host:1", &err, &first), 0);
	assert_int_equal(store_scratch_dir(&fixture->store, "host:1", 0, &err, scratch), 0);
	assert_int_equal(stat(scratch, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	scratch_file(scratch, "file", png, sizeof(png));
	tempdir_path(path, scratch, "folder");
	assert_int_equal(mkdir(path, 0700), 0);
	scratch_file(path, "file", png, sizeof(png));
	assert_int_equal(store_scratch_clear(scratch), 0);
	assert_int_equal(tempdir_count(scratch), 0);
	scratch_file(scratch, "file", png, sizeof(png));
	assert_int_equal(store_scratch_dir(&fixture->store, "host:1", 0, &err, scratch), 0);
	assert_int_equal(tempdir_count(scratch), 0);

	/* one that lives is left alone, one that was killed is swept, whatever its name */
	scratch_file(scratch, "file", png, sizeof(png));
	leave_scratch_of_the_dead(fixture, "host:2");
	leave_scratch_of_the_dead(fixture, "other:1");
	assert_int_equal(store_scratch_open(&fixture->store, "host:1", &err, &second), -EBUSY);
	assert_int_equal(store_scratch_open(&fixture->store, "host:3", &err, &second), 0);
	tempdir_path(path, fixture->results, ".scratch");
	assert_int_equal(tempdir_count(path), 3); /* host:1, host:3, .lock */
	assert_int_equal(tempdir_count(scratch), 1);

	/* the same pid again, as in a container */
	store_scratch_close(&fixture->store, "host:3", second);
	leave_scratch_of_the_dead(fixture, "host:3");
	assert_int_equal(store_scratch_open(&fixture->store, "host:3", &err, &second), 0);
	tempdir_path(path, fixture->results, ".scratch/host:3");
	assert_int_equal(tempdir_count(path), 1); /* .lock */
	store_scratch_close(&fixture->store, "host:3", second);
	assert_int_equal(tempdir_count(path), -1);
	store_scratch_sweep(&fixture->store);
	assert_int_equal(tempdir_count(scratch), 1);
	store_scratch_close(&fixture->store, "host:1", first);
	assert_int_equal(store_scratch_open(&fixture->store, "../x", &err, &first), -EINVAL);
	assert_int_equal(store_scratch_open(&fixture->store, "..", &err, &first), -EINVAL);
}

static void test_full_disk(void **state)
{
	struct fixture *fixture = *state;
	char noise[40000] = {0};
	char id[IDENT_ID_SIZE];
	struct err err = {0};
	char path[4096];

	tempdir_path(path, fixture->uploads, "reference");
	if (smalldisk_mount(path, 16384) < 0) {
		skip();
	}
	memcpy(noise, png, sizeof(png));
	fixture->store.max_upload_size = sizeof(noise);
	assert_true(store_is_full(put(fixture, noise, sizeof(noise), &err, id)));
	assert_non_null(strstr(err.text, "full"));
	assert_int_equal(tempdir_count(path), 0);
	smalldisk_unmount(path);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(test_inputs),
		WITH_STORE(test_ids_are_no_paths),
		WITH_STORE(test_links_and_pipes_are_refused),
		WITH_STORE(test_put),
		WITH_STORE(test_put_refuses),
		WITH_STORE(test_publish),
		WITH_STORE(test_publish_refuses),
		cmocka_unit_test(test_result_names),
		WITH_STORE(test_scratch),
		WITH_STORE(test_outcomes_outlive_workers),
		WITH_STORE(test_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
