#include "executor/finish.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "executor/task.h"
#include "image/sniff.h"
#include "pixels/pixels.h"
#include "wire/control.h"
#include "wire/msg.h"

#define PATH_SIZE 4096

static formy_status bug(formy_task *task, const char *message, const char *details)
{
	return task_fail(task, FORMY_E_INTERNAL, "INTERNAL_ERROR", message, details);
}

static bool is_stopped(const formy_task *task)
{
	return task->setting.control && control_stopped(task->setting.control, task->job) != 0;
}

static formy_status write_failed(formy_task *task, int result, const char *what)
{
	if (result == -ENOSPC || result == -EDQUOT) {
		return task_fail(task, FORMY_E_STORAGE, "STORAGE_FULL",
			"There is no room left for the result.", what);
	}
	if (result == -ENOMEM) {
		return task_fail(task, FORMY_E_NOMEM, NULL,
			"There is not enough memory to write the result.", what);
	}
	return task_fail(task, FORMY_E_STORAGE, "RESULT_SAVE_FAILED",
		"The result could not be written.", what);
}

/* PNG keeps what JPEG would lose: an alpha channel, and the exactness of a source that was PNG. */
static enum image_type choose_type(const formy_task *task, const struct pixels *output)
{
	const struct task_input *source = task->input_count > 0 ? &task->inputs[0] : NULL;
	struct image_info info;

	if (output->channels == FORMY_RGBA8) {
		return IMAGE_PNG;
	}
	for (size_t i = 0; i < task->input_count; i++) {
		if (strcmp(task->inputs[i].role, "source") == 0) {
			source = &task->inputs[i];
		}
	}
	if (source && sniff_fd(source->fd, NULL, &info) == 0 && info.type == IMAGE_PNG) {
		return IMAGE_PNG;
	}
	return IMAGE_JPEG;
}

/* The inputs in their order, those that cannot be decoded left out, and the output. */
static formy_status write_comparison(
	formy_task *task, const struct pixels *output, const char *path, struct err *err)
{
	const struct pixels *pictures[LIMIT_TASK_INPUTS + 1];
	size_t count = 0;
	uint64_t size;
	int result;

	for (size_t i = 0; i < task->input_count; i++) {
		const struct pixels *pixels = NULL;

		if (task_decode_input(task, task->inputs[i].role, &pixels) == FORMY_OK) {
			pictures[count++] = pixels;
		} else {
			task_log(task, FORMY_LOG_WARNING,
				"A picture that the plugin did not read cannot be decoded; the "
				"comparison does not show it.");
		}
	}
	pictures[count++] = output;
	result = pixels_write_comparison(pictures, count, path, err, &size);
	return result < 0 ? write_failed(task, result, err->text) : FORMY_OK;
}

/* Which engine did the work, and what it says of that. */
static void add_engine(formy_task *task, struct json_object *facts)
{
	struct json_object *engine =
		task->engine_facts ? json_object_get(task->engine_facts) : json_object_new_object();

	if (engine) {
		json_object_object_add(engine, "name",
			json_object_new_string(task->setting.engines[ENGINE_MAIN].name));
		json_object_object_add(facts, "engine", engine);
	}
}

/* The host's own facts count more than what a plugin calls so. */
static formy_status write_metadata(formy_task *task, const struct pixels *output,
	enum image_type type, uint64_t size, struct buf *out)
{
	struct json_object *facts = task->facts ? task->facts : json_object_new_object();
	const char *text = NULL;

	task->facts = facts;
	if (facts && output) {
		json_object_object_add(facts, "width", json_object_new_int64(output->width));
		json_object_object_add(facts, "height", json_object_new_int64(output->height));
		json_object_object_add(
			facts, "format", json_object_new_string(image_type_name(type)));
		json_object_object_add(facts, "size", json_object_new_int64((int64_t)size));
	}
	if (facts && task->engine_used) {
		add_engine(task, facts);
	}
	text = facts ? json_text(facts) : NULL;
	if (text) {
		buf_add_text(out, text);
	}
	if (!text || buf_failed(out)) {
		return task_fail(task, FORMY_E_NOMEM, NULL,
			"There is not enough memory for the result's metadata.", NULL);
	}
	return FORMY_OK;
}

