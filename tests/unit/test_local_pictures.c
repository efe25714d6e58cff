/* The local engine on real pictures, under a fake host: what it finds in ../shared/images, where
 * those lie. With a folder as its argument it writes the edited pictures there, to be looked at. */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vips/vips.h>

#include "base/clock.h"
#include "fake_host.h"
#include "pictures.h"
#include "lib/test.h"

#define LEAST_IOU 0.89 /* of each picture */
#define LEAST_IOU_MEAN 0.93
#define STEPS_LEAST 6 /* of progress, each with words of its own */
#define ENGINE_CONFIG(threads) "{\"data_dir\":\"" MODELS "\",\"threads\":" threads "}"

static struct picture_engine setup;

static formy_status run_engine(
	struct fake_task *task, const char *operation, const formy_image *source)
{
	fake_task_input(task, "source", source);
	return setup.engine->run(&fake_host, setup.state, operation, fake_task_of(task));
}

static double iou(const formy_image *matte, const formy_image *mask)
{
	double both = 0;
	double either = 0;

	assert_int_equal(matte->width, mask->width);
	assert_int_equal(matte->height, mask->height);
	for (uint32_t y = 0; y < matte->height; y++) {
		for (uint32_t x = 0; x < matte->width; x++) {
			const bool a = matte->pixels[y * matte->stride + x] > 127;
			const bool b = mask->pixels[y * mask->stride + x * mask->format] > 127;

			both += a && b;
			either += a || b;
		}
	}
	return either > 0 ? both / either : 1;
}

static double matte_quality(const char *name, const char *mask_name)
{
	char path[PICTURES_PATH];
	struct fake_task task = {0};
	formy_image source;
	formy_image mask;
	double result;

	if (!picture_path(path, name)) {
		skip();
	}
	source = picture_read(path);
	assert_true(picture_path(path, mask_name));
	mask = picture_read(path);
	assert_int_equal(run_engine(&task, "PERSON_MATTE", &source), FORMY_OK);
	assert_int_equal(task.went_back, 0);
	result = iou(fake_task_result(&task, "matte"), &mask);
	print_message("%s: IoU %.3f %s\n", name, result, task.facts);
	fake_task_finish(&task);
	picture_free(&source);
	picture_free(&mask);
	return result;
}

static void test_mattes_agree_with_masks(void **state)
{
	const double pose = matte_quality("pose.jpg", "pose.matte.png");
	const double three = matte_quality("three_people.jpg", "three_people.matte.png");

	(void)state;
	print_message("mean IoU %.3f\n", (pose + three) / 2);
	assert_true(pose >= LEAST_IOU && three >= LEAST_IOU);
	assert_true((pose + three) / 2 >= LEAST_IOU_MEAN);
}

/* Of clothes and shoes, and of what lies beside them, at places that a person looked up. */
static void test_clothes_are_whole(void **state)
{
	static const struct {
		const char *name;
		uint32_t x;
		uint32_t y;
		bool person;
	} places[] = {{"runway.jpg", 228, 828, true}, {"runway.jpg", 222, 918, true},
		{"runway.jpg", 504, 780, true}, {"runway.jpg", 456, 876, true},
		{"runway.jpg", 378, 936, true}, {"runway.jpg", 150, 828, false},
		{"runway.jpg", 545, 780, false}, {"runway.jpg", 500, 940, false},
		{"street.jpg", 222, 792, true}, {"street.jpg", 246, 786, true},
		{"street.jpg", 330, 770, false}, {"astronaut.png", 380, 360, true},
		{"astronaut.png", 20, 330, false}};
	struct fake_task task = {0};
	formy_image source = {0};
	const char *name = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const formy_image *matte;
		uint8_t share;

		if (!name || strcmp(name, places[i].name) != 0) {
			fake_task_finish(&task);
			picture_free(&source);
			name = places[i].name;
			task = (struct fake_task){0};
			source = picture_shared(name);
			assert_int_equal(run_engine(&task, "PERSON_MATTE", &source), FORMY_OK);
		}
		matte = fake_task_result(&task, "matte");
		share = matte->pixels[places[i].y * matte->stride + places[i].x];
		print_message("%s at %u, %u: %u\n", name, places[i].x, places[i].y, share);
		assert_true(places[i].person ? share > 200 : share < 55);
	}
	fake_task_finish(&task);
	picture_free(&source);
}

