#include "lib/test.h"

#include <string.h>

#include <formy/client.h>

/* No server answers at a path that is not there. */
static formy_client *open_nowhere(void)
{
	const formy_client_options options = {
		.size = sizeof(options),
		.unix_socket = "/nonexistent/redis.sock",
		.uploads = "/nonexistent/uploads",
		.results = "/nonexistent/results",
	};
	char error[FORMY_ERROR_SIZE];
	formy_client *client = NULL;

	assert_int_equal(formy_client_open(&options, error, &client), 0);
	return client;
}

static void test_wrong_options_are_refused(void **state)
{
	char error[FORMY_ERROR_SIZE] = "";
	formy_client *client = NULL;
	formy_client_options options = {0};

	(void)state;
	assert_int_equal(formy_client_open(NULL, error, &client), FORMY_CLIENT_E_ARGUMENT);
	assert_int_equal(formy_client_open(&options, error, &client), FORMY_CLIENT_E_ARGUMENT);
	options.size = sizeof(options);
	options.port = 70000;
	assert_int_equal(formy_client_open(&options, error, &client), FORMY_CLIENT_E_ARGUMENT);
	assert_non_null(strstr(error, "70000"));
	options.port = 0;
	options.flags = 1;
	assert_int_equal(formy_client_open(&options, NULL, &client), FORMY_CLIENT_E_ARGUMENT);
	assert_null(client);
	formy_client_close(NULL);
}

/* A program that was compiled with the first field only gets the defaults for the rest. */
static void test_a_short_struct_is_filled_up(void **state)
{
	struct {
		uint32_t size;
		uint32_t flags;
		unsigned char beyond[256];
	} old = {.size = 8};
	char error[FORMY_ERROR_SIZE];
	formy_client *client = NULL;

	(void)state;
	memset(old.beyond, 0xff, sizeof(old.beyond));
	assert_int_equal(formy_client_open((const formy_client_options *)&old, error, &client), 0);
	formy_client_close(client);
}

static void test_no_redis_is_said_so(void **state)
{
	formy_client *client = open_nowhere();
	formy_task_info *task = NULL;
	formy_watch *watch = NULL;

	(void)state;
	assert_int_equal(formy_client_ping(client), FORMY_CLIENT_E_REDIS);
	assert_non_null(strstr(formy_client_error(client), "/nonexistent/redis.sock"));
	assert_int_equal(formy_task_get(client, "t1", &task), FORMY_CLIENT_E_REDIS);
	assert_int_equal(formy_task_cancel(client, "t1"), FORMY_CLIENT_E_REDIS);
	assert_int_equal(formy_wait(client, "t1", 100, NULL, NULL, &task), FORMY_CLIENT_E_REDIS);
	assert_int_equal(formy_watch_open(client, NULL, NULL, NULL, &watch), FORMY_CLIENT_E_REDIS);
	assert_null(task);
	assert_null(watch);
	formy_client_close(client);
}

static void assert_no_task(formy_client *client, const formy_submission *task, const char *what)
{
	char id[FORMY_ID_SIZE] = "untouched";

	assert_int_equal(formy_submit(client, task, id), FORMY_CLIENT_E_ARGUMENT);
	assert_string_equal(id, "untouched");
	if (!strstr(formy_client_error(client), what)) {
		fail_msg("\"%s\", not \"%s\"", formy_client_error(client), what);
	}
}

static void test_a_wrong_task_never_reaches_redis(void **state)
{
	formy_client *client = open_nowhere();
	formy_submission task = {0};

	(void)state;
	assert_no_task(client, &task, "size");
	task.size = sizeof(task);
	assert_no_task(client, &task, "mode");
	task.mode = "echo";
	assert_no_task(client, &task, "mode");
	task.mode = "ECHO";
	assert_no_task(client, &task, "source");
	task.source = "../x";
	assert_no_task(client, &task, "source");
	task.source = "x";
	task.config = "[]";
	assert_no_task(client, &task, "config is an array");
	task.config = "{";
	assert_no_task(client, &task, "config: not JSON");
	formy_client_close(client);
}

static void test_pictures_need_no_redis(void **state)
{
	formy_client *client = open_nowhere();
	char id[FORMY_ID_SIZE];
	int fd = -1;

	(void)state;
	assert_int_equal(formy_image_put(client, "/nonexistent/x.png", FORMY_IMAGE_SOURCE, id),
		FORMY_CLIENT_E_NOT_FOUND);
	assert_int_equal(
		formy_image_put(client, "/dev/null", FORMY_IMAGE_SOURCE, id), FORMY_CLIENT_E_IMAGE);
	assert_int_equal(
		formy_image_open(client, "../../etc/passwd", &fd), FORMY_CLIENT_E_NOT_FOUND);
	assert_int_equal(
		formy_image_open(client, "/results/t_output.png", &fd), FORMY_CLIENT_E_NOT_FOUND);
	assert_int_equal(fd, -1);
	formy_client_close(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_options_are_refused),
		cmocka_unit_test(test_a_short_struct_is_filled_up),
		cmocka_unit_test(test_no_redis_is_said_so),
		cmocka_unit_test(test_a_wrong_task_never_reaches_redis),
		cmocka_unit_test(test_pictures_need_no_redis),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
