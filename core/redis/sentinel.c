#include "redis/sentinel.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "base/buf.h"
#include "base/err.h"
#include "redis/explain.h"
#include "redis/handshake.h"

/* For one sentinel; the next one is asked then. */
#define ASK_MS 1000

/* The n-th word between commas and blanks; empty past the last. */
static struct str word_at(const char *text, unsigned n)
{
	for (;;) {
		size_t len;

		text += strspn(text, ", ");
		len = strcspn(text, ", ");
		if (len == 0 || n-- == 0) {
			return (struct str){text, len};
		}
		text += len;
	}
}

static unsigned count_words(const char *text)
{
	unsigned count = 0;

	while (word_at(text, count).len > 0) {
		count++;
	}
	return count;
}

static int read_port(const char *text, size_t len, uint16_t *ret_port)
{
	unsigned long port = 0;

	if (len == 0 || len > 5) {
		return -EINVAL;
	}
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9') {
			return -EINVAL;
		}
		port = port * 10 + (unsigned long)(text[i] - '0');
	}
	if (port == 0 || port > UINT16_MAX) {
		return -EINVAL;
	}
	*ret_port = (uint16_t)port;
	return 0;
}

/* "host", "host:port", "[address]:port" or, as its colons tell, an IPv6 address. */
static int read_place(struct str word, struct sentinel_place *ret_place)
{
	struct sentinel_place place = {.port = SENTINEL_PORT};
	const char *first = memchr(word.data, ':', word.len);
	const char *last = memrchr(word.data, ':', word.len);
	struct str host = word;
	int result = 0;

	if (word.len > 0 && word.data[0] == '[') {
		const char *end = memchr(word.data, ']', word.len);
		size_t after;

		if (!end) {
			return -EINVAL;
		}
		host = (struct str){word.data + 1, (size_t)(end - word.data) - 1};
		after = word.len - host.len - 2;
		if (after > 0) {
			result = end[1] == ':' ? read_port(end + 2, after - 1, &place.port)
					       : -EINVAL;
		}
	} else if (first && first == last) {
		host.len = (size_t)(first - word.data);
		result = read_port(first + 1, word.len - host.len - 1, &place.port);
	}
	if (result < 0 || host.len == 0 || host.len >= sizeof(place.host)) {
		return -EINVAL;
	}
	memcpy(place.host, host.data, host.len);
	*ret_place = place;
	return 0;
}

int sentinel_at(const struct redis_address *address, unsigned n, struct err *err,
	struct sentinel_place *ret_place)
{
	const char *hosts = address->sentinel_hosts ? address->sentinel_hosts : "";
	unsigned count = count_words(hosts);
	struct str word;

	if (count == 0) {
		return err_set(err, -EINVAL, "no sentinel is named: set redis.sentinel.hosts");
	}
	word = word_at(hosts, n % count);
	if (read_place(word, ret_place) < 0) {
		return err_set(err, -EINVAL, "\"%.*s\" is no sentinel: write host:port",
			(int)(word.len < 100 ? word.len : 100), word.data);
	}
	return 0;
}

static redisReply *ask(
	redisContext *context, int argc, const char **argv, const char *where, struct err *err)
{
	redisReply *reply = redisCommandArgv(context, argc, argv, NULL);

	if (!reply) {
		(void)err_set(err, -ECONNRESET, "the sentinel at %s does not answer: %s", where,
			context->errstr);
	} else if (reply->type == REDIS_REPLY_ERROR) {
		(void)err_set(
			err, -EACCES, "the sentinel at %s answered: %.200s", where, reply->str);
		freeReplyObject(reply);
		reply = NULL;
	}
	return reply;
}

static int log_in(redisContext *context, const struct redis_address *address, const char *where,
	struct err *err)
{
	const char *argv[3] = {"AUTH"};
	int argc = 1;
	redisReply *reply;

	if (!address->sentinel_password) {
		return 0;
	}
	if (address->sentinel_username) {
		argv[argc++] = address->sentinel_username;
	}
	argv[argc++] = address->sentinel_password;
	reply = ask(context, argc, argv, where, err);
	if (!reply) {
		return -EACCES;
	}
	freeReplyObject(reply);
	return 0;
}

static int read_master(const redisReply *reply, const struct redis_address *address,
	const char *where, struct err *err, struct sentinel_place *ret_master)
{
	struct sentinel_place master = {0};

	if (reply->type == REDIS_REPLY_NIL) {
		return err_set(err, -ENOENT,
			"the sentinel at %s knows no master \"%.100s\": check "
			"redis.sentinel.master",
			where, address->sentinel_master);
	}
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
		reply->element[0]->type != REDIS_REPLY_STRING ||
		reply->element[1]->type != REDIS_REPLY_STRING ||
		!text_copy(master.host, sizeof(master.host), reply->element[0]->str) ||
		read_port(reply->element[1]->str, reply->element[1]->len, &master.port) < 0) {
		return err_set(err, -EREMOTEIO, "what listens at %s is no sentinel", where);
	}
	*ret_master = master;
	return 0;
}

static int ask_one(const struct redis_address *address, const struct sentinel_place *place,
	struct err *err, struct sentinel_place *ret_master)
{
	const struct timeval timeout = {.tv_sec = ASK_MS / 1000, .tv_usec = ASK_MS % 1000 * 1000};
	const char *argv[] = {"SENTINEL", "get-master-addr-by-name", address->sentinel_master};
	char where[SENTINEL_HOST_SIZE + 8];
	redisReply *reply = NULL;
	redisContext *context;
	int result;

	(void)snprintf(where, sizeof(where), "%s:%u", place->host, place->port);
	errno = 0;
	context = redisConnectWithTimeout(place->host, place->port, timeout);
	if (!context) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	if (context->err) {
		result = err_set(err, -ECONNREFUSED, "the sentinel at %s is not there: %s", where,
			context->errstr);
		goto out;
	}
	handshake_prepare_socket(context->fd, true);
	(void)redisSetTimeout(context, timeout);
	result = log_in(context, address, where, err);
	if (result < 0) {
		goto out;
	}
	reply = ask(context, 3, argv, where, err);
	result = reply ? read_master(reply, address, where, err, ret_master) : -ECONNRESET;
out:
	if (reply) {
		freeReplyObject(reply);
	}
	redisFree(context);
	return result;
}

int sentinel_find_master(const struct redis_address *address, unsigned n, struct err *err,
	struct sentinel_place *ret_master)
{
	unsigned count = count_words(address->sentinel_hosts ? address->sentinel_hosts : "");
	int result = -EINVAL;

	for (unsigned i = 0; i == 0 || (i < count && result < 0); i++) {
		struct sentinel_place place;

		result = sentinel_at(address, n + i, err, &place);
		if (result == 0) {
			result = ask_one(address, &place, err, ret_master);
		}
	}
	return result;
}
