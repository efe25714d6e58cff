#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/ident.h"
#include "base/json.h"
#include "base/limits.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/image_arg.h"
#include "cli/moment.h"
#include "cli/output_file.h"
#include "cli/task_config.h"
#include "cli/task_view.h"
#include "cli/wait.h"

/* What the command line asks for, as far as it can be judged here. */
struct request {
	struct image_arg source;
	struct image_arg reference;
	struct image_arg background;
	struct json_object *config;
	const char *mode;
	const char *output;
	bool wait;
	uint32_t timeout_ms;
	formy_priority priority;
	int64_t delay_ms;
	int64_t start_us;
};

static formy_priority read_priority(const char *text)
{
	if (text && strcmp(text, "high") == 0) {
		return FORMY_PRIORITY_HIGH;
	}
	return text && strcmp(text, "low") == 0 ? FORMY_PRIORITY_LOW : FORMY_PRIORITY_NORMAL;
}

/* Looks at all that can be wrong before anything is stored. */
static int read_request(struct cli *cli, const struct args *args, struct request *request)
{
	struct err err;
	const char *id = args_text(args, "id");

	request->mode = args_operand(args, 0);
	request->source =
		(struct image_arg){args_operand(args, 1), "SOURCE", FORMY_IMAGE_SOURCE, false, ""};
	request->reference = (struct image_arg){
		args_text(args, "reference"), "--reference", FORMY_IMAGE_REFERENCE, false, ""};
	request->background = (struct image_arg){
		args_text(args, "background"), "--background", FORMY_IMAGE_REFERENCE, false, ""};
	request->output = args_text(args, "output");
	request->wait = args_has(args, "wait");
	request->timeout_ms = (uint32_t)(args_number(args, "timeout", 0) * 1000);
	request->priority = read_priority(args_text(args, "priority"));
	if (!ident_is_mode(request->mode, strlen(request->mode))) {
		return cli_fail_usage(cli,
			"\"%s\" is no mode: modes are upper case, like BACKGROUND_CHANGE",
			request->mode);
	}
	if (id && !ident_is_task_id(id, strlen(id))) {
		return cli_fail_usage(cli,
			"--id %s: a task's id is of at most 128 letters, digits, '_', '-' and '.'",
			id);
	}
	if (!request->wait && (request->output || request->timeout_ms)) {
		return cli_fail_usage(cli, "%s needs --wait: only then is there a result",
			request->output ? "-o" : "--timeout");
	}
	if ((args_has(args, "delay") &&
		    moment_parse_delay(
			    "--delay", args_text(args, "delay"), &err, &request->delay_ms) < 0) ||
		(args_has(args, "at") &&
			moment_parse_time("--at", args_text(args, "at"), &err, &request->start_us) <
				0)) {
		return cli_fail_usage(cli, "%s", err.text);
	}
	if (task_config_make(args, &err, &request->config) < 0) {
		return cli_fail_usage(cli, "%s", err.text);
	}
	return request->output ? output_file_check(cli, request->output) : EXIT_OK;
}

/* An id that is given may be that of a task which is there: its pictures are not stored again. */
static void recognise_images(formy_client *client, struct request *request, const char *id)
{
	formy_task_info *task = NULL;
	struct json_object *json = NULL;
	const char *background = NULL;

	if (!id || formy_task_get(client, id, &task) < 0) {
		return;
	}
	if (json_parse(task->json, strlen(task->json), LIMIT_TASK_DATA * 2, NULL, &json) == 0) {
		(void)json_get_string(json_member(json_member(json, "data"), "config"),
			"background_image", &background);
	}
	image_arg_recognise(client, &request->source, task->source_image);
	image_arg_recognise(client, &request->reference, task->reference_image);
	image_arg_recognise(client, &request->background, background);
	json_object_put(json);
	formy_task_free(task);
}

static int store_images(
	struct cli *cli, formy_client *client, struct request *request, const char *id)
{
	struct image_arg *const images[] = {
		&request->source, &request->reference, &request->background};
	const size_t count = sizeof(images) / sizeof(images[0]);
	int result = EXIT_OK;

