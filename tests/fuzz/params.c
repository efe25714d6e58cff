/* What a task sends, against the description of its mode: any JSON is parameters and pictures, or
 * has a code and a sentence; and what is let pass fits the description, also a second time. */
#include "plugin/params.h"

#include <json-c/json.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/ident.h"
#include "base/json.h"
#include "base/limits.h"
#include "plugin/descriptor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Each type and each rule of include/formy/plugin.h, after the numbers of the ABI. */
static const char description[] =
	", \"id\": \"a\", \"version\": \"1\", \"modes\": ["
	"{\"name\": \"EDIT\", \"output\": true, \"inputs\": ["
	" {\"role\": \"source\", \"member\": \"source_image\", \"required\": true},"
	" {\"role\": \"background\", \"members\": [\"background_image\", \"bg_image\"],"
	"  \"reference\": true, \"required_if\": {\"kind\": \"custom\"}},"
	" {\"role\": \"extra\", \"members\": [\"extra_image\"]}],"
	"\"params\": {"
	" \"kind\": {\"type\": \"string\", \"enum\": [\"custom\", \"preset\", \"remove\"],"
	"  \"default\": \"custom\"},"
	" \"preset\": {\"type\": \"string\", \"enum\": [\"white\"], \"pattern\": \"color\","
	"  \"required_if\": {\"kind\": \"preset\"}},"
	" \"blur\": {\"type\": \"number\", \"min\": 0, \"max\": 10, \"default\": 2},"
	" \"count\": {\"type\": \"integer\", \"min\": 1},"
	" \"match\": {\"type\": \"boolean\", \"default\": true},"
	" \"name\": {\"type\": \"string\", \"max_length\": 3},"
	" \"points\": {\"type\": \"array\", \"min_items\": 2, \"max_items\": 3},"
	" \"more\": {\"type\": \"object\"}}}]}";

static const struct descriptor_mode *mode;

static void expect(bool good)
{
	if (!good) {
		abort();
	}
}

static void read_mode(void)
{
	static struct descriptor *descriptor;
	struct buf text = {0};
	struct err err;

	/* of the numbers that this host takes, whichever they are */
	buf_printf(&text, "{\"abi_major\": %u, \"abi_minor\": %u%s", FORMY_ABI_MAJOR,
		FORMY_ABI_MINOR, description);
	expect(buf_cstr(&text) &&
		descriptor_from_json(text.data, text.len, &err, &descriptor) == 0);
	buf_finish(&text);
	mode = &descriptor->modes[0];
}

static void expect_words(const struct params_problem *problem)
{
	expect(problem->code && problem->message[0]);
}

static void expect_fit(struct json_object *config)
{
	double number = 0;

	if (json_member(config, "blur")) {
		expect(json_get_double(config, "blur", &number) == 0 && number >= 0 &&
			number <= 10);
	}
	if (json_member(config, "count")) {
		expect(json_get_double(config, "count", &number) == 0 && number >= 1 &&
			floor(number) == number);
	}
	expect(json_object_is_type(json_member(config, "kind"), json_type_string));
	expect(json_object_is_type(json_member(config, "match"), json_type_boolean));
}

static void find_pictures(struct json_object *task, struct json_object *config)
{
	struct params_problem problem = {0};
	struct params_inputs inputs = {0};

	if (params_find_inputs(mode, json_member(task, "source_image"),
		    json_member(task, "reference_image"), config, &problem, &inputs) < 0) {
		expect_words(&problem);
	}
	expect(inputs.count <= mode->input_count);
	for (size_t i = 0; i < inputs.count; i++) {
		const char *id = inputs.items[i].image_id;

		expect(ident_is_image_id(id, strlen(id)));
	}
}

static void check(struct json_object *task)
{
	struct json_object *config = json_member(task, "config");
	struct params_problem problem = {0};
	struct json_object *checked = NULL;
	struct json_object *again = NULL;
	struct json_object *unknown = json_object_new_object();

	if (params_check(mode, config, unknown, &problem, &checked) < 0) {
		expect_words(&problem);
	} else {
		expect_fit(checked);
		expect(params_check(mode, checked, NULL, &problem, &again) == 0);
		expect(json_object_equal(checked, again));
		find_pictures(task, checked);
	}
	json_object_put(checked);
	json_object_put(again);
	json_object_put(unknown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct json_object *task = NULL;

	if (!mode) {
		read_mode();
	}
	if (json_parse((const char *)data, len, LIMIT_TASK_DATA, NULL, &task) == 0 &&
		json_object_is_type(task, json_type_object)) {
		check(task);
	}
	json_object_put(task);
	return 0;
}
