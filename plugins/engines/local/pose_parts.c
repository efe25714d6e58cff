#include "pose_parts.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "plane.h"
#include "pose_width.h"

/* In lengths of the torso. */
#define HEAD 0.25
#define TORSO_AROUND 0.06
#define FREE_FROM 0.12 /* from the torso: there a limb may be wider than it was measured */
#define HALO 0.06      /* around a limb, where its soft edge is */

#define TORSO_WEIGHT 1.25
#define TORSO_SIDES 0.86 /* of the shoulders' width that is torso for sure */
#define HAND 0.38        /* a forearm goes on by so much of its length */
#define FOOT 0.30
#define HEAD_UP 1.7   /* lengths from the neck to the face's middle, up to which a head goes */
#define HEAD_FROM 0.3 /* of the same: below it is neck */
#define REACH 1.45    /* radii of a limb: near the torso */
#define REACH_FREE 2.4
#define JOINT 1.05          /* radii of the discs by which neighbours overlap */
#define SHOULDER 2.0        /* radii of the upper arm at its upper end */
#define SHOULDER_LENGTH 0.6 /* of the upper arm */
#define NEAR 3              /* pixels around the mask */

static double distance_to_bone(const struct pose *pose, enum pose_bone bone, double x, double y)
{
	const double *a = pose->at[pose_bones[bone].from];
	const double *b = pose->at[pose_bones[bone].to];
	const double on =
		!pose_bone_is_outer(bone) ? 1 : 1 + (pose_bone_is_arm(bone) ? HAND : FOOT);
	const double dx = on * (b[0] - a[0]);
	const double dy = on * (b[1] - a[1]);
	const double square = fmax(dx * dx + dy * dy, 1e-6);
	const double u = fmin(fmax(((x - a[0]) * dx + (y - a[1]) * dy) / square, 0), 1);

	return hypot(x - a[0] - u * dx, y - a[1] - u * dy);
}

/* How far a pixel is from the head, which goes from the neck through the middle of the face. */
static double distance_to_head(const struct pose *pose, double x, double y)
{
	double neck[2];
	double face[2] = {0, 0};
	int seen = 0;

	pose_middle(pose, POSE_LEFT_SHOULDER, POSE_RIGHT_SHOULDER, neck);
	for (int i = POSE_NOSE; i <= POSE_RIGHT_EAR; i++) {
		if (pose->score[i] >= POSE_SEEN) {
			face[0] += pose->at[i][0];
			face[1] += pose->at[i][1];
			seen++;
		}
	}
	if (seen == 0) {
		return INFINITY;
	}
	const double dx = face[0] / seen - neck[0];
	const double dy = face[1] / seen - neck[1];
	const double u =
		fmin(fmax(((x - neck[0]) * dx + (y - neck[1]) * dy) / fmax(dx * dx + dy * dy, 1e-6),
			     HEAD_FROM),
			HEAD_UP);

	return hypot(x - neck[0] - u * dx, y - neck[1] - u * dy);
}

/* What lies beyond the shoulder, and not in the torso itself, is the arm's, which is wider there. */
static enum pose_bone at_shoulder(const struct pose_parts *parts, size_t i, double x, double y,
	const double distance[POSE_BONES])
{
	for (enum pose_bone bone = 0; pose_bone_is_arm(bone); bone += 2) {
		const double *a = parts->source.at[pose_bones[bone].from];
		const double *b = parts->source.at[pose_bones[bone].to];
		const double dx = b[0] - a[0];
		const double dy = b[1] - a[1];
		const double u =
			((x - a[0]) * dx + (y - a[1]) * dy) / fmax(dx * dx + dy * dy, 1e-6);
		const double wide = SHOULDER - (SHOULDER - 1) * fmin(1, u / SHOULDER_LENGTH);

		if (u > 0 && u < 1 && !parts->polygon[i] &&
			distance[bone] < wide * parts->radius[bone]) {
			return bone;
		}
	}
	return POSE_BONES;
}

/* What a pixel belongs to: a bone, or POSE_BONES for the torso or the head. */
static enum pose_bone nearest(const struct pose_parts *parts, size_t i, double x, double y,
	double ret_distance[POSE_BONES])
{
	enum pose_bone best = POSE_BONES;
	double least = TORSO_WEIGHT * sqrt(parts->from_torso[i]) + TORSO_AROUND * parts->torso;
	bool head = false;

	if (parts->face_stays) {
		const double weighed = distance_to_head(&parts->source, x, y) / (HEAD / 0.2);

		head = weighed < least;
		least = fmin(least, weighed);
	}
	for (enum pose_bone bone = 0; bone < POSE_BONES; bone++) {
		double weighed;

		ret_distance[bone] = distance_to_bone(&parts->source, bone, x, y);
		weighed = ret_distance[bone] / (pose_width_most(bone) / 0.2);
		if (weighed < least) {
			least = weighed;
			best = bone;
		}
	}
	return best == POSE_BONES && !head ? at_shoulder(parts, i, x, y, ret_distance) : best;
}

