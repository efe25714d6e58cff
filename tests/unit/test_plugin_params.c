#include "lib/test.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "plugin/descriptor.h"
#include "plugin/params.h"

static struct descriptor *descriptor;
static const struct descriptor_mode *mode;

static struct json_object *parse(const char *text)
{
	struct json_object *value = NULL;

	assert_int_equal(json_parse(text, strlen(text), 65536, NULL, &value), 0);
	return value;
}

static int read_descriptor(void **state)
{
	static const char json[] =
		"{\"abi_major\": 1, \"abi_minor\": 0, \"id\": \"a\", \"version\": \"1\", \"modes\":"
		" [{\"name\": \"EDIT\", \"output\": true, \"inputs\": ["
		"  {\"role\": \"source\", \"member\": \"source_image\", \"required\": true},"
		"  {\"role\": \"background\", \"members\": [\"background_image\", \"bg_image\"],"
		"   \"reference\": true, \"required_if\": {\"kind\": \"custom\"}},"
		"  {\"role\": \"extra\", \"members\": [\"extra_image\"]}],"
		" \"params\": {"
		"  \"kind\": {\"type\": \"string\", \"enum\": [\"custom\", \"preset\", \"remove\"],"
		"   \"default\": \"custom\"},"
		"  \"preset\": {\"type\": \"string\", \"enum\": [\"white\"], \"pattern\": "
		"\"color\","
		"   \"required_if\": {\"kind\": \"preset\"}},"
		"  \"blur\": {\"type\": \"number\", \"min\": 0, \"max\": 10, \"default\": 2},"
		"  \"count\": {\"type\": \"integer\", \"min\": 1},"
		"  \"match\": {\"type\": \"boolean\", \"default\": true},"
		"  \"name\": {\"type\": \"string\", \"max_length\": 3},"
		"  \"points\": {\"type\": \"array\", \"min_items\": 2, \"max_items\": 3},"
		"  \"more\": {\"type\": \"object\"}}}]}";
	struct err err;

	(void)state;
	if (descriptor_from_json(json, strlen(json), &err, &descriptor) < 0) {
		print_error("%s\n", err.text);
		return -1;
	}
	mode = &descriptor->modes[0];
	return 0;
}

static int free_descriptor(void **state)
{
	(void)state;
	descriptor_destroy(descriptor);
	return 0;
}

/* The config that comes out, as text; it is to be freed. */
static struct json_object *taken(const char *config)
{
	struct params_problem problem = {0};
	struct json_object *in = config ? parse(config) : NULL;
	struct json_object *out = NULL;

	if (params_check(mode, in, NULL, &problem, &out) != 0) {
		fail_msg("%s: %s", config, problem.message);
	}
	json_object_put(in);
	return out;
}

static void refused(const char *config, const char *code, const char *word)
{
	struct params_problem problem = {0};
	struct json_object *in = parse(config);
	struct json_object *out = NULL;

	if (params_check(mode, in, NULL, &problem, &out) != -EINVAL) {
		fail_msg("taken: %s", config);
	}
	assert_null(out);
	assert_string_equal(problem.code, code);
	if (!strstr(problem.message, word)) {
		fail_msg("%s: %s", config, problem.message);
	}
	json_object_put(in);
}

static void defaults_are_filled_in(void **state)
{
	static const char *const absent[] = {NULL, "{}", "{\"blur\": null, \"kind\": null}"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct json_object *config = taken(absent[i]);
		double blur = 0;

		assert_int_equal(json_get_double(config, "blur", &blur), 0);
		assert_true(blur == 2);
		assert_string_equal(json_object_get_string(json_member(config, "kind")), "custom");
		assert_null(json_member(config, "name"));
		json_object_put(config);
	}
}

static void good_values_are_taken(void **state)
{
	static const char *const configs[] = {"{\"blur\": 0}", "{\"blur\": 10}", "{\"blur\": 2.5}",
		"{\"count\": 1}", "{\"count\": 2.0}", "{\"match\": false}", "{\"name\": \"äöü\"}",
		"{\"points\": [1, 2]}", "{\"more\": {\"a\": 1}}",
		"{\"kind\": \"preset\", \"preset\": \"#A0b1C2\"}",
		"{\"kind\": \"preset\", \"preset\": \"white\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++) {
		json_object_put(taken(configs[i]));
	}
}

static void bad_values_are_named(void **state)
{
	(void)state;
	refused("{\"blur\": -0.1}", "INVALID_CONFIG",
		"config.blur is -0.1; it must be from 0 to 10");
	refused("{\"blur\": 11}", "INVALID_CONFIG", "config.blur");
	refused("{\"blur\": \"2\"}", "INVALID_CONFIG", "config.blur is a string");
	refused("{\"blur\": true}", "INVALID_CONFIG", "config.blur");
	refused("{\"count\": 1.5}", "INVALID_CONFIG", "whole number");
	refused("{\"count\": 0}", "INVALID_CONFIG", "at least 1");
	refused("{\"match\": 1}", "INVALID_CONFIG", "true or false");
	refused("{\"name\": \"four\"}", "INVALID_CONFIG", "config.name");
	refused("{\"points\": [1]}", "INVALID_CONFIG", "config.points");
	refused("{\"points\": [1, 2, 3, 4]}", "INVALID_CONFIG", "config.points");
	refused("{\"more\": []}", "INVALID_CONFIG", "config.more");
	refused("{\"kind\": \"other\"}", "INVALID_CONFIG", "\"custom\", \"preset\" or \"remove\"");
	refused("{\"preset\": \"#12345\"}", "INVALID_CONFIG", "colour");
	refused("{\"preset\": \"#12345g\"}", "INVALID_CONFIG", "colour");
	refused("{\"kind\": \"preset\"}", "MISSING_REQUIRED_PARAM", "config.preset is missing");
	refused("[]", "INVALID_CONFIG", "config is an array");
}

