#include "config_case.h"

#include "base/buf.h"
#include "base/fs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/test.h"

static void read_shipped(const char *name, struct buf *out)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", FORMY_ETC_DIR, name);
	assert_int_equal(fs_read_file(path, 65536, out), 0);
}

static char *print(const struct config *config)
{
	struct buf out = {0};
	char *text;

	config_print(config, &out);
	text = strdup(buf_cstr(&out));
	assert_non_null(text);
	buf_finish(&out);
	return text;
}

/* The target config-sample writes the file anew. */
static void test_shipped_file_is_the_table(void **state)
{
	struct buf shipped = {0};
	struct buf made = {0};

	(void)state;
	read_shipped("formy.conf", &shipped);
	config_sample(&made);
	assert_string_equal(buf_cstr(&shipped), buf_cstr(&made));
	buf_finish(&shipped);
	buf_finish(&made);
}

static void test_shipped_file_changes_nothing(void **state)
{
	struct buf shipped = {0};
	struct config *config;
	char *with;
	char *without;

	config_case_write(*state, "formy.conf", "");
	config = config_case_load(*state, NULL);
	without = print(config);
	config_destroy(config);
	read_shipped("formy.conf", &shipped);
	config_case_write(*state, "formy.conf", buf_cstr(&shipped));
	config = config_case_load(*state, NULL);
	with = print(config);
	config_destroy(config);
	assert_string_equal(with, without);
	free(with);
	free(without);
	buf_finish(&shipped);
}

/* Only the lines that set something, without what makes comments of them. */
static void uncomment(const char *text, struct buf *out)
{
	const char *end;

	for (; *text != '\0'; text = end + 1) {
		const char *line = text + strspn(text, "\t# ");
		const char *behind = line + strcspn(line, " \n");
		bool sets = strncmp(behind, " = ", 3) == 0 && strncmp(behind, " = ...", 6) != 0;

		end = strchr(text, '\n');
		assert_non_null(end);
		if (sets || *line == '}' || end[-1] == '{') {
			buf_add(out, line, (size_t)(end - line));
		}
		buf_add_char(out, '\n');
	}
}

/* What stands in the comments is right as well: the defaults are defaults, the examples load. */
static void test_uncommented(void **state)
{
	struct buf made = {0};
	struct buf bare = {0};
	struct config *config;
	const struct config_mode *mode;

	config_sample(&made);
	uncomment(buf_cstr(&made), &bare);
	config_case_write(*state, "formy.conf", buf_cstr(&bare));
	config = config_case_load(*state, NULL);
	mode = config_find_mode(config, "BACKGROUND_CHANGE");
	assert_non_null(mode);
	assert_string_equal(mode->engine, "local");
	assert_int_equal(mode->timeout_ms, 60000);
	assert_non_null(config_find_mode(config, "HEAD_SWAP"));
	assert_non_null(config_find_engine(config, "cloud"));
	assert_string_equal(config->storage.uploads, "/var/lib/formy/uploads");
	config_destroy(config);
	buf_finish(&made);
	buf_finish(&bare);
}

static void test_examples_load(void **state)
{
	static const char *const names[] = {
		"conf.d/background-change.conf.example", "conf.d/comfyui.conf.example"};
	struct config *config;

	config_case_write(*state, "formy.conf", "");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct buf text = {0};
		char name[64];

		read_shipped(names[i], &text);
		(void)snprintf(name, sizeof(name), "%.*s", (int)strlen(names[i]) - 8, names[i]);
		config_case_write(*state, name, buf_cstr(&text));
		buf_finish(&text);
	}
	config = config_case_load(*state, NULL);
	assert_int_equal(config->mode_count, 2);
	assert_string_equal(config_find_mode(config, "HEAD_SWAP")->engine, "comfyui");
	config_destroy(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shipped_file_is_the_table),
		cmocka_unit_test_setup_teardown(
			test_shipped_file_changes_nothing, config_case_setup, config_case_teardown),
		cmocka_unit_test_setup_teardown(
			test_uncommented, config_case_setup, config_case_teardown),
		cmocka_unit_test_setup_teardown(
			test_examples_load, config_case_setup, config_case_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