static bool in_joint(const struct pose_parts *parts, enum pose_bone bone, double x, double y)
{
	const double radius = JOINT * parts->radius[bone];
	const double *a = parts->source.at[pose_bones[bone].from];
	const double *b = parts->source.at[pose_bones[bone].to];

	return hypot(x - a[0], y - a[1]) < radius || hypot(x - b[0], y - b[1]) < radius;
}

/* Whether a pixel that is nearest to the bone is a part of it. */
static bool in_reach(const struct pose_parts *parts, enum pose_bone bone, size_t i, double distance)
{
	const double free = FREE_FROM * parts->torso;

	return distance < REACH * parts->radius[bone] ||
		(distance < REACH_FREE * parts->radius[bone] && parts->from_torso[i] > free * free);
}

static void sort_pixel(struct pose_parts *parts, size_t i, double x, double y)
{
	double distance[POSE_BONES];
	const enum pose_bone best = nearest(parts, i, x, y, distance);
	bool resting = false;
	bool moving = false;

	for (enum pose_bone bone = 0; bone < POSE_BONES; bone++) {
		const bool own = bone == best && in_reach(parts, bone, i, distance[bone]);
		const bool in = own || in_joint(parts, bone, x, y);

		if (parts->moved[bone]) {
			parts->bone[bone][i] = in && parts->near[i] ? 255 : 0;
			moving = moving || in ||
				(bone == best &&
					distance[bone] <
						REACH * parts->radius[bone] + HALO * parts->torso);
		} else {
			resting = resting || own;
		}
	}
	parts->away[i] = moving && !resting;
}

/* The torso, narrowed so that hanging arms are not in it. */
static int find_torso(struct pose_parts *parts)
{
	static const enum pose_point order[] = {
		POSE_LEFT_SHOULDER, POSE_RIGHT_SHOULDER, POSE_RIGHT_HIP, POSE_LEFT_HIP};
	const struct person *person = parts->person;
	double corners[4][2];
	double middle = 0;

	for (int i = 0; i < 4; i++) {
		middle += parts->source.at[order[i]][0] / 4;
	}
	for (int i = 0; i < 4; i++) {
		corners[i][0] = middle + TORSO_SIDES * (parts->source.at[order[i]][0] - middle);
		corners[i][1] = parts->source.at[order[i]][1];
	}
	plane_fill(
		parts->polygon, person->width, person->height, (const double(*)[2])corners, 4, 1);
	return mask_distance(parts->polygon, person->width, person->height, 1, parts->from_torso);
}

static int parts_alloc(struct pose_parts *parts, size_t count)
{
	bool ok;

	parts->near = calloc(count, 1);
	parts->polygon = calloc(count, 1);
	parts->from_torso = calloc(count, sizeof(*parts->from_torso));
	parts->away = calloc(count, 1);
	ok = parts->near && parts->polygon && parts->from_torso && parts->away;
	for (enum pose_bone bone = 0; bone < POSE_BONES; bone++) {
		if (parts->moved[bone]) {
			parts->bone[bone] = calloc(count, 1);
			ok = ok && parts->bone[bone];
		}
	}
	return ok ? 0 : -ENOMEM;
}

int pose_parts_cut(struct pose_parts *parts, const struct pose *source, double softness)
{
	const struct person *person = parts->person;
	const int w = person->width;
	const int h = person->height;
	const size_t count = (size_t)w * (size_t)h;
	int result;

	parts->source = pose_width_work(person, source);
	parts->torso = pose_torso(&parts->source);
	result = parts_alloc(parts, count);
	if (result == 0) {
		result = mask_grow(person->mask, w, h, NEAR, parts->near);
	}
	if (result == 0) {
		result = find_torso(parts);
	}
	for (enum pose_bone bone = 0; bone < POSE_BONES; bone++) {
		parts->radius[bone] = pose_width_half(person, &parts->source, bone);
	}
	for (size_t i = 0; result == 0 && i < count; i++) {
		const size_t y = i / (size_t)w;

		sort_pixel(parts, i, (double)(i % (size_t)w), (double)y);
	}
	for (enum pose_bone bone = 0; result == 0 && bone < POSE_BONES; bone++) {
		if (parts->moved[bone]) {
			result = plane_blur(parts->bone[bone], w, h, softness);
			parts->box[bone] = mask_bounds(parts->bone[bone], w, h);
		}
	}
	return result;
}

void pose_parts_finish(struct pose_parts *parts)
{
	free(parts->near);
	free(parts->polygon);
	free(parts->from_torso);
	free(parts->away);
	for (enum pose_bone bone = 0; bone < POSE_BONES; bone++) {
		free(parts->bone[bone]);
	}
	free(parts->stay);
	free(parts->hole);
	free(parts->fill);
	free(parts->zone);
	free(parts->plate);
	*parts = (struct pose_parts){0};
}
