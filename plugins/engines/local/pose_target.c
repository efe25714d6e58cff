#include "pose_target.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "pose_gate.h"

#define PI 3.14159265358979323846
#define LEAST_TURN 0.09 /* radians: what turns less stays */
#define LEAN_LEAST 0.035
#define LEAN_MOST 0.35    /* a torso that differs by more leans by so much */
#define LEAN_REFUSED 0.70 /* and is refused when it differs by more than that */
#define LEAN_PRESET 0.14
#define LENGTH_LEAST 0.55 /* of its own length that a limb may get */
#define LENGTH_MOST 1.15
#define LENGTH_REFUSED 0.30 /* a target's limb that is shorter points at the camera */

/* Directions of limbs: x away from the body's middle, y down. A bone at {0, 0} stays. */
struct preset {
	const char *name;
	double arm[2][2]; /* upper arm, forearm */
	double leg[2][2]; /* thigh, shin */
	int lean;         /* towards the person's left (1) or right (-1) */
	bool left;        /* which side's arm */
	bool right;
	bool upright;
};

static const struct preset presets[] = {
	{"standing_front", {{0.14, 1}, {0.06, 1}}, {{0.06, 1}, {0.02, 1}}, 0, true, true, true},
	{"arms_down", {{0.14, 1}, {0.06, 1}}, {{0}}, 0, true, true, false},
	{"arms_out", {{1, 0.10}, {1, 0.03}}, {{0}}, 0, true, true, false},
	{"arms_up", {{0.45, -1}, {0.10, -1}}, {{0}}, 0, true, true, false},
	{"hand_on_hip_left", {{0.75, 0.75}, {-0.85, 0.50}}, {{0}}, 0, true, false, false},
	{"hand_on_hip_right", {{0.75, 0.75}, {-0.85, 0.50}}, {{0}}, 0, false, true, false},
	{"lean_left", {{0}}, {{0}}, 1, false, false, false},
	{"lean_right", {{0}}, {{0}}, -1, false, false, false},
};

/* What is wanted of each bone: its direction and its length beside the source's. */
struct wish {
	bool wanted[POSE_BONES];
	double direction[POSE_BONES][2];
	double length[POSE_BONES];
	double lean;
};

static double turn_between(const double a[2], const double b[2])
{
	return remainder(atan2(b[1], b[0]) - atan2(a[1], a[0]), 2 * PI);
}

static void torso_vector(const struct pose *pose, double ret_vector[2])
{
	double hips[2];

	pose_middle(pose, POSE_LEFT_HIP, POSE_RIGHT_HIP, hips);
	pose_middle(pose, POSE_LEFT_SHOULDER, POSE_RIGHT_SHOULDER, ret_vector);
	ret_vector[0] -= hips[0];
	ret_vector[1] -= hips[1];
}

/* Turns all above the hips about their middle. */
static void lean_by(struct pose_target *target, double angle)
{
	const double c = cos(angle);
	const double s = sin(angle);
	double hips[2];

	pose_middle(&target->pose, POSE_LEFT_HIP, POSE_RIGHT_HIP, hips);
	for (int i = POSE_NOSE; i <= POSE_RIGHT_WRIST; i++) {
		const double x = target->pose.at[i][0] - hips[0];
		const double y = target->pose.at[i][1] - hips[1];

		target->pose.at[i][0] = hips[0] + c * x - s * y;
		target->pose.at[i][1] = hips[1] + s * x + c * y;
	}
	target->lean = angle;
}

/* Lays a bone where it shall go; what hangs on it goes along. */
static void place(struct pose_target *target, const struct pose *source, enum pose_bone bone,
	const double direction[2], double length)
{
	const struct bone *b = &pose_bones[bone];
	const double by = hypot(direction[0], direction[1]);
	double vector[2];
	const double own = pose_bone_vector(source, bone, vector);

	for (int i = 0; i < 2; i++) {
		target->pose.at[b->to][i] =
			target->pose.at[b->from][i] + direction[i] / by * own * length;
	}
	if (!pose_bone_is_outer(bone)) {
		(void)pose_bone_vector(source, bone + 1, vector);
		for (int i = 0; i < 2; i++) {
			target->pose.at[b[1].to][i] = target->pose.at[b->to][i] + vector[i];
		}
	}
}

