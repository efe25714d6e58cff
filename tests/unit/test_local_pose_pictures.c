/* POSE_CHANGE on real pictures, under a fake host: what it makes of ../shared/images, where those
 * lie. With a folder as its argument it writes results there, to be looked at: FOLDER and pairs of
 * a picture and a pose's name or a picture of it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vips/vips.h>

#include "base/clock.h"
#include "fake_host.h"
#include "lib/test.h"
#include "local/person.h"
#include "local/pose_target.h"
#include "local/pose_width.h"
#include "local/networks.h"
#include "pictures.h"

#define STEPS_LEAST 6   /* of progress, each with words of its own */
#define POINTS_OFF 0.06 /* of a torso's length */

static struct picture_engine setup;

static formy_status change(struct fake_task *task, const formy_image *source,
	const formy_image *reference, const char *params)
{
	return picture_edit(&setup, task, source, reference, params);
}

/* The pose in a picture and where a preset would bring it, found by a vision of the test's own. */
struct plan {
	struct pose source;
	struct pose_target target;
	struct region window;
};

static struct vision *open_vision(void)
{
	const struct vision_network network = network_own(MODELS "/selfie.onnx");
	struct vision *vision = NULL;
	struct err err = {""};

	assert_int_equal(vision_create(&network, 1, &err, &vision), 0);
	assert_int_equal(vision_load_pose(vision, MODELS "/movenet.onnx", &err), 0);
	return vision;
}

static struct plan make_plan(struct vision *vision, const formy_image *image, const char *preset)
{
	const struct job job = {0};
	struct person person = {0};
	const struct pose_body body = {&person, image->width, image->height};
	struct pose_refusal refusal;
	struct plan plan;
	struct err err = {""};

	assert_int_equal(person_find(&person, image, vision, &job, &err), 0);
	assert_int_equal(pose_find(vision, image, person.window, &err, &plan.source), 0);
	assert_true(pose_is_usable(&plan.source, &body, "source", &refusal));
	pose_width_centre(&person, &plan.source);
	assert_true(pose_target_preset(&plan.source, &body, preset, &plan.target, &refusal));
	plan.window = person.window;
	person_finish(&person);
	return plan;
}

/* Finds the pose again where it should be. */
static struct pose find_again(
	struct vision *vision, const struct plan *plan, const formy_image *image)
{
	const double around = 0.4 * pose_torso(&plan->source);
	double box[4] = {INFINITY, INFINITY, 0, 0};
	struct pose found;
	struct err err = {""};

	for (int i = 0; i < POSE_POINTS; i++) {
		const double *at = plan->target.pose.at[i];

		box[0] = fmin(box[0], fmax(0, at[0] - around));
		box[1] = fmin(box[1], fmax(0, at[1] - around));
		box[2] = fmax(box[2], fmin(image->width, at[0] + around));
		box[3] = fmax(box[3], fmin(image->height, at[1] + around));
	}
	assert_int_equal(pose_find(vision, image,
				 (struct region){box[0], box[1], box[2] - box[0], box[3] - box[1]},
				 &err, &found),
		0);
	return found;
}

/* The mean distance of the ends of moved arms from where they should be, in torso lengths. */
static double points_off(const struct plan *plan, const struct pose *found)
{
	double sum = 0;
	int count = 0;

	for (enum pose_bone bone = 0; bone < POSE_BONES; bone++) {
		const enum pose_point end = pose_bones[bone].to;

		if (plan->target.moved[bone]) {
			sum += hypot(found->at[end][0] - plan->target.pose.at[end][0],
				found->at[end][1] - plan->target.pose.at[end][1]);
			count++;
		}
	}
	assert_true(count > 0);
	return sum / count / pose_torso(&plan->source);
}

