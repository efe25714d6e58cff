/* The engine's state, and its operations: a file each. */
#ifndef FORMY_LOCAL_ENGINE_H
#define FORMY_LOCAL_ENGINE_H

#include <formy/plugin.h>

#include "job.h"
#include "vision.h"

struct engine {
	struct vision *vision;
};

/* Whole mode: params edge_blur (0 to 10) and color_match (bool); images "source" and, unless the
 * backdrop is to be removed, "background". Answers "output": RGB8, or RGBA8 without a background;
 * facts as of PERSON_MATTE. */
formy_status operation_background_change(struct engine *engine, const struct job *job);

/* Image "source". Answers "matte": GREY8, 255 where the person is; facts: tier, unsure,
 * person_area, warnings. */
formy_status operation_person_matte(struct engine *engine, const struct job *job);

#endif
