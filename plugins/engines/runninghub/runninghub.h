/* The parts of the engine "runninghub": call.c, one call to the service; submit.c, upload and create;
 * runninghub.c, ask for the outputs, cancel. */
#ifndef FORMY_ENGINES_RUNNINGHUB_H
#define FORMY_ENGINES_RUNNINGHUB_H

#include "http/remote.h"
#include "http/once.h"

struct runninghub {
	struct remote remote;
	struct buf base;           /* https://www.runninghub.cn or .ai */
	const char *workflow_id;   /* the mode's */
	const char *output_node;   /* NULL: the first result */
	const char *instance_type; /* NULL: the service's default */
	char *bearer;              /* a header with the key */
	bool upload_v2;            /* pictures go up by the API's second version */
	struct json_object *mode;  /* the mode's members: NAME = "NODE.FIELD" binds */
	int64_t poll_every_s;
	int64_t capacity_wait_s;
};

/* Codes in the service's answers. */
#define RUNNINGHUB_NONE INT64_MIN
#define RUNNINGHUB_RUNNING 804
#define RUNNINGHUB_FAILED 805
#define RUNNINGHUB_QUEUED 813

/* One call and what came of it. */
struct runninghub_call {
	struct http_request request;
	struct http_answer answer;
	struct json_object *said;
	struct buf url;
	enum fault fault;
	int64_t code; /* RUNNINGHUB_NONE: the answer has none */
};

/* Carries out one task. */
formy_status runninghub_run(struct runninghub *engine, struct job *job);

/* Uploads the task's pictures and creates the service's task, once: its id, which is kept. The id may
 * be set when this fails: there is such a task then. */
formy_status runninghub_submit(struct runninghub *engine, struct job *job, char id[ONCE_ID_SIZE]);

/* Carries out a call whose request is filled in but for the URL, and reads the code of the answer, a
 * number or a text: all answers are 200. */
void runninghub_call_send(
	struct runninghub *engine, struct runninghub_call *call, const char *path);
void runninghub_call_finish(struct runninghub_call *call);

/* Fails the task by the call's fault. */
formy_status runninghub_call_fail(struct runninghub *engine, struct job *job,
	struct runninghub_call *call, const char *message);

/* A body with the key, which the service wants in it; NULL: there is no memory. */
struct json_object *runninghub_new_body(struct runninghub *engine);

/* The class of one of the service's codes; FAULT_NONE for success. */
enum fault runninghub_fault(int64_t code);

#endif
