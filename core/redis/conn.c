#include "redis/conn.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "base/clock.h"
#include "base/err.h"
#include "redis/explain.h"
#include "redis/handshake.h"
#include "redis/script.h"
#include "redis/sentinel.h"

struct redis_conn {
	redisContext *context; /* NULL: not connected */
	struct redis_address address;
	char where[REDIS_ADDRESS_TEXT_SIZE];
	char *name;
	uint32_t command_timeout_ms;
	unsigned sentinel; /* the one to ask first */
	struct handshake server;
};

static struct timeval timeval_of(uint32_t ms)
{
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};
}

int redis_conn_create(const struct redis_address *address, const char *name,
	uint32_t command_timeout_ms, struct redis_conn **ret_conn)
{
	struct redis_conn *conn = calloc(1, sizeof(*conn));

	if (!conn) {
		return -ENOMEM;
	}
	conn->name = strdup(name);
	if (!conn->name || redis_address_copy(address, &conn->address) < 0) {
		redis_conn_destroy(conn);
		return -ENOMEM;
	}
	redis_address_text(&conn->address, conn->where);
	conn->command_timeout_ms = command_timeout_ms;
	*ret_conn = conn;
	return 0;
}

void redis_conn_destroy(struct redis_conn *conn)
{
	if (conn) {
		redis_conn_close(conn);
		redis_address_finish(&conn->address);
		free(conn->name);
		free(conn);
	}
}

void redis_conn_close(struct redis_conn *conn)
{
	if (conn->context) {
		redisFree(conn->context);
		conn->context = NULL;
	}
}

/* After a failed call: says why, and drops what can no longer be used. */
static int conn_broke(struct redis_conn *conn, int error, struct err *err)
{
	int code;

	if (conn->context->err == REDIS_ERR_OOM) {
		code = err_set(err, -ENOMEM, "out of memory");
	} else if (conn->context->err == REDIS_ERR_IO && error == EAGAIN) {
		code = err_set(err, -ECONNRESET, "Redis at %s did not answer within %u ms",
			conn->where, conn->command_timeout_ms);
	} else {
		code = err_set(err, -ECONNRESET, "the connection to Redis at %s broke: %s",
			conn->where, conn->context->errstr);
	}
	redis_conn_close(conn);
	return code;
}

/* hiredis writes without MSG_NOSIGNAL: a library must not let that end its program. Says whether
 * the signal was already pending, when it is not ours to take away. */
static bool hold_sigpipe(sigset_t *ret_before)
{
	sigset_t pipe_only;
	sigset_t pending;

	(void)sigemptyset(&pipe_only);
	(void)sigaddset(&pipe_only, SIGPIPE);
	(void)sigpending(&pending);
	(void)pthread_sigmask(SIG_BLOCK, &pipe_only, ret_before);
	return sigismember(&pending, SIGPIPE) == 1;
}

static void let_sigpipe(const sigset_t *before, bool was_pending)
{
	const struct timespec now = {0};
	sigset_t pipe_only;
	int error = errno;

	(void)sigemptyset(&pipe_only);
	(void)sigaddset(&pipe_only, SIGPIPE);
	if (!was_pending) {
		(void)sigtimedwait(&pipe_only, NULL, &now);
	}
	(void)pthread_sigmask(SIG_SETMASK, before, NULL);
	errno = error;
}

/* Writes what was appended and waits for one reply; errno says why it failed. */
static int conn_receive(struct redis_conn *conn, void **ret_reply)
{
	sigset_t before;
	bool was_pending = hold_sigpipe(&before);
	int result;

	errno = 0;
	result = redisGetReply(conn->context, ret_reply);
	let_sigpipe(&before, was_pending);
	return result;
}

static int conn_send(struct redis_conn *conn, const struct str *argv, size_t argc)
{
	const char **texts = calloc(argc, sizeof(*texts));
	size_t *lens = calloc(argc, sizeof(*lens));
	int result = -ENOMEM;

	if (texts && lens) {
		for (size_t i = 0; i < argc; i++) {
			texts[i] = argv[i].data;
			lens[i] = argv[i].len;
		}
		result = redisAppendCommandArgv(conn->context, (int)argc, texts, lens) == REDIS_OK
			? 0
			: -ENOMEM;
	}
	free(texts);
	free(lens);
	return result;
}

