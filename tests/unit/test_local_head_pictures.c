/* HEAD_SWAP on real pictures, under a fake host: what it makes of ../shared/images, where those
 * lie. With a folder as its argument it writes results there, to be looked at. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vips/vips.h>

#include "base/clock.h"
#include "fake_host.h"
#include "lib/test.h"
#include "local/align.h"
#include "local/face.h"
#include "local/head.h"
#include "local/networks.h"
#include "pictures.h"

#define FACE_POINTS "/usr/share/dlib/shape_predictor_68_face_landmarks.dat"
#define STEPS_LEAST 6      /* of progress, each with words of its own */
#define LANDMARKS_OFF 0.04 /* of a jaw's width, in the mean */
/* As formyd hands it over: the points of faces are read by open(). */
#define ENGINE_CONFIG(threads)                                                                     \
	"{\"data_dir\":\"" MODELS "\",\"threads\":" threads ",\"mode\":{\"name\":\"HEAD_SWAP\"}}"

static struct picture_engine setup;

static formy_status swap(struct fake_task *task, const formy_image *source,
	const formy_image *reference, const char *params)
{
	return picture_edit(&setup, task, source, reference, params);
}

/* The face in a picture, found by a vision of the test's own. */
static struct face find_face(struct vision *vision, const formy_image *image)
{
	const struct job job = {0};
	struct face face = {0};

	assert_int_equal(face_find(&face, image, "source", 1, vision, &job), FORMY_OK);
	return face;
}

static double points_off(
	const struct face *head, const struct face *body, const struct face *result)
{
	const struct align align = align_faces(head->points, body->points);
	double sum = 0;

	for (int i = 0; i < VISION_POINTS; i++) {
		double at[2];

		align_apply(&align, head->points[i][0], head->points[i][1], at);
		sum += hypot(at[0] - result->points[i][0], at[1] - result->points[i][1]);
	}
	return sum / VISION_POINTS / face_axes(body->points).jaw;
}

static void outside_is_unchanged(
	const formy_image *reference, const formy_image *output, const struct face *body)
{
	const struct region region = head_region(reference, body);

	assert_int_equal(output->width, reference->width);
	assert_int_equal(output->height, reference->height);
	for (uint32_t y = 0; y < output->height; y++) {
		for (uint32_t x = 0; x < output->width; x++) {
			const uint8_t *p =
				reference->pixels + y * reference->stride + x * reference->format;

			if (x < region.x || y < region.y || x >= region.x + region.width ||
				y >= region.y + region.height) {
				assert_memory_equal(
					p, output->pixels + y * output->stride + 3 * x, 3);
			}
		}
	}
}

static void test_points_lie_where_they_should(void **state)
{
	static const char *const pairs[][2] = {
		{"astronaut.png", "business-person.png"}, {"business-person.png", "runway.jpg"}};
	const struct vision_network network = network_own(MODELS "/selfie.onnx");
	struct vision *vision = NULL;
	struct err err = {""};

	(void)state;
	assert_int_equal(vision_create(&network, 1, &err, &vision), 0);
	assert_int_equal(vision_load_points(vision, FACE_POINTS, &err), 0);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		formy_image source = picture_shared(pairs[i][0]);
		formy_image reference = picture_shared(pairs[i][1]);
		struct fake_task task = {0};
		struct face head;
		struct face body;
		struct face result;
		double off;

		assert_int_equal(
			swap(&task, &source, &reference, "{\"quality\":\"medium\"}"), FORMY_OK);
		assert_int_equal(task.reply->went_back, 0);
		assert_int_equal(task.reply->progress, 1000);
		assert_true(task.reply->steps >= STEPS_LEAST && task.reply->marks >= STEPS_LEAST);
		head = find_face(vision, &source);
		body = find_face(vision, &reference);
		result = find_face(vision, fake_task_result(&task, "output"));
		off = points_off(&head, &body, &result);
		print_message("%s on %s: points are off by %.3f\n", pairs[i][0], pairs[i][1], off);
		assert_true(off < LANDMARKS_OFF);
		outside_is_unchanged(&reference, fake_task_result(&task, "output"), &body);
		fake_task_finish(&task);
		picture_free(&source);
		picture_free(&reference);
	}
	vision_destroy(vision);
}

static void refused(const char *source_name, const char *reference_name, const char *code)
{
	formy_image source = picture_shared(source_name);
	formy_image reference = picture_shared(reference_name);
	struct fake_task task = {0};

	assert_int_equal(swap(&task, &source, &reference, "{}"), FORMY_E_INPUT);
	print_message(
		"%s on %s: %s (%s)\n", source_name, reference_name, task.message, task.details);
	assert_string_equal(task.code, code);
	assert_true(picture_numbers(task.details) >= 2);
	fake_task_finish(&task);
	picture_free(&source);
	picture_free(&reference);
}