/* Carries out a wish for one limb of two bones. */
static bool move_limb(const struct pose *source, const struct pose_body *body,
	const struct wish *wish, enum pose_bone inner, struct pose_target *target,
	struct pose_refusal *refusal)
{
	for (enum pose_bone bone = inner; bone <= inner + 1; bone++) {
		double own[2];
		double turn;

		if (!wish->wanted[bone]) {
			continue;
		}
		(void)pose_bone_vector(source, bone, own);
		turn = turn_between(own, wish->direction[bone]);
		if (fabs(turn) < LEAST_TURN && !(bone > inner && target->moved[inner])) {
			continue;
		}
		if (pose_bone_is_arm(bone) ? !pose_gate_arm_free(source, body, inner, refusal)
					   : !pose_gate_leg_in_range(bone, turn, refusal)) {
			return false;
		}
		place(target, source, bone, wish->direction[bone],
			fmin(fmax(wish->length[bone], LENGTH_LEAST), LENGTH_MOST));
		target->moved[bone] = true;
		target->moved[inner + 1] = true;
		if (!pose_gate_stays_in_picture(body, target, bone, refusal)) {
			return false;
		}
	}
	return true;
}

/* After a lean the arms are parts of their own, as they do not bend with the waist. */
static bool arms_follow(const struct pose *source, const struct pose_body *body,
	struct pose_target *target, struct pose_refusal *refusal)
{
	for (enum pose_bone bone = BONE_LEFT_UPPER_ARM; bone <= BONE_RIGHT_FOREARM; bone++) {
		const enum pose_bone inner = bone - bone % 2;
		struct pose_refusal unused;

		if (!target->moved[bone] && pose_gate_arm_free(source, body, inner, &unused)) {
			target->moved[bone] = true;
			if (!pose_gate_stays_in_picture(body, target, bone, refusal)) {
				return false;
			}
		}
	}
	return true;
}

static bool carry_out(const struct pose *source, const struct pose_body *body,
	const struct wish *wish, struct pose_target *target, struct pose_refusal *refusal)
{
	const bool legs_hidden = pose_gate_legs_hidden(source, body);
	bool any = false;

	target->pose = *source;
	if (fabs(wish->lean) >= LEAN_LEAST) {
		lean_by(target, wish->lean);
	}
	for (enum pose_bone inner = 0; inner < POSE_BONES; inner += 2) {
		if (!pose_bone_is_arm(inner) && legs_hidden) {
			target->legs_kept = target->legs_kept || wish->wanted[inner];
		} else if (!move_limb(source, body, wish, inner, target, refusal)) {
			return false;
		}
	}
	if (target->lean != 0 && !arms_follow(source, body, target, refusal)) {
		return false;
	}
	for (enum pose_bone bone = 0; bone < POSE_BONES; bone++) {
		any = any || target->moved[bone];
	}
	if (!any && target->lean == 0 && target->legs_kept) {
		(void)snprintf(refusal->message, sizeof(refusal->message),
			"The legs are not to be seen one by one, so they cannot be moved");
		(void)snprintf(refusal->details, sizeof(refusal->details),
			"limb_hidden: legs, the least score of the knees is %.2f, at least %.2f is "
			"needed, and backdrop between them",
			fmin(source->score[POSE_LEFT_KNEE], source->score[POSE_RIGHT_KNEE]),
			POSE_SEEN);
		return false;
	}
	return true;
}

/* Upper arm and forearm, or thigh and shin, of one side. */
static void want_limb(
	struct wish *wish, enum pose_bone inner, const double directions[2][2], double away)
{
	for (int i = 0; i < 2; i++) {
		const enum pose_bone bone = inner + (enum pose_bone)i;

		wish->wanted[bone] = directions[i][0] != 0 || directions[i][1] != 0;
		wish->direction[bone][0] = away * directions[i][0];
		wish->direction[bone][1] = directions[i][1];
		wish->length[bone] = 1;
	}
}

/* The pose seen in a mirror, on the same body. */
static struct pose mirrored(const struct pose *source)
{
	static const enum pose_point other[POSE_POINTS] = {
		0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15};
	double hips[2];
	struct pose pose;

	pose_middle(source, POSE_LEFT_HIP, POSE_RIGHT_HIP, hips);
	for (int i = 0; i < POSE_POINTS; i++) {
		pose.at[i][0] = 2 * hips[0] - source->at[other[i]][0];
		pose.at[i][1] = source->at[other[i]][1];
		pose.score[i] = source->score[other[i]];
	}
	return pose;
}