static int conn_shake_hands(struct redis_conn *conn, struct err *err)
{
	struct handshake shake = {0};
	struct handshake_command command;
	bool asked[HANDSHAKE_STEPS] = {false};

	for (int step = 0; step < HANDSHAKE_STEPS; step++) {
		handshake_make(&conn->address, conn->name, (enum handshake_step)step, &command);
		asked[step] = command.argc > 0;
		if (asked[step] && conn_send(conn, command.argv, command.argc) < 0) {
			return err_set(err, -ENOMEM, "out of memory");
		}
	}
	for (int step = 0; step < HANDSHAKE_STEPS; step++) {
		void *reply = NULL;
		int result;

		if (!asked[step]) {
			continue;
		}
		if (conn_receive(conn, &reply) != REDIS_OK) {
			return conn_broke(conn, errno, err);
		}
		result =
			handshake_check((enum handshake_step)step, reply, conn->where, err, &shake);
		freeReplyObject(reply);
		if (result < 0) {
			return result;
		}
	}
	if (conn->address.sentinel_master && shake.replica) {
		return redis_explain_replica(err, conn->where);
	}
	conn->server = shake;
	return 0;
}

/* Asks the sentinels; like hiredis' own writes, without SIGPIPE. */
static int conn_find(struct redis_conn *conn, struct err *err, struct sentinel_place *ret_master)
{
	sigset_t before;
	bool was_pending = hold_sigpipe(&before);
	int result = sentinel_find_master(&conn->address, conn->sentinel++, err, ret_master);

	let_sigpipe(&before, was_pending);
	if (result == 0) {
		(void)snprintf(conn->where, sizeof(conn->where), "%s:%u", ret_master->host,
			ret_master->port);
	}
	return result;
}

int redis_conn_open(struct redis_conn *conn, struct err *err)
{
	struct sentinel_place master = {0};
	bool tcp = conn->address.sentinel_master || !conn->address.unix_socket;
	struct timeval connect_timeout = timeval_of(conn->address.connect_timeout_ms);
	struct timeval command_timeout = timeval_of(conn->command_timeout_ms);
	int result;

	if (conn->context && conn->context->err == 0) {
		return 0;
	}
	redis_conn_close(conn);
	if (conn->address.sentinel_master) {
		result = conn_find(conn, err, &master);
		if (result < 0) {
			return result;
		}
	}
	errno = 0;
	if (conn->address.sentinel_master) {
		conn->context = redisConnectWithTimeout(master.host, master.port, connect_timeout);
	} else if (!tcp) {
		conn->context =
			redisConnectUnixWithTimeout(conn->address.unix_socket, connect_timeout);
	} else {
		conn->context = redisConnectWithTimeout(
			conn->address.host, conn->address.port, connect_timeout);
	}
	if (!conn->context) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	if (conn->context->err) {
		int error = conn->context->err == REDIS_ERR_IO ? errno : 0;

		result = redis_explain_connect(err, conn->where, error, conn->context->errstr);
		redis_conn_close(conn);
		return result;
	}
	handshake_prepare_socket(conn->context->fd, tcp);
	if (conn->command_timeout_ms > 0) {
		(void)redisSetTimeout(conn->context, command_timeout);
	}
	result = conn_shake_hands(conn, err);
	if (result < 0) {
		redis_conn_close(conn);
	}
	return result;
}

/* Sends and waits; *ret_reply may be an error reply. */
static int conn_ask(struct redis_conn *conn, const struct str *argv, size_t argc, struct err *err,
	redisReply **ret_reply)
{
	void *reply = NULL;
	int result = redis_conn_open(conn, err);

	if (result < 0) {
		return result;
	}
	if (conn_send(conn, argv, argc) < 0) {
		redis_conn_close(conn);
		return err_set(err, -ENOMEM, "out of memory");
	}
	if (conn_receive(conn, &reply) != REDIS_OK) {
		return conn_broke(conn, errno, err);
	}
	*ret_reply = reply;
	return 0;
}

