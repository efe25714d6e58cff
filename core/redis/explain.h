/* What Redis says when it refuses, in words that help. */
#ifndef FORMY_REDIS_EXPLAIN_H
#define FORMY_REDIS_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>

struct err;

/* Reads the text of an error reply of the server at `where`. Returns
 *	-EACCES  wrong or missing password, or a right that the user lacks
 *	-EAGAIN  it is loading its data, or busy with a script
 *	-ENOSPC  its memory is full
 *	-EROFS   it takes no writes: a replica, or it cannot save to its disk
 *	-EILSEQ  a key is of another type than it should be
 *	-EINVAL  no such database
 *	-ENOTSUP it is a cluster, and the keys are not all on this node
 *	-EREMOTEIO  anything else */
int redis_explain(struct err *err, const char *where, const char *text, size_t len);

/* Does the text of an error reply say that the server is a replica, or has just become one? And
 * what to tell of it: returns -EROFS. */
bool redis_says_replica(const char *text, size_t len);
int redis_explain_replica(struct err *err, const char *where);

/* A connection that could not be made: error is a positive errno. Returns -error. */
int redis_explain_connect(struct err *err, const char *where, int error, const char *text);

#endif
