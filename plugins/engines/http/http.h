/* HTTP for engines: one exchange at a time over libcurl, under a deadline and the task's cancel.
 *
 * A struct http belongs to one executor and its one thread. No call waits longer than its stage
 * allows, than the task has time, or than 200 ms after the task was cancelled. Only http and https
 * are spoken; a redirect is followed only where a request says so, without any of the engine's
 * headers, and never from https to http. */
#ifndef FORMY_ENGINES_HTTP_H
#define FORMY_ENGINES_HTTP_H

#include <formy/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct http;
struct http_setting;

/* What a request is for: each has its own deadline. */
enum http_stage { HTTP_UPLOAD, HTTP_SUBMIT, HTTP_POLL, HTTP_DOWNLOAD, HTTP_STAGES };

/* How an exchange ended. */
enum http_end {
	HTTP_ANSWERED,  /* with a whole answer, whatever its status */
	HTTP_NOT_SENT,  /* the server surely has not got the request */
	HTTP_UNKNOWN,   /* the server may have got it, but there is no whole answer */
	HTTP_TOO_LARGE, /* the answer was larger than allowed */
	HTTP_STOPPED,   /* the task was cancelled */
	HTTP_LATE,      /* the task's own time is over */
	HTTP_NO_MEMORY
};

/* One field of a form. */
struct http_part {
	const char *name;
	const void *data;
	size_t len;
	const char *file_name;  /* NULL: no file */
	const char *media_type; /* NULL: none */
};

struct http_request {
	const char *url;
	enum http_stage stage;
	const char *method;            /* NULL: POST with a body or parts, else GET */
	const char *json;              /* a body, or NULL */
	const struct http_part *parts; /* a form, or NULL */
	size_t part_count;
	const char *const *headers; /* "Name: value", ended by NULL; may be NULL */
	size_t max_bytes;           /* of the answer */
	uint32_t most_ms;           /* at most this long; 0: what the stage allows */
	bool foreign;               /* somebody else's URL: none of the engine's headers */
	bool follow;                /* follows redirects; what it leads to is foreign */
	bool secure;                /* only https */
};

struct http_answer {
	enum http_end end;
	bool late;             /* a deadline of the stage or of connecting ended it */
	long status;           /* when answered */
	int64_t retry_after_s; /* -1: not said */
	int should_retry;      /* x-should-retry: 1, 0, or -1 when not said */
	char request_id[80];   /* x-request-id, "" when not said */
	char media_type[64];   /* "" when not said */
	struct buf body;
	char words[ERR_TEXT_MAX]; /* why there is no answer */
};

/* Both ends take NULL and what is half-built. setting must outlive the client. */
int http_create(const struct http_setting *setting, struct err *err, struct http **ret_http);
void http_destroy(struct http *http);

/* The task whose cancel and deadline count from now on; NULL: none. */
void http_begin(struct http *http, const formy_host *host, formy_task *task);

/* Carries out one exchange. The answer is the caller's to http_answer_finish(), whatever its end;
 * one that is zeroed or finished may be used again. */
void http_send(struct http *http, const struct http_request *request, struct http_answer *answer);
void http_answer_finish(struct http_answer *answer);

/* Waits, or less when the task should stop: true when the whole time went by. */
bool http_wait(struct http *http, uint32_t ms);

/* Why the task should stop: HTTP_STOPPED, HTTP_LATE, or HTTP_ANSWERED when it should not. */
enum http_end http_should_stop(const struct http *http);

/* Appends a text as a part of a URL's path or query. */
void http_add_escaped(struct buf *out, const char *text);

#endif
