#include "config_case.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "config/options.h"

#include <errno.h>
#include <json-c/json_object.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/tempdir.h"
#include "lib/test.h"

static struct config *load_text(const char *folder, const char *text)
{
	config_case_write(folder, "formy.conf", text);
	return config_case_load(folder, NULL);
}

static void assert_path(const char *is, const char *folder, const char *name)
{
	char path[PATH_MAX];

	tempdir_path(path, folder, name);
	assert_string_equal(is, path);
}

static void test_defaults(void **state)
{
	struct config *config = load_text(*state, "");

	assert_string_equal(config->redis.host, "localhost");
	assert_int_equal(config->redis.port, 6379);
	assert_int_equal(config->redis.db, 0);
	assert_null(config->redis.username);
	assert_null(config->redis.password);
	assert_null(config->redis.unix_socket);
	assert_null(config->redis.sentinel_master);
	assert_null(config->redis.sentinel_hosts);
	assert_string_equal(config->redis.key_prefix, "formy");
	assert_int_equal(config->redis.connect_timeout_ms, 5000);
	assert_int_equal(config->tasks.retention_days, 7);
	assert_int_equal(config->tasks.max_concurrent_per_user, 3);
	assert_int_equal(config->tasks.fair_share, 10);
	assert_int_equal(config->tasks.unknown_mode_grace_ms, 60000);
	assert_int_equal(config->tasks.max_attempts, 3);
	assert_int_equal(config->tasks.retry_delay_ms, 2000);
	assert_int_equal(config->tasks.timeout_ms, 300000);
	assert_string_equal(config->storage.uploads, "/var/lib/formy/uploads");
	assert_string_equal(config->storage.results, "/var/lib/formy/results");
	assert_int_equal(config->storage.max_upload_size, 10 * 1024 * 1024);
	assert_int_equal(config->storage.max_pixels, 50000000);
	assert_in_range(config->worker.executors, 1, 256);
	assert_int_equal(config->worker.threads_per_executor, 1);
	assert_int_equal(config->worker.plugin_dir_count, 1);
	assert_int_equal(config->worker.shutdown_timeout_ms, 60000);
	assert_int_equal(config->worker.log_level, LOG_LEVEL_INFO);
	assert_int_equal(config->worker.log_format, LOG_FORMAT_LOGFMT);
	assert_int_equal(config->mode_count, 0);
	assert_int_equal(config->engine_count, 1);
	assert_string_equal(config_find_engine(config, "local")->type, "local");
	assert_int_equal(config->file_count, 1);
	assert_path(config->path, *state, "formy.conf");
	config_destroy(config);
}

static const char full[] =
	"redis { host = \"h\" port = 1 sentinel { master = mm hosts = {\"h1:1\", h2}\n"
	"  username = su password = sp } db = 2 username = u password = \"p\\\"\\${w}\"\n"
	"  unix_socket = \"run/r.sock\" key_prefix = \"{x}\" connect_timeout = 250ms }\n"
	"tasks { retention_days = 8 fair_share = 4 unknown_mode_grace = 1 max_concurrent_per_user "
	"= 0 max_attempts = 4\n"
	"  retry_delay = 1500ms timeout = 1h }\n"
	"storage { uploads = up results = '/r' max_upload_size = 1MB max_pixels = 9 }\n"
	"worker { executors = 5 threads_per_executor = 3 plugin_dirs = {\"a\", \"/b\"} "
	"shutdown_timeout = 0\n"
	"  log_level = debug log_format = json }\n"
	"engine \"e\" { type = http allow = {\"none\"} api_key_file = k urls = {\"http://a\", "
	"\"http://b\"} }\n"
	"mode \"AB\" { enabled = false engine = e plugin = org.x sandbox = strict memory_limit = "
	"1GiB allow = {net, gpu} concurrency = 3 timeout = 7\n"
	"  concurrency_global = 6\n"
	"  max_attempts = 2 workflow = w.json prompt = \"a\\nb\" fallback = \"local\"\n"
	"  fallback_after = 5 engines_allowed = {\"e\", \"local\"} helper = \"local\"\n"
	"  ratio = 0.5 count = -3 big = 9000000000 flag = true word = yes text = \"true\"\n"
	"  mixed = {1, \"1\", false} none = {} url = http://x/y }\n"
	"mode CD { }\n";