bool pose_target_preset(const struct pose *source, const struct pose_body *body, const char *preset,
	struct pose_target *ret_target, struct pose_refusal *ret_refusal)
{
	const double away =
		source->at[POSE_LEFT_SHOULDER][0] > source->at[POSE_RIGHT_SHOULDER][0] ? 1 : -1;
	const struct preset *p = NULL;
	struct wish wish = {.lean = 0};
	double torso[2];

	*ret_target = (struct pose_target){0};
	if (strcmp(preset, "mirror") == 0) {
		const struct pose like = mirrored(source);

		return pose_target_like(source, body, &like, ret_target, ret_refusal);
	}
	for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++) {
		p = strcmp(preset, presets[i].name) == 0 ? &presets[i] : p;
	}
	if (!p) {
		return pose_refuse(ret_refusal, "There is no such pose", preset);
	}
	if (p->left) {
		want_limb(&wish, BONE_LEFT_UPPER_ARM, p->arm, away);
	}
	if (p->right) {
		want_limb(&wish, BONE_RIGHT_UPPER_ARM, p->arm, -away);
	}
	want_limb(&wish, BONE_LEFT_THIGH, p->leg, away);
	want_limb(&wish, BONE_RIGHT_THIGH, p->leg, -away);
	wish.lean = p->lean * away * LEAN_PRESET;
	if (p->upright) {
		torso_vector(source, torso);
		wish.lean =
			fmax(-LEAN_MOST, fmin(LEAN_MOST, turn_between(torso, (double[]){0, -1})));
	}
	return carry_out(source, body, &wish, ret_target, ret_refusal);
}

bool pose_target_like(const struct pose *source, const struct pose_body *body,
	const struct pose *like, struct pose_target *ret_target, struct pose_refusal *ret_refusal)
{
	const double by = pose_torso(source) / fmax(pose_torso(like), 1);
	struct wish wish = {.lean = 0};
	double own[2];
	double theirs[2];
	double turn;

	*ret_target = (struct pose_target){0};
	if ((like->at[POSE_LEFT_SHOULDER][0] > like->at[POSE_RIGHT_SHOULDER][0]) !=
		(source->at[POSE_LEFT_SHOULDER][0] > source->at[POSE_RIGHT_SHOULDER][0])) {
		(void)snprintf(ret_refusal->message, sizeof(ret_refusal->message),
			"One of the two persons faces the camera, the other does not");
		(void)snprintf(ret_refusal->details, sizeof(ret_refusal->details),
			"turned: from right to left the shoulders are %.0f pixels apart in the "
			"source, %.0f in the reference; both must be above 0, or below",
			source->at[POSE_LEFT_SHOULDER][0] - source->at[POSE_RIGHT_SHOULDER][0],
			like->at[POSE_LEFT_SHOULDER][0] - like->at[POSE_RIGHT_SHOULDER][0]);
		return false;
	}
	torso_vector(source, own);
	torso_vector(like, theirs);
	turn = turn_between(own, theirs);
	if (fabs(turn) > LEAN_REFUSED) {
		(void)snprintf(ret_refusal->details, sizeof(ret_refusal->details),
			"out_of_range: torso, %.0f degrees, limit %.0f", fabs(turn) * 180 / PI,
			LEAN_REFUSED * 180 / PI);
		(void)snprintf(ret_refusal->message, sizeof(ret_refusal->message),
			"The torso would have to turn too far");
		return false;
	}
	wish.lean = fmax(-LEAN_MOST, fmin(LEAN_MOST, turn));
	for (enum pose_bone bone = 0; bone < POSE_BONES; bone++) {
		const double length = pose_bone_vector(source, bone, own);

		if (pose_bone_score(like, bone) < POSE_SEEN) {
			ret_target->limb_kept = true;
			continue;
		}
		wish.wanted[bone] = true;
		wish.length[bone] =
			by * pose_bone_vector(like, bone, wish.direction[bone]) / fmax(length, 1);
		if (wish.length[bone] < LENGTH_REFUSED) {
			return pose_refuse_bone(ret_refusal, bone,
				"of the reference points at the camera, so its pose cannot be "
				"taken",
				"foreshortened", wish.length[bone], "of its length",
				LENGTH_REFUSED);
		}
		ret_target->shortened = ret_target->shortened || wish.length[bone] < LENGTH_LEAST ||
			wish.length[bone] > LENGTH_MOST;
	}
	return carry_out(source, body, &wish, ret_target, ret_refusal);
}
