/* A person in a new pose, put together at full size from the parts: backdrop, legs, body, arms. */
#ifndef FORMY_LOCAL_POSE_LAYERS_H
#define FORMY_LOCAL_POSE_LAYERS_H

#include <stdint.h>

#include "cutout.h"
#include "pose_parts.h"
#include "pose_target.h"

/* What is put together; all of it the caller's. */
struct pose_scene {
	const struct cutout *cutout;
	const struct pose_parts *parts;
	const struct pose *source; /* in pixels of the picture */
	const struct pose_target *target;
	double bend; /* torso lengths above the hips over which a lean sets in */
};

/* Changes pixels, which hold the source picture as RGB without gaps, where something has moved;
 * all others stay as they are, to the byte. Says progress between the two marks. 0 or
 * -ECANCELED. */
int pose_layers_draw(
	const struct pose_scene *scene, const struct job *job, int from, int to, uint8_t *pixels);

#endif
