#include "pose_gate.h"

#include <math.h>
#include <stdio.h>

#include "pose_width.h"

#define PI 3.14159265358979323846
#define INSIDE_LEAST 0.85  /* of the seen points that must lie on the person */
#define INSIDE_MARGIN 0.08 /* torso lengths around a point that will do */
#define THIGH_MOST 0.44    /* radians that a thigh may turn: some 25 degrees */
#define SHIN_MOST 0.61
#define FREE_LEAST 0.6   /* of a forearm that must have backdrop on both sides */
#define HAND 0.38        /* of the forearm, that the hand adds to it */
#define TORSO_SIDES 0.86 /* of the torso's width in which a wrist hides before it */

bool pose_refuse(struct pose_refusal *refusal, const char *message, const char *details)
{
	(void)snprintf(refusal->message, sizeof(refusal->message), "%s", message);
	(void)snprintf(refusal->details, sizeof(refusal->details), "%s", details);
	return false;
}

bool pose_refuse_bone(struct pose_refusal *refusal, enum pose_bone bone, const char *why,
	const char *reason, double value, const char *unit, double limit)
{
	(void)snprintf(refusal->message, sizeof(refusal->message), "The %s %s",
		pose_bones[bone].name, why);
	(void)snprintf(refusal->details, sizeof(refusal->details), "%s: %s, %.2f %s, limit %.2f",
		reason, pose_bones[bone].name, value, unit, limit);
	return false;
}

static bool on_person(const struct pose_body *body, double x, double y, double margin)
{
	const struct person *person = body->person;
	const double by = person->width / person->window.width;
	const int reach = (int)ceil(margin * by);
	const int column = (int)floor((x - person->window.x) * by);
	const int row = (int)floor((y - person->window.y) * person->height / person->window.height);

	for (int v = row - reach; v <= row + reach; v++) {
		for (int u = column - reach; u <= column + reach; u++) {
			if (u >= 0 && v >= 0 && u < person->width && v < person->height &&
				person->mask[(size_t)v * (size_t)person->width + (size_t)u]) {
				return true;
			}
		}
	}
	return false;
}

bool pose_is_usable(const struct pose *pose, const struct pose_body *body, const char *role,
	struct pose_refusal *ret_refusal)
{
	const double score = pose_torso_score(pose);
	const double torso = pose_torso(pose);
	int seen = 0;
	int inside = 0;

	if (score < POSE_SEEN || torso < 8) {
		(void)snprintf(ret_refusal->message, sizeof(ret_refusal->message),
			"In the %s image shoulders and hips are not both to be seen", role);
		(void)snprintf(ret_refusal->details, sizeof(ret_refusal->details),
			"no_pose: the least score of shoulders and hips is %.2f, at least %.2f is "
			"needed; the torso is %.0f pixels long, at least 8",
			score, POSE_SEEN, torso);
		return false;
	}
	for (int i = 0; body && i < POSE_POINTS; i++) {
		if (pose->score[i] >= POSE_SEEN) {
			seen++;
			inside += on_person(
				body, pose->at[i][0], pose->at[i][1], INSIDE_MARGIN * torso);
		}
	}
	if (inside < INSIDE_LEAST * seen) {
		(void)snprintf(ret_refusal->message, sizeof(ret_refusal->message),
			"The key points do not lie on the person in the %s image", role);
		(void)snprintf(ret_refusal->details, sizeof(ret_refusal->details),
			"wrong_person: %d of %d points lie on the person, at least %.2f of them "
			"must",
			inside, seen, INSIDE_LEAST);
		return false;
	}
	return true;
}

/* True when the point lies before the torso, where a hand cannot be told from clothes. */
static bool before_torso(const struct pose *pose, enum pose_point point)
{
	static const enum pose_point corners[] = {
		POSE_LEFT_SHOULDER, POSE_RIGHT_SHOULDER, POSE_RIGHT_HIP, POSE_LEFT_HIP};
	double middle = 0;
	bool inside = false;

	for (int i = 0; i < 4; i++) {
		middle += pose->at[corners[i]][0] / 4;
	}
	for (int i = 0, j = 3; i < 4; j = i++) {
		const double *a = pose->at[corners[i]];
		const double *b = pose->at[corners[j]];
		const double ax = middle + TORSO_SIDES * (a[0] - middle);
		const double bx = middle + TORSO_SIDES * (b[0] - middle);
		const double y = pose->at[point][1];

		if ((a[1] > y) != (b[1] > y) &&
			pose->at[point][0] < ax + (bx - ax) * (y - a[1]) / (b[1] - a[1])) {
			inside = !inside;
		}
	}
	return inside;
}

