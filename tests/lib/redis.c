#include "lib/redis.h"

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "lib/tempdir.h"
#include "lib/test.h"

#define START_MS 10000
#define ARGUMENTS_MAX 32

static char last_text[256 * 1024];

static void run_server(const struct test_redis *redis, const char *const *arguments)
{
	const char *argv[ARGUMENTS_MAX] = {"redis-server", "--port", "0", "--unixsocket",
		redis->socket, "--save", "", "--dir", redis->folder};
	size_t count = 9;
	int log;

	for (size_t i = 0; arguments && arguments[i] && count + 1 < ARGUMENTS_MAX; i++) {
		argv[count++] = arguments[i];
	}
	log = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (log >= 0) {
		(void)dup2(log, STDOUT_FILENO);
		(void)dup2(log, STDERR_FILENO);
	}
	/* a test that is killed runs no teardown */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)execvp(argv[0], (char *const *)argv);
	_exit(127);
}

static bool answers(struct test_redis *redis)
{
	redisReply *reply;
	bool ready;

	redis->context = redisConnectUnix(redis->socket);
	if (!redis->context || redis->context->err) {
		redisFree(redis->context);
		redis->context = NULL;
		return false;
	}
	reply = redisCommand(redis->context, "PING");
	ready = reply && (reply->type == REDIS_REPLY_STATUS || strstr(reply->str, "NOAUTH"));
	freeReplyObject(reply);
	if (!ready) {
		redisFree(redis->context);
		redis->context = NULL;
	}
	return ready;
}

void test_redis_start(struct test_redis *redis, const char *const *arguments)
{
	uint64_t deadline = clock_mono_ms() + START_MS;

	redis->pid = fork();
	assert_true(redis->pid >= 0);
	if (redis->pid == 0) {
		run_server(redis, arguments);
	}
	while (!answers(redis)) {
		assert_true(clock_mono_ms() < deadline);
		assert_int_equal(waitpid(redis->pid, NULL, WNOHANG), 0);
		(void)poll(NULL, 0, 5);
	}
}

void test_redis_stop(struct test_redis *redis, int signal)
{
	redisFree(redis->context);
	redis->context = NULL;
	if (redis->pid > 0) {
		(void)kill(redis->pid, signal);
		(void)kill(redis->pid, SIGCONT);
		(void)waitpid(redis->pid, NULL, 0);
		redis->pid = 0;
	}
}

int redis_setup(void **state)
{
	struct test_redis *redis = calloc(1, sizeof(*redis));
	void *folder = NULL;

	if (!redis || tempdir_setup(&folder) < 0) {
		free(redis);
		return -1;
	}
	redis->folder = folder;
	tempdir_path(redis->socket, redis->folder, "redis.sock");
	redis->address = (struct redis_address){
		.unix_socket = redis->socket,
		.connect_timeout_ms = 5000,
	};
	test_redis_start(redis, NULL);
	*state = redis;
	return 0;
}

int redis_teardown(void **state)
{
	struct test_redis *redis = *state;
	void *folder = redis->folder;

	test_redis_stop(redis, SIGKILL);
	free(redis);
	return tempdir_teardown(&folder);
}

static redisReply *command(struct test_redis *redis, const char *format, va_list args)
{
	redisReply *reply = redisvCommand(redis->context, format, args);

	if (!reply) {
		fail_msg("the connection to the test's redis-server broke: %s",
			redis->context->errstr);
	}
	return reply;
}

struct redisReply *test_redis_command(struct test_redis *redis, const char *format, ...)
{
	va_list args;
	redisReply *reply;

	va_start(args, format);
	reply = command(redis, format, args);
	va_end(args);
	return reply;
}

long long test_redis_number(struct test_redis *redis, const char *format, ...)
{
	va_list args;
	redisReply *reply;
	long long number;

	va_start(args, format);
	reply = command(redis, format, args);
	va_end(args);
	if (reply->type != REDIS_REPLY_INTEGER) {
		fail_msg("%s: %s", format, reply->str ? reply->str : "no number");
	}
	number = reply->integer;
	freeReplyObject(reply);
	return number;
}

const char *test_redis_text(struct test_redis *redis, const char *format, ...)
{
	va_list args;
	redisReply *reply;
	bool is_nil;

	va_start(args, format);
	reply = command(redis, format, args);
	va_end(args);
	is_nil = reply->type == REDIS_REPLY_NIL;
	if (!is_nil) {
		assert_non_null(reply->str);
		assert_true(reply->len < sizeof(last_text));
		memcpy(last_text, reply->str, reply->len + 1);
	}
	freeReplyObject(reply);
	return is_nil ? NULL : last_text;
}