static void test_points_lie_where_they_should(void **state)
{
	static const char *const presets[] = {"arms_down", "arms_up", "arms_out",
		"hand_on_hip_left", "hand_on_hip_right", "lean_left", "lean_right"};
	struct vision *vision = open_vision();
	formy_image source = picture_shared("pose.jpg");

	(void)state;
	for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++) {
		const struct plan plan = make_plan(vision, &source, presets[i]);
		struct fake_task task = {0};
		char params[64];
		struct pose found;
		double off;

		(void)snprintf(params, sizeof(params), "{\"target_pose\":\"%s\"}", presets[i]);
		assert_int_equal(change(&task, &source, NULL, params), FORMY_OK);
		assert_int_equal(task.reply->went_back, 0);
		assert_int_equal(task.reply->progress, 1000);
		assert_true(task.reply->steps >= STEPS_LEAST && task.reply->marks >= STEPS_LEAST);
		found = find_again(vision, &plan, fake_task_result(&task, "output"));
		off = points_off(&plan, &found);
		print_message("%s: points are off by %.3f\n", presets[i], off);
		assert_true(off < POINTS_OFF);
		fake_task_finish(&task);
	}
	picture_free(&source);
	vision_destroy(vision);
}

/* Torso lengths from a bone, old or new; the hand and the foot are counted. */
static double way_to_limbs(const struct plan *plan, double x, double y)
{
	const struct pose *poses[] = {&plan->source, &plan->target.pose};
	double least = INFINITY;

	for (int p = 0; p < 2; p++) {
		for (enum pose_bone bone = 0; bone < POSE_BONES; bone++) {
			const double *a = poses[p]->at[pose_bones[bone].from];
			const double *b = poses[p]->at[pose_bones[bone].to];
			const double dx = 1.4 * (b[0] - a[0]);
			const double dy = 1.4 * (b[1] - a[1]);
			const double u = ((x - a[0]) * dx + (y - a[1]) * dy) / (dx * dx + dy * dy);
			const double t = fmin(fmax(u, 0), 1);

			if (plan->target.moved[bone]) {
				least = fmin(least, hypot(x - a[0] - t * dx, y - a[1] - t * dy));
			}
		}
	}
	return least / pose_torso(&plan->source);
}

static void test_all_but_the_limbs_stays(void **state)
{
	struct vision *vision = open_vision();
	formy_image source = picture_shared("pose.jpg");
	const struct plan plan = make_plan(vision, &source, "hand_on_hip_left");
	struct fake_task task = {0};
	const formy_image *output;
	long changed = 0;

	(void)state;
	assert_int_equal(
		change(&task, &source, NULL, "{\"target_pose\":\"hand_on_hip_left\"}"), FORMY_OK);
	output = fake_task_result(&task, "output");
	assert_int_equal(output->width, source.width);
	assert_int_equal(output->height, source.height);
	for (uint32_t y = 0; y < source.height; y++) {
		for (uint32_t x = 0; x < source.width; x++) {
			const uint8_t *p = source.pixels + y * source.stride + x * source.format;
			const uint8_t *q = output->pixels + y * output->stride + 3 * x;
			const bool same = memcmp(p, q, 3) == 0;

			changed += !same;
			assert_true(same || way_to_limbs(&plan, x, y) < 0.4);
		}
	}
	print_message("%.1f %% of the pixels changed\n",
		100. * (double)changed / ((double)source.width * source.height));
	assert_true(changed > 1000);
	fake_task_finish(&task);
	picture_free(&source);
	vision_destroy(vision);
}

static void refused(const char *source_name, const char *reference_name, const char *params,
	const char *code, const char *word)
{
	formy_image source = picture_shared(source_name);
	formy_image reference = {0};
	struct fake_task task = {0};

	if (reference_name) {
		reference = picture_shared(reference_name);
	}
	assert_int_not_equal(
		change(&task, &source, reference_name ? &reference : NULL, params), FORMY_OK);
	print_message("%s: %s (%s)\n", source_name, task.message, task.details);
	assert_string_equal(task.code, code);
	assert_non_null(strstr(task.message, word));
	assert_true(
		strcmp(code, "MISSING_REQUIRED_PARAM") == 0 || picture_numbers(task.details) >= 2);
	fake_task_finish(&task);
	picture_free(&source);
	picture_free(&reference);
}