static void test_unfit_pictures_are_refused(void **state)
{
	(void)state;
	refused("coffee.png", "business-person.png", "NO_FACE_DETECTED");
	refused("three_people.jpg", "business-person.png", "MULTIPLE_FACES_DETECTED");
	refused("astronaut.png", "three_people.jpg", "MULTIPLE_FACES_DETECTED");
	refused("street.jpg", "astronaut.png", "IMAGE_SIZE_TOO_SMALL");
	refused("astronaut.png", "cap.jpg", "IMAGE_SIZE_TOO_SMALL");
	refused("astronaut.png", "street.jpg", "INVALID_REFERENCE_IMAGE");
	refused("hands_at_face.jpg", "astronaut.png", "INVALID_SOURCE_IMAGE");
}

/* A part of a picture, without a copy. */
static formy_image part_of(
	const formy_image *image, uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
	formy_image part = *image;

	part.pixels += y * image->stride + x * image->format;
	part.width = width;
	part.height = height;
	return part;
}

static void test_cut_and_small_faces_are_refused(void **state)
{
	formy_image whole = picture_shared("astronaut.png");
	formy_image cut = part_of(&whole, 185, 0, 320, 400);
	struct fake_task first = {0};
	formy_image small;
	struct fake_task second = {0};
	uint8_t pixels[3 * 128 * 128];

	(void)state;
	assert_int_equal(swap(&first, &cut, &whole, "{}"), FORMY_E_INPUT);
	print_message("cut: %s (%s)\n", first.message, first.details);
	assert_string_equal(first.code, "NO_FACE_DETECTED");
	assert_true(picture_numbers(first.details) >= 2);
	small = (formy_image){.size = sizeof(small),
		.format = FORMY_RGB8,
		.width = 128,
		.height = 128,
		.stride = 3 * 128,
		.pixels = pixels};
	for (size_t y = 0; y < 128; y++) {
		for (size_t x = 0; x < 128; x++) {
			memcpy(pixels + 3 * (128 * y + x),
				whole.pixels + 3 * y * whole.stride + 3 * x * whole.format +
					whole.format * 90,
				3);
		}
	}
	assert_int_equal(swap(&second, &small, &whole, "{}"), FORMY_E_INPUT);
	print_message("small: %s (%s)\n", second.message, second.details);
	assert_true(picture_numbers(second.details) >= 2);
	fake_task_finish(&first);
	fake_task_finish(&second);
	picture_free(&whole);
}

/* Twice on one thread, and once on two, each in an engine of its own. */
static void test_same_pictures_same_result(void **state)
{
	static const char *const configs[] = {
		ENGINE_CONFIG("1"), ENGINE_CONFIG("1"), ENGINE_CONFIG("2")};
	formy_image source = picture_shared("astronaut.png");
	formy_image reference = picture_shared("business-person.png");
	struct fake_task tasks[3] = {{0}};
	void *first_engine = setup.state;

	(void)state;
	for (int i = 0; i < 3; i++) {
		const formy_image *a;
		const formy_image *b;

		assert_int_equal(
			setup.engine->open(&fake_host, configs[i], &setup.state), FORMY_OK);
		assert_int_equal(
			swap(&tasks[i], &source, &reference, "{\"quality\":\"low\"}"), FORMY_OK);
		setup.engine->close(setup.state);
		a = fake_task_result(&tasks[0], "output");
		b = fake_task_result(&tasks[i], "output");
		assert_memory_equal(a->pixels, b->pixels, a->stride * a->height);
		assert_string_equal(tasks[0].reply->facts, tasks[i].reply->facts);
	}
	setup.state = first_engine;
	for (int i = 0; i < 3; i++) {
		fake_task_finish(&tasks[i]);
	}
	picture_free(&source);
	picture_free(&reference);
}

static void test_cancelled_at_every_moment(void **state)
{
	formy_image source = picture_shared("astronaut.png");
	formy_image reference = picture_shared("business-person.png");

	(void)state;
	for (int after = 1; after < 8; after += 2) {
		struct fake_task task = {0};
		formy_status status;

		task.reply = calloc(1, sizeof(*task.reply));
		assert_non_null(task.reply);
		task.cancel_after = after;
		status = swap(&task, &source, &reference, "{\"quality\":\"low\"}");
		assert_true(status == FORMY_E_CANCELLED || status == FORMY_OK);
		fake_task_finish(&task);
	}
	picture_free(&source);
	picture_free(&reference);
}

static int show(const char *folder, int argc, char **argv)
{
	for (int i = 0; i + 1 < argc; i += 2) {
		formy_image source = picture_shared(argv[i]);
		formy_image reference = picture_shared(argv[i + 1]);
		struct fake_task task = {0};
		const uint64_t begun = clock_mono_ms();
		const formy_status status = swap(&task, &source, &reference, "{}");

		print_message("%s on %s: status %d, %u ms %s %s %s\n", argv[i], argv[i + 1], status,
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
		cmocka_unit_test(test_unfit_pictures_are_refused),
		cmocka_unit_test(test_cut_and_small_faces_are_refused),
		cmocka_unit_test(test_same_pictures_same_result),
		cmocka_unit_test(test_cancelled_at_every_moment),
	};
	int failed = picture_engine_open(&setup, argv[0], "head_swap", ENGINE_CONFIG("1"));

	if (failed) {
		return failed;
	}
	failed = argc > 2 ? show(argv[1], argc - 2, argv + 2)
			  : cmocka_run_group_tests(tests, NULL, NULL);
	picture_engine_close(&setup);
	return failed;
}
