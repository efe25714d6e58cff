#include "lib/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "formy/plugin.h"
#include "plugin/descriptor.h"

static formy_status run_nothing(const formy_host *host, void *state, formy_task *task)
{
	(void)host;
	(void)state;
	(void)task;
	return FORMY_OK;
}

static formy_status run_operation(
	const formy_host *host, void *state, const char *operation, formy_task *task)
{
	(void)host;
	(void)state;
	(void)operation;
	(void)task;
	return FORMY_OK;
}

static const char *const operations[] = {"PERSON_MATTE", "HEAD_SWAP", NULL};

/* A plugin with one mode and one engine, to be changed by a test. */
struct sample {
	formy_mode mode;
	formy_engine engine;
	const formy_mode *modes[3];
	const formy_engine *engines[3];
	formy_plugin plugin;
};

static void make_sample(struct sample *sample, const char *inputs, const char *params)
{
	*sample = (struct sample){0};
	sample->mode = (formy_mode){.size = sizeof(formy_mode),
		.name = "BACKGROUND_CHANGE",
		.title = "A new background",
		.inputs = inputs,
		.params = params,
		.run = run_nothing};
	sample->engine = (formy_engine){.size = sizeof(formy_engine),
		.flags = FORMY_ENGINE_WHOLE_CONFIG,
		.type = "local",
		.title = "This machine",
		.operations = operations,
		.run = run_operation};
	sample->modes[0] = &sample->mode;
	sample->engines[0] = &sample->engine;
	sample->plugin = (formy_plugin){.size = sizeof(formy_plugin),
		.abi_major = FORMY_ABI_MAJOR,
		.abi_minor = FORMY_ABI_MINOR,
		.needs_minor = FORMY_ABI_MINOR,
		.id = "sample",
		.version = "1.2",
		.license = "MIT",
		.modes = sample->modes,
		.engines = sample->engines};
}

/* As a probe and then the supervisor do it. */
static int describe(const struct sample *sample, struct err *err, struct descriptor **ret)
{
	struct buf json = {0};
	int result = descriptor_to_json(&sample->plugin, err, &json);

	if (result == 0) {
		result = descriptor_from_json(json.data, json.len, err, ret);
	}
	buf_finish(&json);
	return result;
}

static void everything_comes_through(void **state)
{
	struct descriptor *descriptor = NULL;
	const struct descriptor_param *param;
	const struct descriptor_engine *engine;
	const struct descriptor_mode *mode;
	struct sample sample;
	struct err err = {0};

	(void)state;
	make_sample(&sample,
		"[{\"role\": \"source\", \"member\": \"source_image\", \"required\": true},"
		" {\"role\": \"background\", \"members\": [\"background_image\", \"bg_image\"],"
		"  \"reference\": true, \"required_if\": {\"background_type\": \"custom\"}}]",
		"{\"background_type\": {\"type\": \"string\", \"enum\": [\"custom\", \"remove\"],"
		"  \"pattern\": \"color\", \"default\": \"custom\"},"
		" \"edge_blur\": {\"type\": \"number\", \"min\": 0, \"max\": 10, \"default\": 2,"
		"  \"help\": \"feather\"},"
		" \"points\": {\"type\": \"array\", \"min_items\": 17, \"max_items\": 17}}");
	assert_int_equal(describe(&sample, &err, &descriptor), 0);
	assert_string_equal(descriptor->id, "sample");
	assert_string_equal(descriptor->version, "1.2");
	assert_string_equal(descriptor->license, "MIT");
	assert_null(descriptor->homepage);
	mode = descriptor_find_mode(descriptor, "BACKGROUND_CHANGE");
	assert_non_null(mode);
	assert_null(descriptor_find_mode(descriptor, "HEAD_SWAP"));
	assert_true(mode->has_output);
	assert_int_equal(mode->input_count, 2);
	assert_true(mode->inputs[0].source && mode->inputs[0].required);
	assert_true(mode->inputs[1].reference && !mode->inputs[1].required);
	assert_int_equal(mode->inputs[1].member_count, 2);
	assert_string_equal(mode->inputs[1].members[1], "bg_image");
	assert_int_equal(mode->param_count, 3);
	param = descriptor_find_param(mode, "background_type");
	assert_int_equal(param->choice_count, 2);
	assert_true(param->color);
	param = descriptor_find_param(mode, "edge_blur");
	assert_int_equal(param->type, PARAM_NUMBER);
	assert_true(param->has_min && param->has_max && param->max == 10);
	assert_string_equal(param->help, "feather");
	param = descriptor_find_param(mode, "points");
	assert_int_equal(param->min_length, 17);
	engine = descriptor_find_engine(descriptor, "local");
	assert_non_null(engine);
	assert_int_equal(engine->operation_count, 2);
	assert_true(engine->whole_config && !engine->has_check);
	descriptor_destroy(descriptor);
}