static void test_coffee_is_refused(void **state)
{
	char path[PICTURES_PATH];
	struct fake_task task = {0};
	formy_image source;

	(void)state;
	if (!picture_path(path, "coffee.png")) {
		skip();
	}
	source = picture_read(path);
	assert_int_equal(run_engine(&task, "BACKGROUND_CHANGE", &source), FORMY_E_INPUT);
	assert_string_equal(task.code, "INVALID_SOURCE_IMAGE");
	assert_string_equal(task.message, "No person was found in the source image");
	print_message("coffee.png: %s\n", task.details);
	assert_true(picture_numbers(task.details) >= 2);
	fake_task_finish(&task);
	picture_free(&source);
}

/* One picture before another backdrop, through the pipeline, as a task would have it. */
static void edit(struct fake_task *task, const formy_image *source, const formy_image *background,
	const char *params)
{
	task->params = params;
	task->engine = setup.engine;
	task->engine_state = setup.state;
	fake_task_input(task, "source", source);
	if (background) {
		fake_task_input(task, "background", background);
	}
}

/* Twice on one thread, and once on two, each in an engine of its own. */
static void test_same_picture_same_result(void **state)
{
	static const char *const configs[] = {
		ENGINE_CONFIG("1"), ENGINE_CONFIG("1"), ENGINE_CONFIG("2")};
	const char *params =
		"{\"background_type\":\"remove\",\"edge_blur\":2,\"color_match\":true}";
	struct fake_task tasks[3] = {{0}};
	void *first_engine = setup.state;
	formy_image source;
	char path[PICTURES_PATH];

	(void)state;
	if (!picture_path(path, "pose.jpg")) {
		skip();
	}
	source = picture_read(path);
	for (int i = 0; i < 3; i++) {
		const formy_image *a;
		const formy_image *b;

		assert_int_equal(
			setup.engine->open(&fake_host, configs[i], &setup.state), FORMY_OK);
		edit(&tasks[i], &source, NULL, params);
		assert_int_equal(
			setup.mode->run(&fake_host, NULL, fake_task_of(&tasks[i])), FORMY_OK);
		assert_int_equal(tasks[i].reply->went_back, 0);
		assert_true(tasks[i].reply->progress > 980);
		assert_true(tasks[i].reply->steps >= STEPS_LEAST);
		assert_true(tasks[i].reply->marks >= STEPS_LEAST);
		setup.engine->close(setup.state);
		a = fake_task_result(&tasks[0], "output");
		b = fake_task_result(&tasks[i], "output");
		assert_int_equal(b->format, FORMY_RGBA8);
		assert_int_equal(b->width, source.width);
		assert_int_equal(b->height, source.height);
		assert_memory_equal(a->pixels, b->pixels, a->stride * a->height);
	}
	setup.state = first_engine;
	for (int i = 0; i < 3; i++) {
		fake_task_finish(&tasks[i]);
	}
	picture_free(&source);
}

static void test_cancelled_at_every_moment(void **state)
{
	const char *params =
		"{\"background_type\":\"studio_grey\",\"edge_blur\":2,\"color_match\":true}";
	formy_image source;
	char path[PICTURES_PATH];

	(void)state;
	if (!picture_path(path, "pose.jpg")) {
		skip();
	}
	source = picture_read(path);
	for (int after = 1; after < 40; after += 4) {
		struct fake_task task = {0};
		formy_status status;

		edit(&task, &source, NULL, params);
		task.reply = calloc(1, sizeof(*task.reply));
		assert_non_null(task.reply);
		task.cancel_after = after;
		status = setup.mode->run(&fake_host, NULL, fake_task_of(&task));
		assert_true(status == FORMY_E_CANCELLED || status == FORMY_OK);
		fake_task_finish(&task);
	}
	picture_free(&source);
}

/* A source that brings its cut-out, before a backdrop with a clear part. */
static void test_alpha_of_source_and_backdrop(void **state)
{
	static uint8_t person[64 * 64 * 4];
	static const uint8_t clear[4] = {0, 0, 0, 0};
	const formy_image source = {.size = sizeof(source),
		.format = FORMY_RGBA8,
		.width = 64,
		.height = 64,
		.stride = 64 * 4,
		.pixels = person};
	const formy_image backdrop = {.size = sizeof(backdrop),
		.format = FORMY_RGBA8,
		.width = 1,
		.height = 1,
		.stride = 4,
		.pixels = clear};
	struct fake_task task = {0};
	const formy_image *output;

	(void)state;
	for (int i = 0; i < 64 * 64; i++) {
		memset(person + 4 * (size_t)i, 90, 3);
		person[4 * (size_t)i + 3] = i % 64 < 32 ? 255 : 0;
	}
	edit(&task, &source, &backdrop,
		"{\"background_type\":\"custom\",\"edge_blur\":0,\"color_match\":false}");
	assert_int_equal(setup.mode->run(&fake_host, NULL, fake_task_of(&task)), FORMY_OK);
	output = fake_task_result(&task, "output");
	assert_int_equal(output->format, FORMY_RGB8);
	assert_int_equal(output->pixels[0], 90);
	assert_int_equal(output->pixels[3 * 40], 255);
	assert_non_null(strstr(task.facts, "\"tier\":\"alpha\""));
	fake_task_finish(&task);
}