static void check_full(const struct config *config, const char *folder)
{
	const struct config_mode *mode = config_find_mode(config, "AB");
	const struct config_engine *engine = config_find_engine(config, "e");

	assert_string_equal(config->redis.host, "h");
	assert_int_equal(config->redis.port, 1);
	assert_int_equal(config->redis.db, 2);
	assert_string_equal(config->redis.username, "u");
	assert_path(config->redis.unix_socket, folder, "run/r.sock");
	assert_string_equal(config->redis.key_prefix, "{x}");
	assert_int_equal(config->redis.connect_timeout_ms, 250);
	assert_string_equal(config->redis.sentinel_master, "mm");
	assert_string_equal(config->redis.sentinel_hosts, "h1:1,h2");
	assert_string_equal(config->redis.sentinel_username, "su");
	assert_int_equal(config->tasks.retention_days, 8);
	assert_int_equal(config->tasks.max_concurrent_per_user, 0);
	assert_int_equal(config->tasks.max_attempts, 4);
	assert_int_equal(config->tasks.fair_share, 4);
	assert_int_equal(config->tasks.unknown_mode_grace_ms, 1000);
	assert_int_equal(config->tasks.retry_delay_ms, 1500);
	assert_int_equal(config->tasks.timeout_ms, 3600000);
	assert_path(config->storage.uploads, folder, "up");
	assert_string_equal(config->storage.results, "/r");
	assert_int_equal(config->storage.max_upload_size, 1000000);
	assert_int_equal(config->storage.max_pixels, 9);
	assert_int_equal(config->worker.executors, 5);
	assert_int_equal(config->worker.threads_per_executor, 3);
	assert_int_equal(config->worker.plugin_dir_count, 2);
	assert_path(config->worker.plugin_dirs[0], folder, "a");
	assert_string_equal(config->worker.plugin_dirs[1], "/b");
	assert_int_equal(config->worker.shutdown_timeout_ms, 0);
	assert_int_equal(config->worker.log_level, LOG_LEVEL_DEBUG);
	assert_int_equal(config->worker.log_format, LOG_FORMAT_JSON);
	assert_string_equal(engine->type, "http");
	assert_path(engine->api_key_file, folder, "k");
	assert_string_equal(json_text(engine->extra), "{\"urls\":[\"http://a\",\"http://b\"]}");
	assert_int_equal(config->mode_count, 2);
	assert_false(mode->enabled);
	assert_string_equal(mode->engine, "e");
	assert_string_equal(mode->plugin, "org.x");
	assert_int_equal(mode->sandbox, SANDBOX_STRICT);
	assert_int_equal(mode->memory_limit, INT64_C(1) << 30);
	assert_int_equal(config_mode_grants(mode), SANDBOX_NET | SANDBOX_GPU);
	assert_int_equal(config_engine_grants(engine), 0);
	assert_int_equal(mode->concurrency, 3);
	assert_int_equal(mode->concurrency_global, 6);
	assert_int_equal(mode->timeout_ms, 7000);
	assert_int_equal(mode->max_attempts, 2);
	assert_path(mode->workflow, folder, "workflows/w.json");
	assert_string_equal(mode->prompt, "a\nb");
	assert_string_equal(mode->fallback, "local");
	assert_int_equal(mode->fallback_after_ms, 5000);
	assert_string_equal(mode->engines_allowed, "e,local");
	assert_string_equal(mode->helper, "local");
	assert_string_equal(json_text(mode->extra),
		"{\"ratio\":0.5,\"count\":-3,\"big\":9000000000,\"flag\":true,\"word\":\"yes\","
		"\"text\":\"true\",\"mixed\":[1,\"1\",false],\"none\":[],\"url\":\"http://x/y\"}");
	mode = config_find_mode(config, "CD");
	assert_true(mode->enabled);
	assert_null(mode->engine);
	assert_int_equal(mode->timeout_ms, 3600000);
	assert_int_equal(mode->max_attempts, 4);
	assert_string_equal(json_text(mode->extra), "{}");
}

static void test_every_option(void **state)
{
	struct config *config = load_text(*state, full);

	check_full(config, *state);
	assert_string_equal(config->redis.password, "p\"${w}");
	assert_int_equal(config_find_mode(config, "AB")->line, 10);
	assert_string_equal(config_find_mode(config, "CD")->file, config->files[0]);
	/* an option that the table has and the text above has not is not tested here */
	for (size_t i = 0; i < option_count; i++) {
		char name[64];

		(void)snprintf(name, sizeof(name), " %s = ", options[i].name);
		if (options[i].type != OPTION_URL && strstr(full, name) == NULL) {
			fail_msg("%s is not in the text", options[i].name);
		}
	}
	config_destroy(config);
}

