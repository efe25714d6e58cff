/* Pictures with clear parts, laid on white. */
#ifndef FORMY_LOCAL_WHITE_H
#define FORMY_LOCAL_WHITE_H

#include <formy/plugin.h>

#include "job.h"

/* Makes an RGB8 picture of an RGBA8 one, in the task's memory; others stay as they are. On failure
 * the request has failed with the returned status. */
formy_status white_behind(const struct job *job, formy_image *image);

#endif
