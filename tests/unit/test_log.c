#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "lib/tempdir.h"
#include "lib/test.h"

static char line[2000];

static int64_t noon(void)
{
	return 1794909600123456;
}

/* Runs one statement with standard error in a file, and takes what it wrote. */
#define CAPTURE(folder, statement)                                                                 \
	do {                                                                                       \
		int saved = begin(folder);                                                         \
		statement;                                                                         \
		end(folder, saved);                                                                \
	} while (0)

static int begin(const char *folder)
{
	int saved = dup(STDERR_FILENO);
	char path[4096];
	int fd;

	tempdir_path(path, folder, "log");
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0 && saved >= 0);
	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	assert_int_equal(close(fd), 0);
	return saved;
}

static void end(const char *folder, int saved)
{
	struct buf out = {0};
	char path[4096];

	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	assert_int_equal(close(saved), 0);
	tempdir_path(path, folder, "log");
	assert_int_equal(fs_read_file(path, sizeof(line), &out), 0);
	assert_true(text_copy(line, sizeof(line), buf_cstr(&out)));
	buf_finish(&out);
}

static void test_logfmt(void **state)
{
	log_init(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
	CAPTURE(*state, log_info("task done", LOG_S("task", "t_1"), LOG_I("ms", -5)));
	assert_string_equal(
		line, "ts=2026-11-17T10:00:00.123Z level=info msg=\"task done\" task=t_1 ms=-5\n");
	CAPTURE(*state, log_error("x", LOG_S("a", ""), LOG_S("b", NULL), LOG_S("c", "1=2")));
	assert_string_equal(
		line, "ts=2026-11-17T10:00:00.123Z level=error msg=x a=\"\" c=\"1=2\"\n");
	CAPTURE(*state, log_warning("plain"));
	assert_string_equal(line, "ts=2026-11-17T10:00:00.123Z level=warning msg=plain\n");
}

static void test_values_forge_nothing(void **state)
{
	log_init(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
	CAPTURE(*state, log_info("m", LOG_S("a", "x\nlevel=error msg=\"fire\""), LOG_S("b", "y")));
	assert_string_equal(line,
		"ts=2026-11-17T10:00:00.123Z level=info msg=m "
		"a=\"x\\u000alevel=error msg=\\\"fire\\\"\" b=y\n");
	/* nor does one that ends like the beginning of a line */
	CAPTURE(*state, log_info("m", LOG_S("a", "x>"), LOG_S("b", "{"), LOG_S("c", "z")));
	assert_string_equal(
		line, "ts=2026-11-17T10:00:00.123Z level=info msg=m a=\"x>\" b={ c=z\n");
	/* bytes that are no text do not spoil the line */
	CAPTURE(*state, log_info("m", LOG_S("a", "\xff\xfe")));
	assert_non_null(strstr(line, "a=\"\xef\xbf\xbd\xef\xbf\xbd\"\n"));
}

static void test_json_lines(void **state)
{
	struct json_object *value = NULL;
	const char *text = NULL;
	int64_t number = 0;

	log_init(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
	CAPTURE(*state, log_info("a \"b\"", LOG_S("s", "x{\n\xff"), LOG_I("n", 7), LOG_S("t", "")));
	assert_int_equal(json_parse(line, strlen(line), sizeof(line), NULL, &value), 0);
	assert_int_equal(json_get_string(value, "msg", &text), 0);
	assert_string_equal(text, "a \"b\"");
	assert_int_equal(json_get_string(value, "s", &text), 0);
	assert_string_equal(text, "x{\n\xef\xbf\xbd");
	assert_int_equal(json_get_int(value, "n", &number), 0);
	assert_int_equal(number, 7);
	assert_int_equal(json_get_string(value, "ts", &text), 0);
	json_object_put(value);
}

static void test_levels(void **state)
{
	log_init(LOG_LEVEL_WARNING, LOG_FORMAT_LOGFMT);
	assert_false(log_enabled(LOG_LEVEL_INFO));
	assert_true(log_enabled(LOG_LEVEL_WARNING));
	errno = EXDEV;
	CAPTURE(*state, log_info("not written"));
	assert_string_equal(line, "");
	CAPTURE(*state, log_error("written"));
	assert_true(strlen(line) > 0);
}

static void test_keeps_errno(void **state)
{
	int saved;
	int have;

	log_init(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
	saved = begin(*state);
	errno = EXDEV;
	log_info("x");
	have = errno;
	end(*state, saved);
	assert_int_equal(have, EXDEV);
}

/* Under the journal: a priority for it, and no time. */
static void test_journal(void **state)
{
	char stream[64];
	struct stat st;
	int saved = begin(*state);

	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	(void)snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
		(unsigned long long)st.st_ino);
	(void)setenv("JOURNAL_STREAM", stream, 1);
	log_init(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
	log_warning("x", LOG_I("n", 1));
	log_init(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
	log_error("x");
	end(*state, saved);
	(void)unsetenv("JOURNAL_STREAM");
	assert_string_equal(
		line, "<4>level=warning msg=x n=1\n<3>{\"level\":\"error\",\"msg\":\"x\"}\n");
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, tempdir_setup, tempdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(test_logfmt),
		WITH_FOLDER(test_values_forge_nothing),
		WITH_FOLDER(test_json_lines),
		WITH_FOLDER(test_levels),
		WITH_FOLDER(test_keeps_errno),
		WITH_FOLDER(test_journal),
	};

	clock_wall_us = noon;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
