/* A closer look at the person's outline: the network sees the working copy in overlapping parts,
 * each at nearly its own resolution, and what it says near the outline counts. Away from it the
 * first answer stands, as the parts show too little to tell a leg from a post. */
#ifndef FORMY_LOCAL_TILES_H
#define FORMY_LOCAL_TILES_H

#include "base/err.h"
#include "job.h"
#include "vision.h"

struct person;

/* Changes person->likely. 0, -ECANCELED, -ENOMEM or another negative errno with a sentence. */
int tiles_refine(
	struct person *person, struct vision *vision, const struct job *job, struct err *err);

#endif
