/* Poses as numbers: what is read from JSON, and where limbs may go. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "lib/test.h"
#include "local/pose_target.h"
#include "local/pose_width.h"

/* Somebody who faces the camera, arms hanging a little away, 100 pixels from hips to shoulders. */
static const struct pose standing = {
	.at = {{200, 60}, {206, 54}, {194, 54}, {214, 58}, {186, 58}, {240, 100}, {160, 100},
		{262, 155}, {138, 155}, {270, 205}, {130, 205}, {224, 200}, {176, 200}, {226, 290},
		{174, 290}, {228, 370}, {172, 370}},
	.score = {0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9,
		0.9},
};

static int read_text(const char *text, struct pose *ret_pose, char *message, size_t size)
{
	struct json_object *json = json_tokener_parse(text);
	struct err err = {""};
	const int result = pose_read(json, "target_keypoints", &err, ret_pose);

	(void)snprintf(message, size, "%s", err.text);
	json_object_put(json);
	return result;
}

/* An array of count points, each [its number, 2, 0.5], but for one that is written as `odd`. */
static void points_text(int count, int odd_at, const char *odd, char *to, size_t size)
{
	int len = snprintf(to, size, "[");

	for (int i = 0; i < count; i++) {
		len += i == odd_at
			? snprintf(to + len, size - (size_t)len, "%s%s", i ? "," : "", odd)
			: snprintf(to + len, size - (size_t)len, "%s[%d,2,0.5]", i ? "," : "", i);
	}
	(void)snprintf(to + len, size - (size_t)len, "]");
}

static void test_three_orders_are_read(void **state)
{
	char text[1024];
	char message[512];
	struct pose pose;

	(void)state;
	points_text(17, -1, "", text, sizeof(text));
	assert_int_equal(read_text(text, &pose, message, sizeof(message)), 0);
	assert_true(pose.at[POSE_LEFT_WRIST][0] == 9);
	points_text(18, -1, "", text, sizeof(text));
	assert_int_equal(read_text(text, &pose, message, sizeof(message)), 0);
	assert_true(pose.at[POSE_LEFT_WRIST][0] == 7);
	assert_true(pose.at[POSE_RIGHT_SHOULDER][0] == 2);
	assert_true(pose.at[POSE_LEFT_ANKLE][0] == 13);
	points_text(25, -1, "", text, sizeof(text));
	assert_int_equal(read_text(text, &pose, message, sizeof(message)), 0);
	assert_true(pose.at[POSE_LEFT_HIP][0] == 12);
	assert_true(pose.at[POSE_RIGHT_ANKLE][0] == 11);
	assert_true(pose.score[POSE_NOSE] == 0.5);
}

static void test_wrong_points_are_refused_by_their_place(void **state)
{
	static const char *const odds[] = {"[1,2]", "[1,2,3,4]", "[1,\"2\",0.5]", "null", "7",
		"[1,2,1.5]", "[1,2,-0.1]", "[1e9,2,0.5]", "[NaN,2,0.5]", "[1,Infinity,0.5]"};
	char text[1024];
	char message[512];
	struct pose pose;

	(void)state;
	for (size_t i = 0; i < sizeof(odds) / sizeof(odds[0]); i++) {
		points_text(17, 3, odds[i], text, sizeof(text));
		assert_int_equal(read_text(text, &pose, message, sizeof(message)), -EINVAL);
		print_message("%s: %s\n", odds[i], message);
		assert_non_null(strstr(message, "target_keypoints[3]"));
	}
	for (int count = 0; count < 30; count++) {
		points_text(count, -1, "", text, sizeof(text));
		assert_int_equal(read_text(text, &pose, message, sizeof(message)),
			count == 17 || count == 18 || count == 25 ? 0 : -EINVAL);
	}
}

static double length_of(const struct pose *pose, enum pose_bone bone)
{
	const double *a = pose->at[pose_bones[bone].from];
	const double *b = pose->at[pose_bones[bone].to];

	return hypot(b[0] - a[0], b[1] - a[1]);
}

static void test_limbs_keep_their_length(void **state)
{
	struct pose_target target;
	struct pose_refusal refusal;

	(void)state;
	assert_true(pose_target_preset(&standing, NULL, "arms_up", &target, &refusal));
	for (enum pose_bone bone = 0; bone < POSE_BONES; bone++) {
		assert_true(
			fabs(length_of(&target.pose, bone) - length_of(&standing, bone)) < 1e-6);
		assert_int_equal(target.moved[bone], pose_bone_is_arm(bone));
	}
	assert_true(target.pose.at[POSE_LEFT_WRIST][1] < target.pose.at[POSE_LEFT_SHOULDER][1]);
	assert_true(target.pose.at[POSE_LEFT_WRIST][0] > target.pose.at[POSE_RIGHT_WRIST][0]);
	assert_true(target.lean == 0);
}

