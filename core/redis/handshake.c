#include "redis/handshake.h"

#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/err.h"
#include "redis/address.h"
#include "redis/explain.h"

#define NEEDS_MAJOR 6
#define NEEDS_MINOR 2

void handshake_make(const struct redis_address *address, const char *name, enum handshake_step step,
	struct handshake_command *ret_command)
{
	struct handshake_command *command = ret_command;

	command->argc = 0;
	switch (step) {
	case HANDSHAKE_AUTH:
		if (address->password) {
			command->argv[command->argc++] = STR("AUTH");
			if (address->username) {
				command->argv[command->argc++] = str_of(address->username);
			}
			command->argv[command->argc++] = str_of(address->password);
		}
		break;
	case HANDSHAKE_SELECT:
		if (address->db != 0) {
			(void)snprintf(command->number, sizeof(command->number), "%d", address->db);
			command->argv[command->argc++] = STR("SELECT");
			command->argv[command->argc++] = str_of(command->number);
		}
		break;
	case HANDSHAKE_NAME:
		command->argv[command->argc++] = STR("CLIENT");
		command->argv[command->argc++] = STR("SETNAME");
		command->argv[command->argc++] = str_of(name);
		break;
	case HANDSHAKE_ID:
		command->argv[command->argc++] = STR("CLIENT");
		command->argv[command->argc++] = STR("ID");
		break;
	case HANDSHAKE_INFO:
	case HANDSHAKE_STEPS:
		command->argv[command->argc++] = STR("INFO");
		break;
	}
}

/* The value of "name:value" on a line of its own, "" when there is none. */
static struct str find_fact(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, len) == 0 && line[len] == ':') {
			return (struct str){line + len + 1, strcspn(line + len + 1, "\r\n")};
		}
	}
	return (struct str){"", 0};
}

static void copy_fact(const char *text, const char *name, char *to, size_t size)
{
	struct str fact = find_fact(text, name);

	(void)snprintf(to, size, "%.*s", (int)fact.len, fact.data);
}

static bool fact_is(const char *text, const char *name, const char *value)
{
	return str_eq(find_fact(text, name), value);
}

static int read_info(const char *text, const char *where, struct err *err, struct handshake *shake)
{
	char number[24];
	char *end;
	long major;
	long minor = 0;

	/* Valkey says which Redis it equals under the same name */
	copy_fact(text, "redis_version", shake->version, sizeof(shake->version));
	copy_fact(
		text, "maxmemory_policy", shake->maxmemory_policy, sizeof(shake->maxmemory_policy));
	copy_fact(text, "maxmemory", number, sizeof(number));
	shake->maxmemory = strtoull(number, NULL, 10);
	shake->saves = fact_is(text, "aof_enabled", "1");
	shake->replica = (fact_is(text, "role", "slave") || fact_is(text, "role", "replica")) &&
		!fact_is(text, "slave_read_only", "0");

	major = strtol(shake->version, &end, 10);
	if (*end == '.') {
		minor = strtol(end + 1, NULL, 10);
	}
	if (major < NEEDS_MAJOR || (major == NEEDS_MAJOR && minor < NEEDS_MINOR)) {
		return err_set(err, -ENOTSUP,
			"Redis at %s is version %s; Formy needs %d.%d or newer (or Valkey 7.2)",
			where, shake->version[0] ? shake->version : "unknown", NEEDS_MAJOR,
			NEEDS_MINOR);
	}
	if (fact_is(text, "loading", "1")) {
		return redis_explain(err, where, "LOADING ", strlen("LOADING "));
	}
	return 0;
}

int handshake_check(enum handshake_step step, const struct redisReply *reply, const char *where,
	struct err *err, struct handshake *shake)
{
	bool is_error = reply->type == REDIS_REPLY_ERROR;

	/* what a server does not let every user do, and Formy can do without */
	if (step == HANDSHAKE_NAME || step == HANDSHAKE_ID) {
		if (is_error && strstr(reply->str, "NOAUTH ")) {
			return redis_explain(err, where, reply->str, reply->len);
		}
		if (step == HANDSHAKE_ID && reply->type == REDIS_REPLY_INTEGER) {
			shake->client_id = reply->integer;
		}
		return 0;
	}
	if (is_error) {
		return redis_explain(err, where, reply->str, reply->len);
	}
	if (step == HANDSHAKE_INFO) {
		if (reply->type != REDIS_REPLY_STRING) {
			return err_set(err, -EREMOTEIO, "what listens at %s is not Redis", where);
		}
		return read_info(reply->str, where, err, shake);
	}
	return 0;
}

void handshake_prepare_socket(int fd, bool tcp)
{
	int flags = fcntl(fd, F_GETFD);
	int on = 1;
	int idle_s = 10;
	int interval_s = 5;
	int probes = 3;
	unsigned unanswered_ms = 25000;

	if (flags >= 0) {
		(void)fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
	}
	if (tcp) {
		(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
		(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof(interval_s));
		(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
		(void)setsockopt(
			fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered_ms, sizeof(unanswered_ms));
	}
}
