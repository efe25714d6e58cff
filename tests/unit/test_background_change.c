/* The pipeline under a fake host and an engine that only notes what it was asked, and the presets'
 * drawings. */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "background_change/presets.h"
#include "base/json.h"
#include "base/limits.h"
#include "fake_host.h"
#include "lib/test.h"

#define W 40
#define H 100

static uint8_t pixels[W * H * 3];
static const formy_image source = {.size = sizeof(source),
	.format = FORMY_RGB8,
	.width = W,
	.height = H,
	.stride = W * 3,
	.pixels = pixels};
static const formy_image other = {.size = sizeof(other),
	.format = FORMY_RGB8,
	.width = 2,
	.height = 2,
	.stride = 6,
	.pixels = pixels};

/* Answers with the backdrop that it got, or with the source. */
static formy_status engine_run(
	const formy_host *host, void *state, const char *operation, formy_task *task)
{
	formy_image image = {.size = sizeof(image)};

	(void)state;
	assert_string_equal(operation, "BACKGROUND_CHANGE");
	assert_int_equal(host->input(task, "source", &image), FORMY_OK);
	(void)host->input(task, "background", &image);
	return host->result(task, "output", &image);
}

static const formy_engine engine = {.size = sizeof(engine), .type = "test", .run = engine_run};

static const formy_mode *mode(void)
{
	return FORMY_PLUGIN_ENTRY()->modes[0];
}

static formy_status run(struct fake_task *task, const char *params, const formy_image *background)
{
	*task = (struct fake_task){.params = params, .engine = &engine};
	fake_task_input(task, "source", &source);
	if (background) {
		fake_task_input(task, "background", background);
	}
	return mode()->run(&fake_host, NULL, fake_task_of(task));
}

static void test_description_is_json(void **state)
{
	struct json_object *value = NULL;

	(void)state;
	assert_string_equal(mode()->name, "BACKGROUND_CHANGE");
	assert_int_equal(
		json_parse(mode()->inputs, strlen(mode()->inputs), LIMIT_DESCRIPTOR, NULL, &value),
		0);
	json_object_put(value);
	assert_int_equal(
		json_parse(mode()->params, strlen(mode()->params), LIMIT_DESCRIPTOR, NULL, &value),
		0);
	assert_int_equal(json_object_object_length(value), 4);
	json_object_put(value);
}

static void test_remove_brings_no_backdrop(void **state)
{
	struct fake_task task;

	(void)state;
	assert_int_equal(run(&task,
				 "{\"background_type\":\"remove\",\"edge_blur\":3.5,"
				 "\"color_match\":false}",
				 &other),
		FORMY_OK);
	assert_int_equal(task.reply->inputs.count, 1);
	assert_non_null(strstr(task.request_params, "3.5"));
	assert_non_null(strstr(task.request_params, "false"));
	assert_true(fake_task_result(&task, "output")->pixels == pixels);
	fake_task_finish(&task);
}

static void test_custom_passes_the_picture_on(void **state)
{
	struct fake_task task;

	(void)state;
	assert_int_equal(run(&task, "{\"background_type\":\"custom\"}", &other), FORMY_OK);
	assert_int_equal(fake_task_result(&task, "output")->width, 2);
	fake_task_finish(&task);
}

static void test_presets_by_either_member(void **state)
{
	static const char *const params[] = {
		"{\"background_type\":\"#102030\"}",
		"{\"background_type\":\"preset\",\"background_preset\":\"#102030\"}",
	};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct fake_task task;
		const formy_image *output;

		assert_int_equal(run(&task, params[i], NULL), FORMY_OK);
		output = fake_task_result(&task, "output");
		assert_int_equal(output->width, W);
		assert_int_equal(output->height, H);
		for (int k = 0; k < W * H; k++) {
			assert_memory_equal(output->pixels + 3 * (size_t)k, "\x10\x20\x30", 3);
		}
		fake_task_finish(&task);
	}
}

/* A studio has a floor, on which the person throws a shadow; nothing else has. */
static void test_studios_ask_for_a_shadow(void **state)
{
	static const char *const params[][2] = {
		{"{\"background_type\":\"studio_black\"}", "\"shadow\": 1"},
		{"{\"background_type\":\"gradient_warm\"}", "\"shadow\": 0"},
		{"{\"background_type\":\"#102030\"}", "\"shadow\": 0"},
		{"{\"background_type\":\"remove\"}", "\"shadow\": 0"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
		struct fake_task task;

		assert_int_equal(run(&task, params[i][0], NULL), FORMY_OK);
		assert_non_null(strstr(task.request_params, params[i][1]));
		fake_task_finish(&task);
	}
}

static void test_unknown_preset_names_the_member(void **state)
{
	static const char *const params[][2] = {
		{"{\"background_type\":\"beach\"}", "background_type"},
		{"{\"background_type\":\"#12345\"}", "background_type"},
		{"{\"background_type\":\"preset\"}", "background_preset"},
		{"{\"background_type\":\"preset\",\"background_preset\":\"#gg0000\"}",
			"background_preset"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
		struct fake_task task;

		assert_int_equal(run(&task, params[i][0], NULL), FORMY_E_PARAMS);
		assert_string_equal(task.code, "INVALID_CONFIG");
		assert_non_null(strstr(task.message, params[i][1]));
		fake_task_finish(&task);
	}
}

static void test_stops_when_asked(void **state)
{
	struct fake_task task = {.params = "{\"background_type\":\"studio_grey\"}",
		.engine = &engine,
		.cancel_after = 1};

	(void)state;
	fake_task_input(&task, "source", &source);
	assert_int_equal(mode()->run(&fake_host, NULL, fake_task_of(&task)), FORMY_E_CANCELLED);
	fake_task_finish(&task);
}

/* Whole, in parts, and again: the same. And it is light from the top to the bottom as it should. */
static void test_drawings(void **state)
{
	static const char *const names[] = {
		"studio_white", "studio_grey", "studio_black", "gradient_warm", "gradient_cool"};
	static uint8_t whole[W * H * 3];
	static uint8_t parts[W * H * 3];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct preset room;
		const struct preset *preset = preset_find(names[i], &room);
		long top = 0;
		long low = 0;

		assert_non_null(preset);
		preset_draw(preset, W, H, 0, H, whole);
		preset_draw(preset, W, H, 0, 33, parts);
		preset_draw(preset, W, H, 33, H, parts + (size_t)33 * W * 3);
		assert_memory_equal(whole, parts, sizeof(whole));
		for (int k = 0; k < W * 10 * 3; k++) {
			top += whole[k];
			low += whole[W * (H - 10) * 3 + k];
		}
		assert_true(top > low);
	}
	assert_null(preset_find("studio_pink", &(struct preset){0}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_description_is_json),
		cmocka_unit_test(test_remove_brings_no_backdrop),
		cmocka_unit_test(test_custom_passes_the_picture_on),
		cmocka_unit_test(test_presets_by_either_member),
		cmocka_unit_test(test_studios_ask_for_a_shadow),
		cmocka_unit_test(test_unknown_preset_names_the_member),
		cmocka_unit_test(test_stops_when_asked),
		cmocka_unit_test(test_drawings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