static int conn_take(
	struct redis_conn *conn, redisReply *reply, struct err *err, redisReply **ret_reply)
{
	int result;

	if (reply->type != REDIS_REPLY_ERROR) {
		*ret_reply = reply;
		return 0;
	}
	result = redis_explain(err, conn->where, reply->str, reply->len);
	freeReplyObject(reply);
	return result;
}

int redis_conn_command(struct redis_conn *conn, const struct str *argv, size_t argc,
	struct err *err, struct redisReply **ret_reply)
{
	redisReply *reply;
	int result = conn_ask(conn, argv, argc, err, &reply);

	return result < 0 ? result : conn_take(conn, reply, err, ret_reply);
}

int redis_conn_script(struct redis_conn *conn, const struct script *script, const struct str *keys,
	size_t key_count, const struct str *args, size_t arg_count, struct err *err,
	struct redisReply **ret_reply)
{
	size_t argc = 3 + key_count + arg_count;
	struct str *argv = calloc(argc, sizeof(*argv));
	redisReply *reply = NULL;
	char number[24];
	int result;

	if (!argv) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	(void)snprintf(number, sizeof(number), "%zu", key_count);
	argv[0] = STR("EVALSHA");
	argv[1] = str_of(script->sha1);
	argv[2] = str_of(number);
	if (key_count > 0) {
		memcpy(argv + 3, keys, key_count * sizeof(*keys));
	}
	if (arg_count > 0) {
		memcpy(argv + 3 + key_count, args, arg_count * sizeof(*args));
	}
	result = conn_ask(conn, argv, argc, err, &reply);
	if (result == 0 && reply->type == REDIS_REPLY_ERROR &&
		strncmp(reply->str, "NOSCRIPT", 8) == 0) {
		freeReplyObject(reply);
		argv[0] = STR("EVAL");
		argv[1] = (struct str){script->text, script->len};
		result = conn_ask(conn, argv, argc, err, &reply);
	}
	free(argv);
	return result < 0 ? result : conn_take(conn, reply, err, ret_reply);
}

int redis_conn_subscribe(struct redis_conn *conn, const char *channel, struct err *err)
{
	struct str argv[] = {STR("SUBSCRIBE"), str_of(channel)};
	redisReply *reply;
	int result = redis_conn_command(conn, argv, 2, err, &reply);

	if (result == 0) {
		freeReplyObject(reply);
	}
	return result;
}

int redis_conn_next(
	struct redis_conn *conn, int timeout_ms, struct err *err, struct redisReply **ret_reply)
{
	uint64_t deadline = timeout_ms < 0 ? UINT64_MAX : clock_mono_ms() + (uint64_t)timeout_ms;

	if (!conn->context) {
		return err_set(
			err, -ECONNRESET, "the connection to Redis at %s broke", conn->where);
	}
	for (;;) {
		struct pollfd pollfd = {.fd = conn->context->fd, .events = POLLIN};
		void *reply = NULL;
		uint64_t now;
		int wait_ms = -1;
		int ready;

		if (redisReaderGetReply(conn->context->reader, &reply) != REDIS_OK) {
			redis_conn_close(conn);
			return err_set(err, -ECONNRESET, "what Redis at %s sent cannot be read",
				conn->where);
		}
		if (reply) {
			*ret_reply = reply;
			return 0;
		}
		now = clock_mono_ms();
		if (timeout_ms >= 0) {
			uint64_t left = deadline > now ? deadline - now : 0;

			wait_ms = left > INT_MAX ? INT_MAX : (int)left;
		}
		ready = poll(&pollfd, 1, wait_ms);
		if (ready == 0) {
			return -EAGAIN;
		}
		if (ready < 0) {
			return errno == EINTR ? -EAGAIN : -errno;
		}
		errno = 0;
		if (redisBufferRead(conn->context) != REDIS_OK) {
			return conn_broke(conn, errno, err);
		}
	}
}

int redis_conn_fd(const struct redis_conn *conn)
{
	return conn->context ? conn->context->fd : -1;
}

const struct handshake *redis_conn_server(const struct redis_conn *conn)
{
	return &conn->server;
}
