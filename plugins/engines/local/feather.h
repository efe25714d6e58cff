/* A softer edge of a matte. */
#ifndef FORMY_LOCAL_FEATHER_H
#define FORMY_LOCAL_FEATHER_H

#include "job.h"
#include "matte.h"

/* Fills a zeroed matte with a softer copy: Gaussian blur of sigma pixels, worked out only where
 * the matte changes. 0, -ECANCELED or -ENOMEM. The caller finishes the copy in any case. */
int feather(
	struct matte *feathered, const struct matte *matte, double sigma, const struct job *job);

#endif
