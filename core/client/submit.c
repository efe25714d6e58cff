#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "base/ident.h"
#include "base/json.h"
#include "base/limits.h"
#include "client/handle.h"

/* An object out of a caller's text; NULL makes an empty one. */
static int read_object(
	const char *text, const char *what, struct err *err, struct json_object **ret_object)
{
	struct json_object *value = NULL;
	struct err why;
	int result = json_parse(
		text ? text : "{}", text ? strlen(text) : 2, LIMIT_TASK_DATA, &why, &value);

	if (result < 0) {
		return err_set(err, result, "%s: %s", what, why.text);
	}
	if (!json_object_is_type(value, json_type_object)) {
		result = err_set(err, -EINVAL, "%s is %s, and must be an object", what,
			json_type_name(value));
		json_object_put(value);
		return result;
	}
	*ret_object = value;
	return 0;
}

/* Puts a value that is the caller's to give away; NULL is out of memory. */
static int put(struct json_object *data, const char *name, struct json_object *value)
{
	if (!value || json_object_object_add(data, name, value) < 0) {
		json_object_put(value);
		return -ENOMEM;
	}
	return 0;
}

static int put_text(struct json_object *data, const char *name, const char *text)
{
	return text ? put(data, name, json_object_new_string(text)) : 0;
}

static int make_data(
	const formy_submission *submission, struct err *err, struct json_object **ret_data)
{
	struct json_object *data = NULL;
	struct json_object *config = NULL;
	int result = read_object(submission->extra, "extra", err, &data);

	if (result == 0) {
		result = read_object(submission->config, "config", err, &config);
	}
	if (result < 0) {
		json_object_put(data);
		return result;
	}
	if (put_text(data, "mode", submission->mode) < 0 ||
		put_text(data, "source_image", submission->source) < 0 ||
		put_text(data, "reference_image", submission->reference) < 0 ||
		put_text(data, "user_id", submission->user) < 0) {
		json_object_put(config);
		json_object_put(data);
		return err_set(err, -ENOMEM, "out of memory");
	}
	if (put(data, "config", config) < 0) {
		json_object_put(data);
		return err_set(err, -ENOMEM, "out of memory");
	}
	*ret_data = data;
	return 0;
}

static int check(const formy_submission *submission, struct err *err)
{
	if (submission->flags != 0) {
		return err_set(err, -EINVAL, "the task has flags that this libformy lacks");
	}
	if (!submission->mode || !ident_is_mode(submission->mode, strlen(submission->mode))) {
		return err_set(err, -EINVAL,
			"the mode is missing or no mode's name: those are like BACKGROUND_CHANGE");
	}
	if (!submission->source ||
		!ident_is_image_id(submission->source, strlen(submission->source))) {
		return err_set(err, -EINVAL, "the source is missing or no image's id");
	}
	if (submission->reference &&
		!ident_is_image_id(submission->reference, strlen(submission->reference))) {
		return err_set(err, -EINVAL, "the reference is no image's id");
	}
	if (submission->delay_ms < 0 || submission->start_us < 0) {
		return err_set(err, -EINVAL, "a task cannot start before now");
	}
	if (submission->user && strlen(submission->user) > LIMIT_USER_ID) {
		return err_set(err, -EINVAL, "a user's id has at most %d bytes", LIMIT_USER_ID);
	}
	return 0;
}

static enum task_priority priority_of(formy_priority priority)
{
	switch (priority) {
	case FORMY_PRIORITY_HIGH:
		return TASK_HIGH;
	case FORMY_PRIORITY_LOW:
		return TASK_LOW;
	default:
		return TASK_NORMAL;
	}
}

static int enqueue(formy_client *client, const formy_submission *submission,
	struct json_object *data, char ret_id[FORMY_ID_SIZE])
{
	char id[FORMY_ID_SIZE];
	struct task_new task = {
		.id = submission->id,
		.data = json_text(data),
		.priority = priority_of(submission->priority),
		.delay_ms = submission->delay_ms,
		.start_ms = submission->start_us / 1000,
	};
	int result;

	if (!task.data) {
		return handle_fail(client, FORMY_CLIENT_E_MEMORY, "out of memory");
	}
	if (!task.id) {
		ident_make("task", id);
		task.id = id;
	}
	result = handle_begin(client);
	if (result < 0) {
		return result;
	}
	result = task_enqueue(&client->desk, &task, &client->err);
	if (result == -ECONNRESET) {
		/* the same id with the same data is the same task, so this is no second one */
		result = task_enqueue(&client->desk, &task, &client->err);
	}
	if (result == 0) {
		(void)text_copy(ret_id, FORMY_ID_SIZE, task.id);
	}
	return handle_code(result);
}

int formy_submit(
	formy_client *client, const formy_submission *submission, char ret_id[FORMY_ID_SIZE])
{
	formy_submission known;
	struct json_object *data = NULL;
	int result;

	if (handle_read_struct(submission, &known, sizeof(known)) < 0) {
		return handle_fail(client, FORMY_CLIENT_E_ARGUMENT, "the task lacks its size");
	}
	result = check(&known, &client->err);
	if (result == 0) {
		result = make_data(&known, &client->err, &data);
	}
	if (result < 0) {
		return handle_code(result);
	}
	result = enqueue(client, &known, data, ret_id);
	json_object_put(data);
	return result;
}
