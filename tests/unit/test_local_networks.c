/* Networks of the operator's own in the local engine: each preset's preparation of pictures, the
 * choice of the answer, and refusals of files that are no such network. tests/unit/networks.py makes
 * the networks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake_host.h"
#include "lib/test.h"
#include "pictures.h"

#define SIDE 256 /* of the picture */
#define FROM 64  /* the person is a square in its middle */
#define TO 192
#define LARGEST 200 /* the largest value of a colour in it */
#define LEAST_IOU 0.95

static struct picture_engine setup;

static const char *config_of(const char *model, const char *more)
{
	static char config[2048];

	(void)snprintf(config, sizeof(config),
		"{\"data_dir\":\"%s\",\"threads\":1,\"segmentation_model\":\"%s/%s\"%s}", MODELS,
		NETWORKS, model, more);
	return config;
}

/* Red is 0.55 of `whole` where the person is and 0.45 elsewhere, blue the other way round. */
static void draw(uint8_t *pixels, double whole)
{
	const uint8_t more = (uint8_t)(0.55 * whole);
	const uint8_t less = (uint8_t)(0.45 * whole);

	for (int i = 0; i < SIDE * SIDE; i++) {
		const int x = i % SIDE;
		const int y = i / SIDE;
		const bool person = x >= FROM && x < TO && y >= FROM && y < TO;

		pixels[3 * i] = person ? more : less;
		pixels[3 * i + 1] = LARGEST;
		pixels[3 * i + 2] = person ? less : more;
	}
}

static double agreement(const formy_image *matte)
{
	int both = 0;
	int either = 0;

	for (int i = 0; i < SIDE * SIDE; i++) {
		const int x = i % SIDE;
		const int y = i / SIDE;
		const bool is = x >= FROM && x < TO && y >= FROM && y < TO;
		const bool found = matte->pixels[(size_t)y * matte->stride + (size_t)x] > 127;

		both += is && found;
		either += is || found;
	}
	return (double)both / either;
}

static void test_presets_prepare_pictures_as_their_networks_want(void **state)
{
	static const struct {
		const char *name;
		double whole; /* what colours are divided by */
	} presets[] = {{"u2net", LARGEST}, {"u2netp", LARGEST}, {"u2net_human_seg", LARGEST},
		{"silueta", LARGEST}, {"isnet", LARGEST}, {"modnet", 255}, {"selfie", 255}};
	static uint8_t pixels[3 * SIDE * SIDE];
	const formy_image source = {.size = sizeof(source),
		.format = FORMY_RGB8,
		.width = SIDE,
		.height = SIDE,
		.stride = 3 * SIDE,
		.pixels = pixels};

	(void)state;
	for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++) {
		struct fake_task task = {0};
		char file[64];
		char fact[64];
		void *engine = NULL;
		double iou;

		(void)snprintf(file, sizeof(file), "%s.onnx", presets[i].name);
		(void)snprintf(fact, sizeof(fact), "\"network\":\"%s\"", presets[i].name);
		draw(pixels, presets[i].whole);
		assert_int_equal(
			setup.engine->open(&fake_host, config_of(file, ""), &engine), FORMY_OK);
		fake_task_input(&task, "source", &source);
		assert_int_equal(
			setup.engine->run(&fake_host, engine, "PERSON_MATTE", fake_task_of(&task)),
			FORMY_OK);
		iou = agreement(fake_task_result(&task, "matte"));
		print_message("%s: IoU %.3f %s\n", presets[i].name, iou, task.facts);
		assert_true(iou > LEAST_IOU);
		assert_non_null(strstr(task.facts, fact));
		fake_task_finish(&task);
		setup.engine->close(engine);
	}
}

static void refused(const char *config, const char *const words[])
{
	void *engine = NULL;

	fake_host_log[0] = '\0';
	assert_int_equal(setup.engine->open(&fake_host, config, &engine), FORMY_E_ENGINE);
	print_message("%s\n", fake_host_log);
	assert_null(engine);
	for (int i = 0; words[i]; i++) {
		assert_non_null(strstr(fake_host_log, words[i]));
	}
}

static void test_files_that_are_no_such_network_are_refused_by_name(void **state)
{
	(void)state;
	refused(config_of("text-u2net.onnx", ""), (const char *[]){"text-u2net.onnx", NULL});
	refused(config_of("short-u2net.onnx", ""), (const char *[]){"short-u2net.onnx", NULL});
	refused(config_of("empty-u2net.onnx", ""), (const char *[]){"empty-u2net.onnx", NULL});
	refused(config_of("small-u2net.onnx", ""),
		(const char *[]){"small-u2net.onnx", "25600", "320 x 320", NULL});
	refused(config_of("nan-u2net.onnx", ""),
		(const char *[]){"nan-u2net.onnx", "finite", NULL});
	refused(config_of("absent-u2net.onnx", ""),
		(const char *[]){"absent-u2net.onnx", "segmentation_model", NULL});
}

static void test_presets_are_named(void **state)
{
	void *engine = NULL;

	(void)state;
	refused(config_of("plain.onnx", ""),
		(const char *[]){"segmentation_preset", "u2netp", "isnet", "modnet", NULL});
	refused(config_of("plain.onnx", ",\"segmentation_preset\":\"u3net\""),
		(const char *[]){"segmentation_preset", "silueta", NULL});
	refused(config_of("plain.onnx", ",\"segmentation_preset\":7"),
		(const char *[]){"segmentation_preset", NULL});
	refused("{\"data_dir\":\"" MODELS "\",\"segmentation_preset\":\"u2net\"}",
		(const char *[]){"segmentation_model", NULL});
	refused("{\"data_dir\":\"" MODELS "\",\"segmentation_model\":[1]}",
		(const char *[]){"segmentation_model", NULL});
	assert_int_equal(
		setup.engine->open(&fake_host,
			config_of("plain.onnx", ",\"segmentation_preset\":\"u2net\""), &engine),
		FORMY_OK);
	setup.engine->close(engine);
}

#define POSE(file)                                                                                 \
	"{\"data_dir\":\"/nonexistent\",\"segmentation_model\":\"" MODELS                          \
	"/selfie.onnx\",\"pose_model\":\"" file "\",\"mode\":{\"name\":\"POSE_CHANGE\"}}"

static void test_a_pose_model_is_tried_at_start(void **state)
{
	void *engine = NULL;

	(void)state;
	assert_int_equal(
		setup.engine->open(&fake_host, POSE(MODELS "/movenet.onnx"), &engine), FORMY_OK);
	setup.engine->close(engine);
	refused(POSE(MODELS "/selfie.onnx"),
		(const char *[]){"pose_model", "selfie.onnx", "MoveNet", NULL});
	refused(POSE(NETWORKS "/text-u2net.onnx"), (const char *[]){"pose_model", "text", NULL});
	refused(POSE("/nonexistent/x.onnx"), (const char *[]){"pose_model", NULL});
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_presets_prepare_pictures_as_their_networks_want),
		cmocka_unit_test(test_files_that_are_no_such_network_are_refused_by_name),
		cmocka_unit_test(test_presets_are_named),
		cmocka_unit_test(test_a_pose_model_is_tried_at_start),
	};
	int failed = picture_engine_open(
		&setup, argv[0], "background_change", "{\"data_dir\":\"" MODELS "\"}");

	(void)argc;
	if (failed) {
		return failed;
	}
	if (access(NETWORKS "/u2net.onnx", R_OK) < 0) {
		picture_engine_close(&setup);
		return PICTURES_SKIPPED;
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	picture_engine_close(&setup);
	return failed;
}
