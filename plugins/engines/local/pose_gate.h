/* What a cut-out puppet honestly cannot do: each gate refuses with a sentence that names the limb, and with
 * the measured value and its limit. */
#ifndef FORMY_LOCAL_POSE_GATE_H
#define FORMY_LOCAL_POSE_GATE_H

#include <stdbool.h>

#include "pose_target.h"

/* Both fill the refusal and return false. reason, value with its unit, and limit become the details. */
bool pose_refuse(struct pose_refusal *refusal, const char *message, const char *details);
bool pose_refuse_bone(struct pose_refusal *refusal, enum pose_bone bone, const char *why,
	const char *reason, double value, const char *unit, double limit);

/* Legs cannot be told from each other, or are not to be seen. body may be NULL, here and below. */
bool pose_gate_legs_hidden(const struct pose *source, const struct pose_body *body);

/* Whether an arm that is to move can be cut out; upper: its upper arm. */
bool pose_gate_arm_free(const struct pose *source, const struct pose_body *body,
	enum pose_bone upper, struct pose_refusal *refusal);

/* Whether a thigh or shin may turn by so many radians. */
bool pose_gate_leg_in_range(enum pose_bone bone, double turn, struct pose_refusal *refusal);

/* Whether the bone's end stays in the picture; notes in the target when a hand does not. */
bool pose_gate_stays_in_picture(const struct pose_body *body, struct pose_target *target,
	enum pose_bone bone, struct pose_refusal *refusal);

#endif
