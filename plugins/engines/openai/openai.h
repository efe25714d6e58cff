/* The parts of the engine "openai": one request to images/edits a task. */
#ifndef FORMY_ENGINES_OPENAI_H
#define FORMY_ENGINES_OPENAI_H

#include "http/remote.h"

#define OPENAI_EXTRA 32

struct openai {
	struct remote remote;
	struct buf base; /* the address before /images/edits */
	const char *model;
	const char *image_field;    /* "image[]" or "image" */
	const char *size;           /* NULL: chosen by the picture; "": not sent */
	const char *prompt;         /* a template; the mode's */
	struct json_object *images; /* roles in the order in which they are sent; NULL: the usual */
	struct json_object *extra;  /* "name=value", or NULL */
};

/* Carries out one task. */
formy_status openai_edit(struct openai *engine, struct job *job);

#endif