/* Above the shoulder of an arm that went down there is sky, and no corner of a sleeve. */
static void test_shoulders_are_round(void **state)
{
	static const struct {
		const char *params;
		uint32_t x;
		uint32_t y;
	} places[] = {{"{\"target_pose\":\"arms_down\"}", 543, 301},
		{"{\"target_pose\":\"hand_on_hip_left\"}", 533, 302}};
	formy_image source = picture_shared("pose.jpg");

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct fake_task task = {0};
		const formy_image *output;
		const uint8_t *p;

		assert_int_equal(change(&task, &source, NULL, places[i].params), FORMY_OK);
		output = fake_task_result(&task, "output");
		p = output->pixels + places[i].y * output->stride + 3 * places[i].x;
		print_message("above the shoulder: %d %d %d\n", p[0], p[1], p[2]);
		assert_true(p[2] > 200);
		fake_task_finish(&task);
	}
	picture_free(&source);
}

static void test_what_cannot_be_done_is_refused_by_name(void **state)
{
	(void)state;
	refused("coffee.png", NULL, "{\"target_pose\":\"arms_up\"}", "INVALID_SOURCE_IMAGE",
		"No person");
	refused("squat.jpg", NULL, "{\"target_pose\":\"arms_up\"}", "POSE_EXTRACTION_FAILED",
		"left forearm");
	refused("business-person.png", NULL, "{\"target_pose\":\"arms_out\"}",
		"POSE_EXTRACTION_FAILED", "forearm");
	refused("pose.jpg", "squat.jpg", "{}", "POSE_EXTRACTION_FAILED", "left thigh");
	refused("pose.jpg", "coffee.png", "{}", "POSE_EXTRACTION_FAILED", "reference");
	refused("pose.jpg", NULL, "{}", "MISSING_REQUIRED_PARAM", "target_pose");
}

static void test_keypoints(void **state)
{
	struct vision *vision = open_vision();
	formy_image source = picture_shared("pose.jpg");
	const struct plan plan = make_plan(vision, &source, "arms_up");
	struct fake_task task = {0};
	struct fake_task wrong = {0};
	char params[4096];
	struct pose found;
	int len = snprintf(params, sizeof(params), "{\"target_keypoints\":[");

	(void)state;
	for (int i = 0; i < POSE_POINTS; i++) {
		len += snprintf(params + len, sizeof(params) - (size_t)len, "%s[%.2f,%.2f,0.9]",
			i ? "," : "", plan.target.pose.at[i][0], plan.target.pose.at[i][1]);
	}
	(void)snprintf(params + len, sizeof(params) - (size_t)len, "]}");
	assert_int_equal(change(&task, &source, NULL, params), FORMY_OK);
	found = find_again(vision, &plan, fake_task_result(&task, "output"));
	assert_true(points_off(&plan, &found) < POINTS_OFF);
	fake_task_finish(&task);
	/* Points beside the person are somebody else's. */
	len = snprintf(
		params, sizeof(params), "{\"target_pose\":\"arms_up\",\"source_keypoints\":[");
	for (int i = 0; i < POSE_POINTS; i++) {
		len += snprintf(params + len, sizeof(params) - (size_t)len, "%s[%.2f,%.2f,0.9]",
			i ? "," : "", plan.source.at[i][0] + 300, plan.source.at[i][1]);
	}
	(void)snprintf(params + len, sizeof(params) - (size_t)len, "]}");
	assert_int_equal(change(&wrong, &source, NULL, params), FORMY_E_INPUT);
	assert_string_equal(wrong.code, "POSE_EXTRACTION_FAILED");
	assert_non_null(strstr(wrong.details, "wrong_person"));
	fake_task_finish(&wrong);
	picture_free(&source);
	vision_destroy(vision);
}