static formy_status write_pictures(
	formy_task *task, const struct pixels *output, const char *scratch, struct finish *finish)
{
	struct pixels_encoding how = {.type = choose_type(task, output)};
	char path[PATH_SIZE];
	struct err err = {0};
	uint64_t size = 0;
	uint64_t thumbnail_size;
	formy_status status;
	int result;

	/* the files of the job before may still be on their way */
	(void)snprintf(finish->output, sizeof(finish->output), "output-%llu.%s",
		(unsigned long long)task->job, image_type_extension(how.type));
	if (fs_join(path, sizeof(path), scratch, finish->output) < 0) {
		return bug(task, "The path of the scratch folder is too long.", scratch);
	}
	result = pixels_write(output, &how, path, &err, &size);
	if (result < 0) {
		return write_failed(task, result, err.text);
	}
	(void)snprintf(finish->thumbnail, sizeof(finish->thumbnail), "thumb-%llu.jpg",
		(unsigned long long)task->job);
	(void)fs_join(path, sizeof(path), scratch, finish->thumbnail);
	result = pixels_write_thumbnail(output, path, &err, &thumbnail_size);
	if (result < 0) {
		return write_failed(task, result, err.text);
	}
	if (task->input_count > 0) {
		(void)snprintf(finish->comparison, sizeof(finish->comparison),
			"comparison-%llu.jpg", (unsigned long long)task->job);
		(void)fs_join(path, sizeof(path), scratch, finish->comparison);
		status = write_comparison(task, output, path, &err);
		if (status != FORMY_OK) {
			return status;
		}
	}
	return write_metadata(task, output, how.type, size, &finish->metadata);
}

static formy_status succeed(
	formy_task *task, uint32_t mode_flags, const char *scratch, struct finish *finish)
{
	const struct pixels *output = task_find_picture(&task->results, "output");

	if (!output && !(mode_flags & FORMY_MODE_NO_OUTPUT)) {
		return bug(task, "The plugin returned success without a result.",
			"run() returned FORMY_OK and never called result(\"output\")");
	}
	if (!output) {
		return write_metadata(task, NULL, IMAGE_JPEG, 0, &finish->metadata);
	}
	if (is_stopped(task)) {
		return FORMY_E_CANCELLED;
	}
	progress_report(&task->progress, 1000, "Saving the result");
	return write_pictures(task, output, scratch, finish);
}

static const char *text_or_null(const char *text)
{
	return text[0] ? text : NULL;
}

void finish_task(formy_task *task, formy_status status, uint32_t mode_flags, const char *scratch,
	struct finish *finish, struct msg_outcome *ret_outcome)
{
	struct msg_outcome outcome = {.job = task->job};

	if (status == FORMY_OK) {
		status = succeed(task, mode_flags, scratch, finish);
	} else if (status > 0) {
		status = bug(task, "The plugin returned a number that is no status.", NULL);
	} else if (status == FORMY_E_CANCELLED && !is_stopped(task)) {
		status =
			bug(task, "The plugin said that it was cancelled, which it was not.", NULL);
	}
	outcome.status = status;
	if (status == FORMY_OK) {
		outcome.metadata = buf_cstr(&finish->metadata);
		outcome.output = text_or_null(finish->output);
		outcome.thumbnail = text_or_null(finish->thumbnail);
		outcome.comparison = text_or_null(finish->comparison);
	} else if (task->failure.status == status) {
		outcome.code = text_or_null(task->failure.code);
		outcome.message = text_or_null(task->failure.message);
		outcome.details = text_or_null(task->failure.details);
		outcome.retry_ms = status == FORMY_E_BUSY ? task->later_ms : 0;
	}
	if (task->down.status != FORMY_OK) {
		outcome.down_code = task->down.code;
		outcome.down_reason = task->down.message;
	}
	*ret_outcome = outcome;
}

void finish_check(formy_task *task, formy_status status, struct finish *finish,
	struct msg_outcome *ret_outcome)
{
	const char *report = task->facts ? json_text(task->facts) : NULL;

	if (status > 0) {
		status = bug(task, "The engine's check returned a number that is no status.", NULL);
	}
	*ret_outcome = (struct msg_outcome){.job = task->job, .status = status};
	if (report && strlen(report) <= LIMIT_ENGINE_REPORT) {
		buf_add_text(&finish->metadata, report);
		ret_outcome->metadata = buf_cstr(&finish->metadata);
	}
	if (status != FORMY_OK && task->failure.status == status) {
		ret_outcome->code = text_or_null(task->failure.code);
		ret_outcome->message = text_or_null(task->failure.message);
		ret_outcome->details = text_or_null(task->failure.details);
	}
	if (task->down.status != FORMY_OK && status != FORMY_OK) {
		ret_outcome->code = text_or_null(task->down.code);
		ret_outcome->message = task->down.message;
	}
}

void finish_clear(struct finish *finish)
{
	finish->output[0] = '\0';
	finish->thumbnail[0] = '\0';
	finish->comparison[0] = '\0';
	buf_clear(&finish->metadata);
}
