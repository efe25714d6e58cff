#include "pose.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>

#include <json-c/json.h>

#define FARTHEST 1e6 /* pixels from the picture's corner that a given point may lie */

const struct bone pose_bones[POSE_BONES] = {
	[BONE_LEFT_UPPER_ARM] = {POSE_LEFT_SHOULDER, POSE_LEFT_ELBOW, "left upper arm"},
	[BONE_LEFT_FOREARM] = {POSE_LEFT_ELBOW, POSE_LEFT_WRIST, "left forearm"},
	[BONE_RIGHT_UPPER_ARM] = {POSE_RIGHT_SHOULDER, POSE_RIGHT_ELBOW, "right upper arm"},
	[BONE_RIGHT_FOREARM] = {POSE_RIGHT_ELBOW, POSE_RIGHT_WRIST, "right forearm"},
	[BONE_LEFT_THIGH] = {POSE_LEFT_HIP, POSE_LEFT_KNEE, "left thigh"},
	[BONE_LEFT_SHIN] = {POSE_LEFT_KNEE, POSE_LEFT_ANKLE, "left shin"},
	[BONE_RIGHT_THIGH] = {POSE_RIGHT_HIP, POSE_RIGHT_KNEE, "right thigh"},
	[BONE_RIGHT_SHIN] = {POSE_RIGHT_KNEE, POSE_RIGHT_ANKLE, "right shin"},
};

/* Where COCO's points stand in OpenPose's two orders (COCO with a neck, and BODY_25). */
static const int in_openpose_18[POSE_POINTS] = {
	0, 15, 14, 17, 16, 5, 2, 6, 3, 7, 4, 11, 8, 12, 9, 13, 10};
static const int in_openpose_25[POSE_POINTS] = {
	0, 16, 15, 18, 17, 5, 2, 6, 3, 7, 4, 12, 9, 13, 10, 14, 11};

bool pose_bone_is_arm(enum pose_bone bone)
{
	return bone <= BONE_RIGHT_FOREARM;
}

bool pose_bone_is_outer(enum pose_bone bone)
{
	return bone % 2 == 1;
}

void pose_middle(const struct pose *pose, enum pose_point a, enum pose_point b, double ret_at[2])
{
	ret_at[0] = (pose->at[a][0] + pose->at[b][0]) / 2;
	ret_at[1] = (pose->at[a][1] + pose->at[b][1]) / 2;
}

double pose_torso(const struct pose *pose)
{
	double hips[2];
	double shoulders[2];

	pose_middle(pose, POSE_LEFT_HIP, POSE_RIGHT_HIP, hips);
	pose_middle(pose, POSE_LEFT_SHOULDER, POSE_RIGHT_SHOULDER, shoulders);
	return hypot(shoulders[0] - hips[0], shoulders[1] - hips[1]);
}

double pose_torso_score(const struct pose *pose)
{
	return fmin(fmin(pose->score[POSE_LEFT_SHOULDER], pose->score[POSE_RIGHT_SHOULDER]),
		fmin(pose->score[POSE_LEFT_HIP], pose->score[POSE_RIGHT_HIP]));
}

/* One [x, y, confidence]. */
static int read_point(struct json_object *point, double ret_point[3])
{
	if (!json_object_is_type(point, json_type_array) || json_object_array_length(point) != 3) {
		return -EINVAL;
	}
	for (size_t i = 0; i < 3; i++) {
		struct json_object *number = json_object_array_get_idx(point, i);

		if (!json_object_is_type(number, json_type_double) &&
			!json_object_is_type(number, json_type_int)) {
			return -EINVAL;
		}
		ret_point[i] = json_object_get_double(number);
		/* Also false for what is no number at all. */
		if (!(fabs(ret_point[i]) <= FARTHEST)) {
			return -ERANGE;
		}
	}
	return ret_point[2] >= 0 && ret_point[2] <= 1 ? 0 : -ERANGE;
}

int pose_read(struct json_object *array, const char *member, struct err *err, struct pose *ret_pose)
{
	const size_t count =
		json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
	const int *order = count == 18 ? in_openpose_18 : count == 25 ? in_openpose_25 : NULL;
	struct pose pose;

	if (count != POSE_POINTS && !order) {
		return err_set(err, -EINVAL,
			"%s must be an array of 17 points in COCO's order, or of 18 or 25 in "
			"OpenPose's; it has %zu",
			member, count);
	}
	for (size_t i = 0; i < POSE_POINTS; i++) {
		const size_t at = order ? (size_t)order[i] : i;
		double point[3];
		const int result = read_point(json_object_array_get_idx(array, at), point);

		if (result == -EINVAL) {
			return err_set(err, -EINVAL,
				"%s[%zu] must be [x, y, confidence], three numbers", member, at);
		}
		if (result < 0) {
			return err_set(err, -EINVAL,
				"%s[%zu] must have x and y in pixels and a confidence from 0 to 1",
				member, at);
		}
		pose.at[i][0] = point[0];
		pose.at[i][1] = point[1];
		pose.score[i] = point[2];
	}
	*ret_pose = pose;
	return 0;
}

double pose_bone_vector(const struct pose *pose, enum pose_bone bone, double ret_vector[2])
{
	const double *from = pose->at[pose_bones[bone].from];
	const double *to = pose->at[pose_bones[bone].to];

	ret_vector[0] = to[0] - from[0];
	ret_vector[1] = to[1] - from[1];
	return hypot(ret_vector[0], ret_vector[1]);
}

double pose_bone_score(const struct pose *pose, enum pose_bone bone)
{
	return fmin(pose->score[pose_bones[bone].from], pose->score[pose_bones[bone].to]);
}