/* Noise of any shape: refused or edited, never a crash. */
static void test_odd_shapes(void **state)
{
	static const uint32_t sizes[][2] = {
		{1, 1}, {1, 5000}, {5000, 1}, {32, 32}, {33, 4001}, {4001, 33}, {513, 511}};
	static const uint32_t formats[] = {FORMY_GREY8, FORMY_RGB8, FORMY_RGBA8};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (size_t f = 0; f < 3; f++) {
			const formy_image shape = {.size = sizeof(shape),
				.format = formats[f],
				.width = sizes[i][0],
				.height = sizes[i][1],
				.stride = (uint64_t)sizes[i][0] * formats[f]};
			uint8_t *pixels = malloc(shape.stride * shape.height);
			formy_image source = shape;
			struct fake_task task = {0};
			formy_status status;
			uint32_t seed = 1;

			assert_non_null(pixels);
			for (uint64_t k = 0; k < shape.stride * shape.height; k++) {
				seed = seed * 1664525u + 1013904223u;
				pixels[k] = (uint8_t)(seed >> 24);
			}
			source.pixels = pixels;
			edit(&task, &source, &source, "{\"background_type\":\"custom\"}");
			status = setup.mode->run(&fake_host, NULL, fake_task_of(&task));
			assert_true(status == FORMY_OK || status == FORMY_E_INPUT);
			fake_task_finish(&task);
			free(pixels);
		}
	}
}

static void show_picture(const char *folder, const char *images, const char *name)
{
	static const char *const types[] = {"remove", "studio_grey", "gradient_warm", "custom"};
	formy_image background;
	formy_image source;
	char path[PICTURES_PATH];

	(void)snprintf(path, sizeof(path), "%s/%s", images, name);
	source = picture_read(path);
	(void)snprintf(path, sizeof(path), "%s/coffee.png", images);
	background = picture_read(path);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct fake_task task = {0};
		uint64_t begun = clock_mono_ms();
		char params[128];
		formy_status status;

		(void)snprintf(params, sizeof(params), "{\"background_type\":\"%s\"}", types[i]);
		edit(&task, &source, &background, params);
		status = setup.mode->run(&fake_host, NULL, fake_task_of(&task));
		print_message("%s %s %ux%u: status %d, %u ms %s %s\n", name, types[i], source.width,
			source.height, status, (unsigned)(clock_mono_ms() - begun), task.facts,
			task.details);
		if (status == FORMY_OK && folder[0]) {
			picture_write(fake_task_result(&task, "output"), folder, name, types[i]);
		}
		fake_task_finish(&task);
	}
	picture_free(&source);
	picture_free(&background);
}

/* FOLDER [PICTURE...]: writes results there; without pictures, of all of ../shared/images. */
static int show(int argc, char **argv)
{
	struct dirent **entries = NULL;
	int count;

	for (int i = 2; i < argc; i++) {
		show_picture(argv[1], SHARED_IMAGES, argv[i]);
	}
	if (argc > 2) {
		return 0;
	}
	count = scandir(SHARED_IMAGES, &entries, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;

		if (!strstr(name, ".matte.") && (strstr(name, ".jpg") || strstr(name, ".png"))) {
			show_picture(argv[1], SHARED_IMAGES, name);
		}
		free(entries[i]);
	}
	free(entries);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mattes_agree_with_masks),
		cmocka_unit_test(test_clothes_are_whole),
		cmocka_unit_test(test_coffee_is_refused),
		cmocka_unit_test(test_same_picture_same_result),
		cmocka_unit_test(test_cancelled_at_every_moment),
		cmocka_unit_test(test_alpha_of_source_and_backdrop),
		cmocka_unit_test(test_odd_shapes),
	};
	int failed = picture_engine_open(&setup, argv[0], "background_change", ENGINE_CONFIG("1"));

	if (failed) {
		return failed;
	}
	failed = argc > 1 ? show(argc, argv) : cmocka_run_group_tests(tests, NULL, NULL);
	picture_engine_close(&setup);
	return failed;
}