static void test_left_is_the_persons_own(void **state)
{
	struct pose_target target;
	struct pose_refusal refusal;

	(void)state;
	assert_true(pose_target_preset(&standing, NULL, "hand_on_hip_left", &target, &refusal));
	assert_true(target.moved[BONE_LEFT_FOREARM]);
	assert_false(target.moved[BONE_RIGHT_FOREARM]);
	/* Facing the camera, their left is the picture's right: clockwise. */
	assert_true(pose_target_preset(&standing, NULL, "lean_left", &target, &refusal));
	assert_true(target.lean > 0);
	assert_true(target.pose.at[POSE_NOSE][0] > standing.at[POSE_NOSE][0]);
	assert_true(pose_target_preset(&standing, NULL, "lean_right", &target, &refusal));
	assert_true(target.pose.at[POSE_NOSE][0] < standing.at[POSE_NOSE][0]);
}

static void test_a_pose_that_is_there_moves_nothing(void **state)
{
	struct pose_target target;
	struct pose_refusal refusal;

	(void)state;
	assert_true(pose_target_preset(&standing, NULL, "mirror", &target, &refusal));
	assert_true(pose_target_like(&standing, NULL, &standing, &target, &refusal));
	for (enum pose_bone bone = 0; bone < POSE_BONES; bone++) {
		assert_false(target.moved[bone]);
	}
}

static void refuses(
	const struct pose *source, const struct pose *like, const char *message, const char *reason)
{
	struct pose_target target;
	struct pose_refusal refusal = {"", ""};

	assert_false(like ? pose_target_like(source, NULL, like, &target, &refusal)
			  : pose_target_preset(source, NULL, "arms_out", &target, &refusal));
	print_message("%s (%s)\n", refusal.message, refusal.details);
	assert_non_null(strstr(refusal.message, message));
	assert_non_null(strstr(refusal.details, reason));
}

static void test_what_a_flat_picture_cannot_do_is_refused(void **state)
{
	struct pose pose = standing;

	(void)state;
	pose.score[POSE_RIGHT_WRIST] = 0.1;
	refuses(&pose, NULL, "right forearm", "limb_hidden");
	pose = standing;
	pose.at[POSE_LEFT_WRIST][0] = 200;
	pose.at[POSE_LEFT_WRIST][1] = 160;
	refuses(&pose, NULL, "left forearm", "limb_hidden");
	pose = standing;
	pose.at[POSE_LEFT_KNEE][0] = 320;
	refuses(&standing, &pose, "left thigh", "out_of_range");
	pose = standing;
	pose.at[POSE_LEFT_WRIST][0] = pose.at[POSE_LEFT_ELBOW][0] + 5;
	pose.at[POSE_LEFT_WRIST][1] = pose.at[POSE_LEFT_ELBOW][1];
	refuses(&standing, &pose, "left forearm", "foreshortened");
	pose = standing;
	for (int i = 0; i < POSE_POINTS; i++) {
		pose.at[i][0] = 400 - pose.at[i][0];
	}
	refuses(&standing, &pose, "faces the camera", "turned");
}

static void test_a_limb_that_the_target_does_not_show_stays(void **state)
{
	struct pose like = standing;
	struct pose_target target;
	struct pose_refusal refusal;

	(void)state;
	like.score[POSE_LEFT_WRIST] = 0;
	like.at[POSE_RIGHT_WRIST][0] = 60;
	like.at[POSE_RIGHT_WRIST][1] = 140;
	assert_true(pose_target_like(&standing, NULL, &like, &target, &refusal));
	assert_true(target.limb_kept);
	assert_false(target.moved[BONE_LEFT_FOREARM]);
	assert_true(target.moved[BONE_RIGHT_FOREARM]);
}

static void test_joints_move_into_the_middle_of_their_limb(void **state)
{
	enum { W = 400, H = 400 };
	static uint8_t mask[W * H];
	const struct person person = {
		.window = {0, 0, W, H}, .width = W, .height = H, .mask = mask};
	struct pose pose = standing;

	(void)state;
	/* An arm straight down, 16 pixels wide about x = 270, whose points lie 5 pixels beside. */
	for (int y = 100; y < 250; y++) {
		for (int x = 262; x < 278; x++) {
			mask[y * W + x] = 1;
		}
	}
	pose.at[POSE_LEFT_SHOULDER][0] = 265;
	pose.at[POSE_LEFT_ELBOW][0] = 265;
	pose.at[POSE_LEFT_WRIST][0] = 265;
	pose_width_centre(&person, &pose);
	assert_true(fabs(pose.at[POSE_LEFT_WRIST][0] - 270) < 1.5);
	assert_true(fabs(pose_width_half(&person, &pose, BONE_LEFT_FOREARM) - 8) < 1.5);
	assert_true(pose_width_free(&person, &pose, BONE_LEFT_FOREARM) == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_three_orders_are_read),
		cmocka_unit_test(test_wrong_points_are_refused_by_their_place),
		cmocka_unit_test(test_limbs_keep_their_length),
		cmocka_unit_test(test_left_is_the_persons_own),
		cmocka_unit_test(test_a_pose_that_is_there_moves_nothing),
		cmocka_unit_test(test_what_a_flat_picture_cannot_do_is_refused),
		cmocka_unit_test(test_a_limb_that_the_target_does_not_show_stays),
		cmocka_unit_test(test_joints_move_into_the_middle_of_their_limb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