static void test_print_round_trip(void **state)
{
	struct config *config = load_text(*state, full);
	struct buf first = {0};
	struct buf second = {0};

	config_print(config, &first);
	config_destroy(config);
	assert_null(strstr(buf_cstr(&first), "${w}"));
	config = load_text(*state, buf_cstr(&first));
	check_full(config, *state);
	assert_string_equal(config->redis.password, "***");
	config_print(config, &second);
	assert_string_equal(buf_cstr(&first), buf_cstr(&second));
	config_destroy(config);
	buf_finish(&first);
	buf_finish(&second);
}

static void test_a_section_in_a_section(void **state)
{
	struct config_flag items[] = {{"redis.sentinel.master", "flag"}};
	struct config_flags flags = {items, 1};
	struct config *config;

	config_case_write(*state, "formy.conf",
		"redis { sentinel { master = one } host = a sentinel { hosts = h1 } }\n"
		"tasks { max_attempts = 2 }\n"
		"redis { port = 7 sentinel { hosts += {h2, \"h3:3\"} } db = 1 }\n");
	config_case_write(*state, "conf.d/1.conf", "redis { sentinel { password = p } }\n");
	config = config_case_load(*state, &flags);
	assert_string_equal(config->redis.sentinel_master, "flag");
	assert_string_equal(config->redis.sentinel_hosts, "h1,h2,h3:3");
	assert_string_equal(config->redis.sentinel_password, "p");
	assert_string_equal(config->redis.host, "a");
	assert_int_equal(config->redis.port, 7);
	assert_int_equal(config->redis.db, 1);
	assert_int_equal(config->tasks.max_attempts, 2);
	config_destroy(config);
}

static void test_precedence(void **state)
{
	struct config_flag items[] = {{"redis.port", "4"}};
	struct config_flags flags = {items, 1};
	struct config *config;

	config_case_write(*state, "formy.conf",
		"redis { port = 2 db = 2 key_prefix = two }\ntasks { retention_days = 2 }\n"
		"redis { key_prefix = later }\n");
	config_case_write(*state, "conf.d/20.conf", "redis { host = twenty }\n");
	config_case_write(*state, "conf.d/10.conf", "redis { host = ten db = 10 }\n");
	assert_int_equal(setenv("REDIS_PORT", "3", 1), 0);
	assert_int_equal(setenv("TASK_RETENTION_DAYS", "3", 1), 0);
	assert_int_equal(setenv("MAX_CONCURRENT_TASKS_PER_USER", "", 1), 0);
	config = config_case_load(*state, &flags);
	assert_int_equal(config->redis.port, 4);
	assert_int_equal(config->tasks.retention_days, 3);
	assert_int_equal(config->redis.db, 10);
	assert_string_equal(config->redis.host, "twenty");
	assert_string_equal(config->redis.key_prefix, "later");
	assert_int_equal(config->tasks.max_concurrent_per_user, 3);
	assert_int_equal(config->tasks.max_attempts, 3);
	assert_int_equal(config->file_count, 3);
	config_destroy(config);
}

static void test_every_variable(void **state)
{
	char folder[PATH_MAX];
	struct config *config;

	assert_non_null(getcwd(folder, sizeof(folder)));
	assert_int_equal(setenv("REDIS_HOST", "h", 1), 0);
	assert_int_equal(setenv("REDIS_PORT", "1", 1), 0);
	assert_int_equal(setenv("REDIS_DB", "2", 1), 0);
	assert_int_equal(setenv("REDIS_PASSWORD", "${p}\"", 1), 0);
	assert_int_equal(setenv("TASK_RETENTION_DAYS", "4", 1), 0);
	assert_int_equal(setenv("MAX_CONCURRENT_TASKS_PER_USER", "5", 1), 0);
	assert_int_equal(setenv("UPLOAD_DIR", "/u", 1), 0);
	assert_int_equal(setenv("RESULT_DIR", "r", 1), 0);
	config = load_text(*state, "redis { unix_socket = \"/s\" }\n");
	assert_string_equal(config->redis.host, "h");
	assert_int_equal(config->redis.port, 1);
	assert_int_equal(config->redis.db, 2);
	assert_string_equal(config->redis.password, "${p}\"");
	assert_null(config->redis.unix_socket);
	assert_int_equal(config->tasks.retention_days, 4);
	assert_int_equal(config->tasks.max_concurrent_per_user, 5);
	assert_string_equal(config->storage.uploads, "/u");
	assert_path(config->storage.results, folder, "r");
	config_destroy(config);
}

