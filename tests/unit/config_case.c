#include "config_case.h"

#include "base/buf.h"
#include "base/fs.h"
#include "lib/tempdir.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/test.h"

static const char *const variables[] = {"REDIS_URL", "REDIS_HOST", "REDIS_PORT", "REDIS_DB",
	"REDIS_PASSWORD", "TASK_RETENTION_DAYS", "MAX_CONCURRENT_TASKS_PER_USER", "UPLOAD_DIR",
	"RESULT_DIR", "RUNNINGHUB_API_KEY", "OPENAI_API_KEY", NULL};

static void clear_environment(void)
{
	for (int i = 0; variables[i] != NULL; i++) {
		(void)unsetenv(variables[i]);
	}
}

int config_case_setup(void **state)
{
	clear_environment();
	return tempdir_setup(state);
}

int config_case_teardown(void **state)
{
	clear_environment();
	return tempdir_teardown(state);
}

void config_case_write(const char *folder, const char *name, const char *text)
{
	char path[PATH_MAX];
	char *slash;

	tempdir_path(path, folder, name);
	slash = strrchr(path, '/');
	*slash = '\0';
	assert_int_equal(fs_mkdir_all(path, 0700), 0);
	*slash = '/';
	tempdir_write(path, text, strlen(text));
}

struct config *config_case_load(const char *folder, const struct config_flags *flags)
{
	struct config_problems problems = {0};
	struct config *config = NULL;
	char path[PATH_MAX];
	int result;

	tempdir_path(path, folder, "formy.conf");
	result = config_load(path, flags, &problems, &config);
	for (size_t i = 0; i < problems.count; i++) {
		print_error("%s\n", problems.texts[i]);
	}
	assert_int_equal(result, 0);
	assert_int_equal(problems.count, 0);
	assert_non_null(config);
	config_problems_finish(&problems);
	return config;
}

void config_case_refuse(const char *folder, const struct config_flags *flags, const char *wanted)
{
	struct config_problems problems = {0};
	struct config *config = NULL;
	struct buf heard = {0};
	char path[PATH_MAX];

	tempdir_path(path, folder, "formy.conf");
	assert_int_equal(config_load(path, flags, &problems, &config), -EINVAL);
	assert_null(config);
	for (size_t i = 0; i < problems.count; i++) {
		const char *text = problems.texts[i];
		size_t len = strlen(folder);

		if (strncmp(text, folder, len) == 0 && text[len] == '/') {
			text += len + 1;
		}
		buf_printf(&heard, "%s\n", text);
	}
	assert_string_equal(buf_cstr(&heard), wanted);
	buf_finish(&heard);
	config_problems_finish(&problems);
}
