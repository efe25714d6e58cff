/* The pose of a person: 17 points in the order of COCO.
 *
 * "Left" and "right" are the person's own, so a person who faces the camera has their left hand on
 * the picture's right side. */
#ifndef FORMY_LOCAL_POSE_H
#define FORMY_LOCAL_POSE_H

#include <stdbool.h>

#include <formy/plugin.h>

#include "base/err.h"
#include "scale.h"
#include "vision.h"

enum pose_point {
	POSE_NOSE,
	POSE_LEFT_EYE,
	POSE_RIGHT_EYE,
	POSE_LEFT_EAR,
	POSE_RIGHT_EAR,
	POSE_LEFT_SHOULDER,
	POSE_RIGHT_SHOULDER,
	POSE_LEFT_ELBOW,
	POSE_RIGHT_ELBOW,
	POSE_LEFT_WRIST,
	POSE_RIGHT_WRIST,
	POSE_LEFT_HIP,
	POSE_RIGHT_HIP,
	POSE_LEFT_KNEE,
	POSE_RIGHT_KNEE,
	POSE_LEFT_ANKLE,
	POSE_RIGHT_ANKLE,
	POSE_POINTS
};

/* A point with less is not seen. */
#define POSE_SEEN 0.30

struct pose {
	double at[POSE_POINTS][2]; /* pixels */
	double score[POSE_POINTS]; /* 0 to 1 */
};

/* The bones that can be moved. Those of a chain follow each other; a bone's parent is the one
 * before it. */
enum pose_bone {
	BONE_LEFT_UPPER_ARM,
	BONE_LEFT_FOREARM,
	BONE_RIGHT_UPPER_ARM,
	BONE_RIGHT_FOREARM,
	BONE_LEFT_THIGH,
	BONE_LEFT_SHIN,
	BONE_RIGHT_THIGH,
	BONE_RIGHT_SHIN,
	POSE_BONES
};

struct bone {
	enum pose_point from;
	enum pose_point to;
	const char *name; /* "left forearm" */
};

extern const struct bone pose_bones[POSE_BONES];

bool pose_bone_is_arm(enum pose_bone bone);
bool pose_bone_is_outer(enum pose_bone bone); /* forearm or shin */

/* The middle of two points, such as both hips. */
void pose_middle(const struct pose *pose, enum pose_point a, enum pose_point b, double ret_at[2]);

/* From the middle of the hips to the middle of the shoulders, in pixels: the measure of a body. */
double pose_torso(const struct pose *pose);

/* The least of the scores of shoulders and hips, without which nothing can be done. */
double pose_torso_score(const struct pose *pose);

/* Reads a JSON array of [x, y, confidence]: 17 in COCO's order, or OpenPose's 18 or 25. member: for
 * the words of a refusal. 0, or -EINVAL with a sentence. */
struct json_object;
int pose_read(
	struct json_object *array, const char *member, struct err *err, struct pose *ret_pose);

/* Finds the pose of the person in a part of a picture by the network, and a little around it: the
 * mean of some looks. ret_pose: pixels of the picture. 0, -ENOMEM or another negative errno with a sentence. */
int pose_find(struct vision *vision, const formy_image *image, struct region region,
	struct err *err, struct pose *ret_pose);

/* From one end of a bone to the other, and its length; the lesser of its ends' scores. */
double pose_bone_vector(const struct pose *pose, enum pose_bone bone, double ret_vector[2]);
double pose_bone_score(const struct pose *pose, enum pose_bone bone);

#endif
