/* The parts of the engine "http": submit, poll and fetch as the configuration describes them. */
#ifndef FORMY_ENGINES_WEBAPI_H
#define FORMY_ENGINES_WEBAPI_H

#include "http/remote.h"

/* The members of the engine's section; those of the mode's count more. NULL where there is none. */
struct webapi {
	struct remote remote;
	const char *submit_url;
	const char *body;      /* JSON with places */
	const char *poll_url;  /* NULL: the answer to the submit has the result */
	const char *fetch_url; /* NULL: the last answer has the result */
	const char *cancel_url;
	const char *cancel_method;
	const char *state_path;
	const char *result_path;
	const char *error_path;
	const char *prompt;
	struct json_object *done; /* words of state_path */
	struct json_object *failed;
	int64_t poll_every_s;
};

/* Carries out one task. */
formy_status webapi_run(struct webapi *engine, struct job *job);

#endif