/* In halves of the torso's mean width. */
static double way_from_middle(const struct pose *pose, enum pose_point point)
{
	const double left = (pose->at[POSE_LEFT_SHOULDER][0] + pose->at[POSE_LEFT_HIP][0]) / 2;
	const double right = (pose->at[POSE_RIGHT_SHOULDER][0] + pose->at[POSE_RIGHT_HIP][0]) / 2;

	return fabs(pose->at[point][0] - (left + right) / 2) / fmax(fabs(left - right) / 2, 1);
}

bool pose_gate_legs_hidden(const struct pose *source, const struct pose_body *body)
{
	double knees[2];

	pose_middle(source, POSE_LEFT_KNEE, POSE_RIGHT_KNEE, knees);
	return source->score[POSE_LEFT_KNEE] < POSE_SEEN ||
		source->score[POSE_RIGHT_KNEE] < POSE_SEEN ||
		(body && on_person(body, knees[0], knees[1], 0));
}

bool pose_gate_arm_free(const struct pose *source, const struct pose_body *body,
	enum pose_bone upper, struct pose_refusal *refusal)
{
	const enum pose_bone fore = upper + 1;
	const enum pose_bone hidden = pose_bone_score(source, upper) < POSE_SEEN ? upper : fore;
	const double score = fmin(pose_bone_score(source, upper), pose_bone_score(source, fore));
	struct pose work;
	double share;

	if (score < POSE_SEEN) {
		return pose_refuse_bone(refusal, hidden,
			"is hidden or outside of the picture, so it cannot be moved", "limb_hidden",
			score, "score", POSE_SEEN);
	}
	if (before_torso(source, pose_bones[fore].to)) {
		(void)snprintf(refusal->message, sizeof(refusal->message),
			"The %s lies before the body and cannot be told from it, so it cannot be "
			"moved",
			pose_bones[fore].name);
		(void)snprintf(refusal->details, sizeof(refusal->details),
			"limb_hidden: %s, its wrist is %.2f of the torso's half width from its "
			"middle, more than about %.2f is needed",
			pose_bones[fore].name, way_from_middle(source, pose_bones[fore].to),
			TORSO_SIDES);
		return false;
	}
	if (!body) {
		return true;
	}
	work = pose_width_work(body->person, source);
	share = pose_width_free(body->person, &work, fore);
	if (share < FREE_LEAST) {
		return pose_refuse_bone(refusal, fore,
			"lies against the body or something else, so it cannot be moved",
			"limb_touches", share, "of it has backdrop on both sides", FREE_LEAST);
	}
	return true;
}

bool pose_gate_leg_in_range(enum pose_bone bone, double turn, struct pose_refusal *refusal)
{
	const double most = pose_bone_is_outer(bone) ? SHIN_MOST : THIGH_MOST;

	if (fabs(turn) > most) {
		return pose_refuse_bone(refusal, bone, "would have to turn too far", "out_of_range",
			fabs(turn) * 180 / PI, "degrees", most * 180 / PI);
	}
	return true;
}

bool pose_gate_stays_in_picture(const struct pose_body *body, struct pose_target *target,
	enum pose_bone bone, struct pose_refusal *refusal)
{
	const double *from = target->pose.at[pose_bones[bone].from];
	const double *to = target->pose.at[pose_bones[bone].to];
	double over = 0;

	if (!body) {
		return true;
	}
	over = fmax(
		fmax(-to[0], to[0] - body->image_width), fmax(-to[1], to[1] - body->image_height));
	if (over > 0) {
		return pose_refuse_bone(refusal, bone, "would leave the picture", "out_of_frame",
			over, "pixels outside", 0);
	}
	if (pose_bone_is_arm(bone) && pose_bone_is_outer(bone)) {
		const double x = to[0] + HAND * (to[0] - from[0]);
		const double y = to[1] + HAND * (to[1] - from[1]);

		target->hand_cut = target->hand_cut || x < 0 || y < 0 || x > body->image_width ||
			y > body->image_height;
	}
	return true;
}