	for (size_t i = 0; result == EXIT_OK && i < count; i++) {
		result = image_arg_check(cli, client, images[i]);
	}
	/* nothing is stored for a task that cannot be made */
	if (result == EXIT_OK && formy_client_ping(client) < 0) {
		result = cli_fail_client(cli, client);
	}
	if (result == EXIT_OK) {
		recognise_images(client, request, id);
	}
	for (size_t i = 0; result == EXIT_OK && i < count; i++) {
		result = image_arg_store(cli, client, images[i]);
	}
	return result;
}

static int submit(struct cli *cli, formy_client *client, const struct args *args,
	const struct request *request, char id[FORMY_ID_SIZE])
{
	formy_submission task = {
		.size = sizeof(task),
		.mode = request->mode,
		.source = request->source.id,
		.reference = request->reference.text ? request->reference.id : NULL,
		.user = args_text(args, "user"),
		.id = args_text(args, "id"),
		.priority = request->priority,
		.delay_ms = request->delay_ms,
		.start_us = request->start_us,
	};

	if (request->background.text) {
		struct json_object *background = json_object_new_string(request->background.id);

		if (!background ||
			json_object_object_add(request->config, "background_image", background) <
				0) {
			json_object_put(background);
			return cli_fail(cli, "out of memory");
		}
	}
	task.config = json_text(request->config);
	if (!task.config) {
		return cli_fail(cli, "out of memory");
	}
	if (formy_submit(client, &task, id) < 0) {
		return cli_fail_client(cli, client);
	}
	return EXIT_OK;
}

/* The exit code by how it ended, and the sentence for it. */
static int report_end(struct cli *cli, const formy_task_info *task)
{
	struct buf text = {0};
	const char *sentence;

	task_view_add_end(&text, task);
	sentence = buf_failed(&text) ? formy_task_status_name(task->status) : buf_cstr(&text);
	if (task->status == FORMY_TASK_DONE) {
		if (cli->error_tty || cli->verbose) {
			cli_say(cli, "%s", sentence);
		}
	} else {
		(void)cli_fail(cli, "%s %s", task->id, sentence);
	}
	buf_finish(&text);
	switch (task->status) {
	case FORMY_TASK_DONE:
		return EXIT_OK;
	case FORMY_TASK_CANCELLED:
		return EXIT_CANCELLED;
	default:
		return EXIT_FAILED;
	}
}

static int wait_and_fetch(
	struct cli *cli, formy_client *client, const struct request *request, const char *id)
{
	formy_task_info *task = NULL;
	int result = wait_for_task(cli, client, id, request->timeout_ms, &task);

	if (result != EXIT_OK) {
		return result;
	}
	if (cli->json) {
		result = cli_print_json(cli, task->json);
	}
	if (result == EXIT_OK) {
		result = report_end(cli, task);
	}
	if (result == EXIT_OK && request->output) {
		result = output_file_write_result(cli, client, task, request->output);
	}
	formy_task_free(task);
	return result;
}

/* A task of that id may have been there, and be anywhere by now. */
static int print_task(struct cli *cli, formy_client *client, const char *id)
{
	formy_task_info *task = NULL;
	const char *status = "pending";
	int result;

	if (formy_task_get(client, id, &task) == FORMY_CLIENT_OK) {
		status = formy_task_status_name(task->status);
	}
	result = cli_print_object(cli, "task_id", id, "status", status, (const char *)NULL);
	formy_task_free(task);
	return result;
}

static int run(struct cli *cli, const struct args *args)
{
	struct request request = {0};
	formy_client *client = NULL;
	char id[FORMY_ID_SIZE];
	int result = read_request(cli, args, &request);

	if (result == EXIT_OK) {
		result = cli_open_client(cli, &client);
	}
	if (result == EXIT_OK) {
		result = store_images(cli, client, &request, args_text(args, "id"));
	}
	if (result == EXIT_OK) {
		result = submit(cli, client, args, &request, id);
	}
	if (result == EXIT_OK && cli->json && !request.wait) {
		result = print_task(cli, client, id);
	} else if (result == EXIT_OK && !cli->json) {
		struct buf line = {0};

		buf_printf(&line, "%s\n", id);
		result = cli_print(cli, &line);
	}
	if (result == EXIT_OK && request.wait) {
		/* who reads the id shall have it while the task runs */
		result = cli_flush(cli);
	}
	if (result == EXIT_OK && request.wait) {
		result = wait_and_fetch(cli, client, &request, id);
	}
	json_object_put(request.config);
	return result;
}

