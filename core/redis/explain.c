#include "redis/explain.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"

static const struct {
	const char *mark; /* a server of before 7.0 puts its own words in front of it */
	int code;
	const char *sentence;
} known[] = {
	{"NOAUTH ", -EACCES, "Redis at %s needs a password: set redis.password or REDIS_PASSWORD"},
	{"WRONGPASS ", -EACCES, "Redis at %s refused the password or the user name"},
	{"invalid password", -EACCES, "Redis at %s refused the password"},
	{"without any password configured", -EACCES,
		"Redis at %s has no password set, but one is configured: remove redis.password"},
	{"NOPERM ", -EACCES, "Redis at %s does not give this user the rights that Formy needs"},
	{"LOADING ", -EAGAIN, "Redis at %s is still loading its data: try again in a moment"},
	{"BUSY ", -EAGAIN, "Redis at %s is busy with another program's script"},
	{"OOM ", -ENOSPC, "Redis at %s is full: raise its maxmemory or delete old data"},
	{"READONLY ", -EROFS, "Redis at %s is a replica and takes no writes: use the master"},
	{"UNBLOCKED ", -EROFS, "Redis at %s has become a replica and takes no writes"},
	{"CROSSSLOT ", -ENOTSUP,
		"Redis at %s is a cluster: set redis.key_prefix to one in braces, as in {formy}"},
	{"CLUSTERDOWN ", -EAGAIN, "the cluster of Redis at %s is down"},
	{"MISCONF ", -EROFS, "Redis at %s cannot save to its disk, so it takes no writes"},
	{"NOREPLICAS ", -EROFS, "Redis at %s has too few replicas, so it takes no writes"},
	{"MASTERDOWN ", -EAGAIN, "Redis at %s is a replica that lost its master"},
	{"DB index is out of range", -EINVAL,
		"Redis at %s has no such database: set redis.db to a smaller number"},
	{"invalid DB index", -EINVAL,
		"Redis at %s has no such database: set redis.db to a smaller number"},
	{"max number of clients", -EAGAIN, "Redis at %s has too many clients (its maxclients)"},
};

static bool text_has(const char *text, size_t len, const char *mark)
{
	return memmem(text, len, mark, strlen(mark)) != NULL;
}

int redis_explain(struct err *err, const char *where, const char *text, size_t len)
{
	int shown = len > 300 ? 300 : (int)len;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (text_has(text, len, known[i].mark)) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			return err_set(err, known[i].code, known[i].sentence, where);
#pragma GCC diagnostic pop
		}
	}
	if (text_has(text, len, "MOVED ")) {
		return err_set(err, -ENOTSUP,
			"Redis at %s is a node of a cluster that does not hold Formy's keys: use "
			"the one that does (%.*s)",
			where, shown, text);
	}
	if (text_has(text, len, "WRONGTYPE")) {
		return err_set(err, -EILSEQ, "Redis at %s holds a key of the wrong type: %.*s",
			where, shown, text);
	}
	return err_set(err, -EREMOTEIO, "Redis at %s answered: %.*s", where, shown, text);
}

bool redis_says_replica(const char *text, size_t len)
{
	return text_has(text, len, "READONLY ") || text_has(text, len, "UNBLOCKED ");
}

int redis_explain_replica(struct err *err, const char *where)
{
	return redis_explain(err, where, "READONLY ", strlen("READONLY "));
}

int redis_explain_connect(struct err *err, const char *where, int error, const char *text)
{
	switch (error) {
	case ECONNREFUSED:
		return err_set(err, -error,
			"Redis at %s refused the connection: is it running there?", where);
	case ENOENT:
		return err_set(err, -error,
			"there is no socket %s: is Redis running, with this unixsocket?", where);
	case EACCES:
	case EPERM:
		return err_set(err, -error,
			"no permission to connect to %s: add this user to the socket's group",
			where);
	case ETIMEDOUT:
	case EAGAIN:
		return err_set(err, -ETIMEDOUT, "Redis at %s did not answer in time", where);
	default:
		return err_set(err, error > 0 ? -error : -EIO, "cannot connect to Redis at %s: %s",
			where, text && text[0] ? text : strerror(error));
	}
}