static void unknown_members_are_listed(void **state)
{
	struct params_problem problem = {0};
	struct json_object *in = parse(
		"{\"typo\": 1, \"blur\": 3, \"bg_image\": \"x\", \"other\": {}, \"no\": null}");
	struct json_object *out = NULL;
	struct json_object *unknown = json_object_new_object();

	(void)state;
	assert_int_equal(params_check(mode, in, unknown, &problem, &out), 0);
	assert_string_equal(json_text(unknown), "{\"typo\":1,\"other\":{}}");
	assert_null(json_member(out, "typo"));
	assert_non_null(json_member(out, "bg_image"));
	json_object_put(unknown);
	json_object_put(in);
	json_object_put(out);
}

/* Finds the inputs of a task, given as one object. */
static int find(const char *task, struct params_problem *problem, char *text, size_t size)
{
	struct json_object *data = parse(task);
	struct json_object *config = NULL;
	struct params_inputs inputs = {0};
	struct buf out = {0};
	int result;

	assert_int_equal(
		params_check(mode, json_member(data, "config"), NULL, problem, &config), 0);
	result = params_find_inputs(mode, json_member(data, "source_image"),
		json_member(data, "reference_image"), config, problem, &inputs);
	for (size_t i = 0; i < inputs.count; i++) {
		buf_printf(&out, "%s=%s ", inputs.items[i].role, inputs.items[i].image_id);
	}
	(void)text_copy(text, size, buf_cstr(&out));
	buf_finish(&out);
	json_object_put(config);
	json_object_put(data);
	return result;
}

static void pictures_are_found_in_order(void **state)
{
	static const struct {
		const char *task;
		const char *inputs;
	} cases[] = {
		{"{\"source_image\": \"s\", \"reference_image\": \"r\"}", "source=s background=r "},
		{"{\"source_image\": \"s\", \"config\": {\"bg_image\": \"b\"}}",
			"source=s background=b "},
		{"{\"source_image\": \"s\", \"reference_image\": \"r\","
		 " \"config\": {\"bg_image\": \"b\", \"background_image\": \"a\"}}",
			"source=s background=a "},
		{"{\"source_image\": \"s\", \"reference_image\": \"r\","
		 " \"config\": {\"kind\": \"remove\"}}",
			"source=s "},
		{"{\"source_image\": \"s\", \"config\": {\"kind\": \"remove\","
		 " \"extra_image\": \"e\"}}",
			"source=s extra=e "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct params_problem problem = {0};
		char text[200];

		assert_int_equal(find(cases[i].task, &problem, text, sizeof(text)), 0);
		assert_string_equal(text, cases[i].inputs);
	}
}

static void missing_and_malformed_pictures_are_named(void **state)
{
	static const struct {
		const char *task;
		const char *code;
		const char *word;
	} cases[] = {
		{"{}", "MISSING_REQUIRED_PARAM", "source_image"},
		{"{\"source_image\": \"s\"}", "MISSING_REQUIRED_PARAM", "background_image"},
		{"{\"source_image\": \"../s\"}", "INVALID_SOURCE_IMAGE", "../s"},
		{"{\"source_image\": \"\"}", "INVALID_SOURCE_IMAGE", "source_image"},
		{"{\"source_image\": 7}", "INVALID_SOURCE_IMAGE", "a number"},
		{"{\"source_image\": \"s\", \"reference_image\": \"a/b\"}",
			"INVALID_REFERENCE_IMAGE", "reference_image"},
		{"{\"source_image\": \"s\", \"config\": {\"bg_image\": []}}",
			"INVALID_REFERENCE_IMAGE", "bg_image"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct params_problem problem = {0};
		char text[200];

		assert_int_equal(find(cases[i].task, &problem, text, sizeof(text)), -EINVAL);
		assert_string_equal(problem.code, cases[i].code);
		if (!strstr(problem.message, cases[i].word)) {
			fail_msg("%s: %s", cases[i].task, problem.message);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_filled_in),
		cmocka_unit_test(good_values_are_taken),
		cmocka_unit_test(bad_values_are_named),
		cmocka_unit_test(unknown_members_are_listed),
		cmocka_unit_test(pictures_are_found_in_order),
		cmocka_unit_test(missing_and_malformed_pictures_are_named),
	};

	return cmocka_run_group_tests(tests, read_descriptor, free_descriptor);
}