static const char *const priorities[] = {"high", "normal", "low", NULL};

const struct command cmd_submit = {
	.words = "submit",
	.summary = "creates a task and prints its id",
	.operands =
		(const struct operand_spec[]){
			{"MODE", "what shall be done, like BACKGROUND_CHANGE", VALUE_MODE, false},
			{"SOURCE", "the picture: a file, which is stored first, or an image id",
				VALUE_IMAGE, false},
			{0},
		},
	.options =
		(const struct option_spec[]){
			{.name = "reference",
				.type = OPTION_TEXT,
				.value = "IMAGE",
				.kind = VALUE_IMAGE,
				.help = "the second picture of modes that take one: a file or an "
					"image id"},
			{.name = "background",
				.type = OPTION_TEXT,
				.value = "IMAGE",
				.kind = VALUE_IMAGE,
				.help = "sets background_image: a file or an image id"},
			{.name = "set",
				.type = OPTION_TEXT,
				.value = "NAME=VALUE",
				.repeats = true,
				.help = "sets a member of the mode's config; true, false, numbers "
					"and other JSON keep their type, the rest is text"},
			{.name = "config",
				.type = OPTION_TEXT,
				.value = "JSON",
				.repeats = true,
				.help = "merges an object into the mode's config"},
			{.name = "priority",
				.type = OPTION_CHOICE,
				.value = "PRIORITY",
				.choices = priorities,
				.help = "which queue it waits in"},
			{.name = "user",
				.type = OPTION_TEXT,
				.value = "ID",
				.help = "whose task it is: limits count by user"},
			{.name = "id",
				.type = OPTION_TEXT,
				.value = "TASK_ID",
				.help = "gives the task this id; a task that has it already, with "
					"the same mode, pictures and config, is taken for this "
					"one"},
			{.name = "delay",
				.type = OPTION_TEXT,
				.value = "TIME",
				.help = "starts it no sooner than so long from now: 30s, 5m, 1h"},
			{.name = "at",
				.type = OPTION_TEXT,
				.value = "TIME",
				.help = "starts it no sooner than then: 2026-11-17T10:00:00, UTC "
					"or "
					"with a zone"},
			{.name = "wait", .help = "shows the progress and ends with the task"},
			{.name = "output",
				.letter = 'o',
				.type = OPTION_TEXT,
				.value = "FILE",
				.kind = VALUE_FILE,
				.help = "with --wait: writes the output image there"},
			{.name = "timeout",
				.type = OPTION_NUMBER,
				.value = "SECONDS",
				.min = 1,
				.max = 1000000,
				.help = "with --wait: waits no longer; the task goes on"},
			{0},
		},
	.examples =
		(const struct example[]){
			{"formy submit BACKGROUND_CHANGE photo.jpg --set background_type=remove "
			 "--wait -o cut.png",
				"cuts the person out and writes the picture"},
			{"formy submit BACKGROUND_CHANGE photo.jpg --background beach.jpg --wait "
			 "-o beach.png",
				"puts the person before another picture"},
			{"formy submit HEAD_SWAP model.jpg --reference garment.jpg --priority high",
				"puts a head on another body, before the others"},
			{"formy submit POSE_CHANGE img_20261117_k3v9x0q2a7 "
			 "--config '{\"target_pose\": \"arms_up\"}'",
				"takes a picture that is stored already"},
			{0},
		},
	.notes = "Exit codes with --wait: 0 done, 1 failed, 3 cancelled; 130 after Ctrl-C, and "
		 "the task goes on.",
	.run = run,
};