static void broken_specs_name_mode_and_parameter(void **state)
{
	static const struct {
		const char *inputs;
		const char *params;
		const char *words[2];
	} cases[] = {
		{"[]", "{\"blur\": {\"type\": \"float\"}}", {"BACKGROUND_CHANGE", "blur"}},
		{"[]", "{\"blur\": {\"type\": \"number\", \"mim\": 1}}", {"blur", "mim"}},
		{"[]", "{\"blur\": {\"type\": \"number\", \"min\": \"1\"}}", {"blur", "min"}},
		{"[]", "{\"blur\": {\"type\": \"number\", \"min\": 2, \"max\": 1}}",
			{"blur", "above"}},
		{"[]", "{\"blur\": {\"type\": \"number\", \"max\": 1, \"default\": 2}}",
			{"blur", "default"}},
		{"[]", "{\"blur\": {\"type\": \"number\", \"enum\": [\"a\"]}}", {"blur", "enum"}},
		{"[]", "{\"b\": {\"type\": \"string\", \"enum\": [1]}}", {"\"b\"", "strings"}},
		{"[]", "{\"b\": {\"type\": \"string\", \"pattern\": \"x\"}}", {"\"b\"", "pattern"}},
		{"[]", "{\"b\": {\"type\": \"string\", \"required\": 1}}", {"\"b\"", "required"}},
		{"[]", "{\"b\": {\"type\": \"string\", \"required\": true, \"default\": \"\"}}",
			{"\"b\"", "default"}},
		{"[]", "{\"b\": {\"type\": \"string\", \"required_if\": {\"c\": 1}}}",
			{"\"b\"", "\"c\""}},
		{"[]", "{\"Blur\": {\"type\": \"number\"}}", {"Blur", "name"}},
		{"[]", "[]", {"BACKGROUND_CHANGE", "params"}},
		{"[]", "{", {"BACKGROUND_CHANGE", "params"}},
		{"[]", NULL, {"BACKGROUND_CHANGE", "params"}},
		{"{}", "{}", {"BACKGROUND_CHANGE", "inputs"}},
		{"[{}]", "{}", {"BACKGROUND_CHANGE", "role"}},
		{"[{\"role\": \"a\"}]", "{}", {"\"a\"", "never"}},
		{"[{\"role\": \"a\", \"member\": \"x\"}]", "{}", {"\"a\"", "members"}},
		{"[{\"role\": \"a\", \"member\": \"source_image\"},"
		 " {\"role\": \"a\", \"member\": \"source_image\"}]",
			"{}", {"\"a\"", "twice"}},
		{"[{\"role\": \"a\", \"reference\": true, \"required_if\": {\"t\": \"y\"}}]",
			"{\"t\": {\"type\": \"string\", \"enum\": [\"x\"]}}", {"\"a\"", "never"}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct descriptor *descriptor = NULL;
		struct sample sample;
		struct err err = {0};

		make_sample(&sample, cases[i].inputs, cases[i].params);
		if (describe(&sample, &err, &descriptor) != -EINVAL) {
			fail_msg("taken: %s %s", cases[i].inputs, cases[i].params);
		}
		if (!strstr(err.text, cases[i].words[0]) || !strstr(err.text, cases[i].words[1])) {
			fail_msg("%s %s: %s", cases[i].inputs, cases[i].params, err.text);
		}
	}
}

static void refused(struct sample *sample, const char *word)
{
	struct descriptor *descriptor = NULL;
	struct err err = {0};

	assert_int_equal(describe(sample, &err, &descriptor), -EINVAL);
	if (!strstr(err.text, word)) {
		fail_msg("%s: %s", word, err.text);
	}
}

static void taken(struct sample *sample)
{
	struct descriptor *descriptor = NULL;
	struct err err = {0};

	assert_int_equal(describe(sample, &err, &descriptor), 0);
	descriptor_destroy(descriptor);
}

static void structs_that_do_not_fit_are_refused(void **state)
{
	struct sample sample;

	(void)state;
	make_sample(&sample, "[]", "{}");
	sample.plugin.abi_minor = FORMY_ABI_MINOR + 1;
	sample.plugin.needs_minor = FORMY_ABI_MINOR + 1;
	refused(&sample, "this worker has ABI");
	make_sample(&sample, "[]", "{}");
	sample.plugin.size = 4;
	refused(&sample, "sizeof(formy_plugin)");
	make_sample(&sample, "[]", "{}");
	sample.mode.size -= 8;
	refused(&sample, "sizeof(formy_mode)");
	make_sample(&sample, "[]", "{}");
	sample.engine.size += 8;
	if (FORMY_ABI_MAJOR == 0) {
		refused(&sample, "sizeof(formy_engine)");
	} else {
		taken(&sample); /* it was built for a later minor, and needs none of it */
	}
	make_sample(&sample, "[]", "{}");
	sample.mode.run = NULL;
	refused(&sample, "no run");
	make_sample(&sample, "[]", "{}");
	sample.mode.flags = 1u << 31;
	refused(&sample, "flags");
	make_sample(&sample, "[]", "{}");
	sample.mode.name = "lower";
	refused(&sample, "lower");
	make_sample(&sample, "[]", "{}");
	sample.plugin.id = "no id";
	refused(&sample, "no id");
	make_sample(&sample, "[]", "{}");
	sample.plugin.id = NULL;
	refused(&sample, "its id");
	make_sample(&sample, "[]", "{}");
	sample.modes[1] = &sample.mode;
	refused(&sample, "twice");
	make_sample(&sample, "[]", "{}");
	sample.plugin.modes = NULL;
	sample.plugin.engines = NULL;
	refused(&sample, "neither");
	make_sample(&sample, "[]", "{}");
	sample.mode.title = "bad \xff text";
	refused(&sample, "JSON");
}

/* Whatever a probe sends: no crash, and a sentence. */
static void hostile_json_is_refused(void **state)
{
	static const char *const texts[] = {"", "null", "[]", "7", "{}", "{\"abi_major\": 1}",
		"{\"abi_major\": 1, \"abi_minor\": 99999999999}",
		"{\"abi_major\":1,\"abi_minor\":0,\"id\":\"a\",\"version\":\"1\",\"modes\":7}",
		"{\"abi_major\":1,\"abi_minor\":0,\"id\":\"a\",\"version\":\"1\",\"modes\":[7]}",
		"{\"abi_major\":1,\"abi_minor\":0,\"id\":\"a\",\"version\":\"1\",\"modes\":[null]}",
		"{\"abi_major\":1,\"abi_minor\":0,\"id\":\"a\",\"version\":\"1\\n\",\"modes\":[]}",
		"{\"abi_major\":1,\"abi_minor\":0,\"id\":\"a\",\"version\":\"1\","
		"\"modes\":[{\"name\":\"AB\",\"output\":true,\"params\":{\"a\":null},"
		"\"inputs\":[]}]}",
		"{\"abi_major\":1,\"abi_minor\":0,\"id\":\"a\",\"version\":\"1\","
		"\"modes\":[{\"name\":\"AB\",\"output\":true,\"params\":{},\"inputs\":[null]}]}",
		"{\"abi_major\":1,\"abi_minor\":0,\"id\":\"a\",\"version\":\"1\","
		"\"engines\":[{\"type\":\"x\",\"operations\":[]}]}",
		"{\"abi_major\":1,\"abi_minor\":0,\"id\":\"a\",\"version\":\"1\","
		"\"engines\":[{\"type\":\"x\",\"whole_config\":1}]}"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct descriptor *descriptor = NULL;
		struct err err = {0};

		assert_int_equal(
			descriptor_from_json(texts[i], strlen(texts[i]), &err, &descriptor),
			-EINVAL);
		assert_null(descriptor);
		assert_true(err.text[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_comes_through),
		cmocka_unit_test(broken_specs_name_mode_and_parameter),
		cmocka_unit_test(structs_that_do_not_fit_are_refused),
		cmocka_unit_test(hostile_json_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
