/* Where a person's limbs shall go, and whether they honestly can.
 *
 * A picture of a person is moved like a puppet that was cut out: limbs turn in the picture's plane
 * and change their length a little. What that cannot do is refused, by the name of the limb. */
#ifndef FORMY_LOCAL_POSE_TARGET_H
#define FORMY_LOCAL_POSE_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "person.h"
#include "pose.h"

/* The person that the source pose is of, and the picture's size. */
struct pose_body {
	const struct person *person;
	uint32_t image_width;
	uint32_t image_height;
};

struct pose_target {
	struct pose pose;       /* where the points go, in pixels of the picture */
	double lean;            /* radians by which all above the hips turns, clockwise */
	bool moved[POSE_BONES]; /* the bones that need a new place */
	bool legs_kept;         /* legs that were to move, but are not to be seen, stay */
	bool limb_kept;         /* a limb that the target does not show stays */
	bool hand_cut;          /* a hand now reaches over the picture's edge */
	bool shortened;         /* a limb of the target points towards the camera or away */
};

/* Why not. */
struct pose_refusal {
	char message[192]; /* a sentence for the task's owner */
	char details[192]; /* the reason's name, the measured value, the limit */
};

/* False when the points cannot be the person's: shoulders or hips are not seen, or too few of the
 * points that are seen lie on the person. role: "source" or "reference". body may be NULL. */
bool pose_is_usable(const struct pose *pose, const struct pose_body *body, const char *role,
	struct pose_refusal *ret_refusal);

/* The target of a preset (NULL: it is unknown), or of another person's pose. False: refused. */
bool pose_target_preset(const struct pose *source, const struct pose_body *body, const char *preset,
	struct pose_target *ret_target, struct pose_refusal *ret_refusal);
bool pose_target_like(const struct pose *source, const struct pose_body *body,
	const struct pose *like, struct pose_target *ret_target, struct pose_refusal *ret_refusal);

#endif