static void test_url(void **state)
{
	struct config *config = load_text(*state, "redis { url = \"redis://u:p@h:1/2\" }\n");

	assert_string_equal(config->redis.host, "h");
	assert_int_equal(config->redis.port, 1);
	assert_int_equal(config->redis.db, 2);
	assert_string_equal(config->redis.username, "u");
	assert_string_equal(config->redis.password, "p");
	config_destroy(config);

	/* one variable over the URL of a file */
	assert_int_equal(setenv("REDIS_DB", "7", 1), 0);
	config = config_case_load(*state, NULL);
	assert_string_equal(config->redis.host, "h");
	assert_int_equal(config->redis.db, 7);
	config_destroy(config);

	/* a URL over all of a file's address, its password too */
	assert_int_equal(setenv("REDIS_URL", "unix:///s", 1), 0);
	config = config_case_load(*state, NULL);
	assert_string_equal(config->redis.unix_socket, "/s");
	assert_int_equal(config->redis.db, 7);
	assert_int_equal(config->redis.port, 6379);
	assert_null(config->redis.password);
	config_destroy(config);

	/* where both are in the environment, the URL says what it says */
	assert_int_equal(setenv("REDIS_URL", "redis://other", 1), 0);
	assert_int_equal(setenv("REDIS_HOST", "ignored", 1), 0);
	assert_int_equal(setenv("REDIS_PASSWORD", "counts", 1), 0);
	config = config_case_load(*state, NULL);
	assert_string_equal(config->redis.host, "other");
	assert_string_equal(config->redis.password, "counts");
	assert_null(config->redis.unix_socket);
	config_destroy(config);

	assert_int_equal(setenv("REDIS_URL", "rediss://other", 1), 0);
	config_case_refuse(*state, NULL,
		"REDIS_URL: rediss:// means TLS, which this build does not have; use redis:// to a "
		"local tunnel such as stunnel, or a unix socket\n");
}

static void test_variables_in_values(void **state)
{
	struct config *config;

	assert_int_equal(setenv("FORMY_TEST_A", "a\"b", 1), 0);
	assert_int_equal(unsetenv("FORMY_TEST_B"), 0);
	config = load_text(*state,
		"redis { password = \"<${FORMY_TEST_A}>\" host = ${FORMY_TEST_B:-there}\n"
		"username = \"${FORMY_TEST_B}\" }\n"
		"mode AB { a = '${FORMY_TEST_A}' n = ${FORMY_TEST_B:-5} }\n");
	assert_string_equal(config->redis.password, "<a\"b>");
	assert_string_equal(config->redis.host, "there");
	assert_null(config->redis.username);
	assert_string_equal(
		json_text(config->modes[0].extra), "{\"a\":\"${FORMY_TEST_A}\",\"n\":5}");
	config_destroy(config);
	assert_int_equal(unsetenv("FORMY_TEST_A"), 0);
}

static void test_includes(void **state)
{
	struct config *config;

	config_case_write(*state, "formy.conf",
		"redis { host = one port = 1 }\n"
		"include(\"conf.d/x.conf\")\n"
		"redis { port = 3 }\n");
	config_case_write(*state, "conf.d/x.conf",
		"redis { host = two port = 2 db = 2 }\ninclude('more/y.conf')\nmode AB { }\n");
	config_case_write(*state, "conf.d/more/y.conf", "redis { db = 4 }\n");
	config = config_case_load(*state, NULL);
	assert_string_equal(config->redis.host, "two");
	assert_int_equal(config->redis.port, 3);
	assert_int_equal(config->redis.db, 4);
	assert_int_equal(config->file_count, 3);
	assert_path(config->modes[0].file, *state, "conf.d/x.conf");
	assert_int_equal(config->modes[0].line, 3);
	config_destroy(config);
}

static void test_lists_grow(void **state)
{
	struct config *config = load_text(*state,
		"worker { plugin_dirs = {/a} plugin_dirs += {/b, /c,} }\n"
		"worker { plugin_dirs += /d }\n");

	assert_int_equal(config->worker.plugin_dir_count, 4);
	for (int i = 0; i < 4; i++) {
		char name[3] = {'/', (char)('a' + i), '\0'};

		assert_string_equal(config->worker.plugin_dirs[i], name);
	}
	config_destroy(config);
	config = load_text(*state, "worker { plugin_dirs += \"/a\" }\n");
	assert_int_equal(config->worker.plugin_dir_count, 2);
	assert_string_equal(config->worker.plugin_dirs[1], "/a");
	config_destroy(config);
}

