/* The person of a request's source picture, cut out: what several operations begin with. */
#ifndef FORMY_LOCAL_CUTOUT_H
#define FORMY_LOCAL_CUTOUT_H

#include <formy/plugin.h>

#include "engine.h"
#include "job.h"
#include "matte.h"
#include "person.h"

struct cutout {
	formy_image source; /* the host's */
	struct person person;
	struct matte matte;
	uint8_t *spread; /* the person's colours over all of the working copy */
	bool on_white;   /* set before: clear parts are white, and the person is looked for */
	bool own_alpha;  /* the picture brought its matte: then there is no person and no spread */
};

/* Makes a cutout, zeroed but for on_white: finds the person, refuses pictures without one, reports the facts. Says
 * all of the job's progress. On failure the request has failed with the returned status. The caller
 * finishes it in any case. */
formy_status cutout_make(struct cutout *cutout, struct engine *engine, const struct job *job);
void cutout_finish(struct cutout *cutout);

#endif