/* The same bytes each time, and with one thread or two. */
static void test_same_picture_same_result(void **state)
{
	formy_image source = picture_shared("pose.jpg");
	const void *other_state = setup.state;
	struct fake_task tasks[3] = {{0}};

	(void)state;
	for (int i = 0; i < 3; i++) {
		if (i == 2) {
			assert_int_equal(setup.engine->open(&fake_host,
						 "{\"data_dir\":\"" MODELS "\",\"threads\":2}",
						 &setup.state),
				FORMY_OK);
		}
		assert_int_equal(
			change(&tasks[i], &source, NULL, "{\"target_pose\":\"arms_down\"}"),
			FORMY_OK);
	}
	for (int i = 1; i < 3; i++) {
		const formy_image *a = fake_task_result(&tasks[0], "output");
		const formy_image *b = fake_task_result(&tasks[i], "output");

		assert_memory_equal(a->pixels, b->pixels, a->stride * a->height);
	}
	setup.engine->close(setup.state);
	setup.state = (void *)other_state;
	for (int i = 0; i < 3; i++) {
		fake_task_finish(&tasks[i]);
	}
	picture_free(&source);
}

static void test_cancelled_at_every_moment(void **state)
{
	formy_image source = picture_shared("pose.jpg");

	(void)state;
	for (int after = 1; after < 14; after += 3) {
		struct fake_task task = {0};
		formy_status status;

		task.reply = calloc(1, sizeof(*task.reply));
		assert_non_null(task.reply);
		task.reply->cancel_after = after;
		status = change(&task, &source, NULL, "{\"target_pose\":\"arms_down\"}");
		assert_true(status == FORMY_E_CANCELLED || status == FORMY_OK);
		fake_task_finish(&task);
	}
	picture_free(&source);
}

static int show(const char *folder, int argc, char **argv)
{
	for (int i = 0; i + 1 < argc; i += 2) {
		formy_image source = picture_shared(argv[i]);
		formy_image reference = {0};
		struct fake_task task = {0};
		char params[128] = "{}";
		const uint64_t begun = clock_mono_ms();
		formy_status status;

		if (strchr(argv[i + 1], '.')) {
			reference = picture_shared(argv[i + 1]);
		} else {
			(void)snprintf(
				params, sizeof(params), "{\"target_pose\":\"%s\"}", argv[i + 1]);
		}
		status = change(&task, &source, reference.pixels ? &reference : NULL, params);
		print_message("%s %s: status %d, %u ms %s %s %s\n", argv[i], argv[i + 1], status,
			(unsigned)(clock_mono_ms() - begun), task.message, task.details,
			task.reply ? task.reply->facts : "");
		if (status == FORMY_OK) {
			picture_write(
				fake_task_result(&task, "output"), folder, argv[i], argv[i + 1]);
		}
		fake_task_finish(&task);
		picture_free(&source);
		picture_free(&reference);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_points_lie_where_they_should),
		cmocka_unit_test(test_all_but_the_limbs_stays),
		cmocka_unit_test(test_shoulders_are_round),
		cmocka_unit_test(test_what_cannot_be_done_is_refused_by_name),
		cmocka_unit_test(test_keypoints),
		cmocka_unit_test(test_same_picture_same_result),
		cmocka_unit_test(test_cancelled_at_every_moment),
	};
	int failed = picture_engine_open(
		&setup, argv[0], "pose_change", "{\"data_dir\":\"" MODELS "\"}");

	if (failed) {
		return failed;
	}
	failed = argc > 2 ? show(argv[1], argc - 2, argv + 2)
			  : cmocka_run_group_tests(tests, NULL, NULL);
	picture_engine_close(&setup);
	return failed;
}
