/* The parts of the engine "runninghub": upload, create, ask for the outputs, cancel. */
#ifndef FORMY_ENGINES_RUNNINGHUB_H
#define FORMY_ENGINES_RUNNINGHUB_H

#include "http/job.h"

struct runninghub {
	struct http_setting setting;
	struct http *http;
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

/* Carries out one task. */
formy_status runninghub_run(struct runninghub *engine, struct job *job);

/* The class of one of the service's codes; FAULT_NONE for success. */
enum fault runninghub_fault(int64_t code);

#endif
