/* One request of a pipeline, as an engine that speaks HTTP works on it: its parameters and
 * pictures, what it remembers beyond this process, and how it ends.
 *
 * What the host of this version does not offer is done without: no memo, and plain statuses in
 * place of "come back later". */
#ifndef FORMY_ENGINES_JOB_H
#define FORMY_ENGINES_JOB_H

#include <formy/plugin.h>

#include "http/fault.h"
#include "http/http.h"
#include "http/setting.h"

struct json_object;

#define JOB_ROLES 8
#define JOB_ODD_ANSWERS                                                                            \
	5 /* without sense, one after the other, until a task at a service is lost */

struct job {
	const formy_host *host;
	formy_task *task;
	struct http *http;
	const struct http_setting *setting;
	const char *const *codes; /* of each fault; NULL: the common ones */
	const char *operation;
	struct json_object *params;
};

/* The error codes that engines without codes of their own give, by enum fault. */
extern const char *const job_codes[FAULTS];

/* Fills the job in, and says the task to http. Finish it in any case. */
formy_status job_begin(struct job *job, const formy_host *host, formy_task *task,
	const char *operation, struct http *http, const struct http_setting *setting);
/* The same for check(), which has no parameters. */
formy_status job_begin_check(struct job *job, const formy_host *host, formy_task *task,
	struct http *http, const struct http_setting *setting);
void job_finish(struct job *job);

/* Ends the task as the fault says, and returns the status to return. message: a sentence for the
 * task's owner; details may be NULL. wait_s: after how long to come back, or -1, for
 * FAULT_CAPACITY. Keys are taken out of the texts. */
formy_status job_fail(struct job *job, enum fault fault, const char *message, const char *details,
	int64_t wait_s);

/* The same for what an exchange ended with: "POST http://host/prompt: Connection refused". */
formy_status job_fail_answer(struct job *job, enum fault fault, const char *message,
	const struct http_request *request, const struct http_answer *answer);

/* The same for check(): the reason is what people are shown. */
formy_status job_fail_check(struct job *job, enum fault fault, const struct http_request *request,
	const struct http_answer *answer);

/* Fails with a code of its own. */
formy_status job_refuse(struct job *job, formy_status status, const char *code, const char *message,
	const char *details);

/* The JSON object in an answer: NULL when it is none. The caller's to json_object_put. */
struct json_object *job_parse(const struct http_answer *answer);

/* A picture of the request as PNG. The role may be Formy's or what the existing service's graphs
 * call it: head_image, cloth_image, model_image, bg_image, raw_image, pose_image. FORMY_E_MISSING
 * without words when the request has none. */
formy_status job_picture(struct job *job, const char *role, formy_blob *ret_blob);

/* Formy's name of a role, for the job's operation. */
const char *job_role(const struct job *job, const char *role);

/* A few bytes of JSON that survive this process. Read: NULL when there are none, the caller's to
 * json_object_put. Write: waits until they are safe; NULL forgets them. */
struct json_object *job_recall(struct job *job);
formy_status job_remember(struct job *job, struct json_object *memo);

/* The end of an attempt: what it remembers is forgotten when the task has ended for good, so that a
 * person's retry begins anew. One that only waits goes on with what is at the service. */
void job_settle(struct job *job, formy_status status);

/* Hands over the picture that a server sent, as it is or as base64. */
formy_status job_give(struct job *job, const void *data, size_t len);
formy_status job_give_base64(struct job *job, const char *text);

/* Fetches a picture by its URL or data URL, and hands it over. */
formy_status job_give_url(struct job *job, const char *url);

/* Adds a fact to the result's metadata; takes value over, which may be NULL. */
void job_fact(struct job *job, const char *name, struct json_object *value);

/* A line in the worker's log, with the task's id. */
void job_log(struct job *job, int32_t level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