static void test_restart_needed(void **state)
{
	struct config *running = load_text(*state, "");
	struct config *wanted = load_text(
		*state, "redis { port = 1 username = u }\ntasks { timeout = 1 }\nmode AB { }\n");
	struct buf names = {0};

	config_restart_needed(running, wanted, &names);
	assert_string_equal(buf_cstr(&names), "redis.port, redis.username");
	buf_clear(&names);
	config_restart_needed(wanted, wanted, &names);
	assert_string_equal(buf_cstr(&names), "");
	buf_finish(&names);
	config_destroy(running);
	config_destroy(wanted);
}

static void test_api_key(void **state)
{
	struct config *config = load_text(*state,
		"engine a { type = openai api_key_file = key }\nengine b { type = openai }\n");
	const struct config_engine *a = config_find_engine(config, "a");
	struct err err = {0};
	char *key = NULL;

	assert_int_equal(config_read_api_key(config_find_engine(config, "b"), &err, &key), -ENOENT);
	assert_int_equal(config_read_api_key(a, &err, &key), -EIO);
	config_case_write(*state, "key", "sk-secret\n");
	assert_int_equal(chmod(a->api_key_file, 0644), 0);
	assert_int_equal(config_read_api_key(a, &err, &key), -EPERM);
	assert_non_null(strstr(err.text, "mode 0644"));
	assert_null(strstr(err.text, "sk-secret"));
	assert_int_equal(chmod(a->api_key_file, 0600), 0);
	config_case_write(*state, "key", "\n");
	assert_int_equal(config_read_api_key(a, &err, &key), -EINVAL);
	config_case_write(*state, "key", "one\ntwo\n");
	assert_int_equal(config_read_api_key(a, &err, &key), -EINVAL);
	assert_null(key);
	config_case_write(*state, "key", " sk-1\n");
	assert_int_equal(config_read_api_key(a, &err, &key), 0);
	assert_string_equal(key, "sk-1");
	free(key);
	assert_int_equal(setenv("OPENAI_API_KEY", "sk-2", 1), 0);
	assert_int_equal(config_read_api_key(a, &err, &key), 0);
	assert_string_equal(key, "sk-2");
	free(key);
	config_destroy(config);
}

/* Only the default file may be absent, and a machine that has one says nothing here. */
static void test_no_file(void **state)
{
	struct config_problems problems = {0};
	struct config *config = NULL;

	(void)state;
	if (access(CONFIG_DEFAULT_PATH, F_OK) == 0) {
		skip();
	}
	assert_int_equal(config_load(NULL, NULL, &problems, &config), 0);
	assert_null(config->path);
	assert_int_equal(config->file_count, 0);
	assert_int_equal(config->redis.port, 6379);
	config_destroy(config);
	config_problems_finish(&problems);
}

static void test_secrets_are_masked(void **state)
{
	struct config *config = load_text(*state,
		"redis { password = hidden }\nengine e { type = http bot_token = hidden max_tokens "
		"= 5 headers = {'X-A: hidden', 'hidden'} proxy = 'http://me:hid@den@h:1' "
		"urls = {'http://h/a@b'} }\nmode AB { Password = 'hidden' }\n");
	struct buf out = {0};

	config_print(config, &out);
	assert_null(strstr(buf_cstr(&out), "hidden"));
	assert_non_null(strstr(buf_cstr(&out), "\tproxy = \"http://***@h:1\"\n"));
	assert_non_null(strstr(buf_cstr(&out), "\tmax_tokens = 5\n"));
	assert_non_null(strstr(buf_cstr(&out), "\theaders = {\"X-A: ***\", \"***\"}\n"));
	assert_non_null(strstr(buf_cstr(&out), "\turls = {\"http://h/a@b\"}\n"));
	config_destroy(config);
	buf_finish(&out);
}

static void test_nothing_to_destroy(void **state)
{
	(void)state;
	config_destroy(NULL);
	config_problems_finish(NULL);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, config_case_setup, config_case_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_defaults),
		CASE(test_every_option),
		CASE(test_print_round_trip),
		CASE(test_a_section_in_a_section),
		CASE(test_precedence),
		CASE(test_every_variable),
		CASE(test_url),
		CASE(test_variables_in_values),
		CASE(test_includes),
		CASE(test_lists_grow),
		CASE(test_restart_needed),
		CASE(test_api_key),
		CASE(test_no_file),
		CASE(test_secrets_are_masked),
		CASE(test_nothing_to_destroy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
