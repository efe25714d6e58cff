#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "base/ident.h"
#include "base/json.h"
#include "base/limits.h"
#include "task/task.h"

static int fail(struct err *err, const char **ret_code, const char *code, const char *name,
	const char *what, struct json_object *found)
{
	*ret_code = code;
	return err_set(err, -EINVAL, "The member \"%s\" must be %s, not %s.", name, what,
		json_type_name(found));
}

static int read_text(struct json_object *data, const char *name, const char **ret_text,
	struct err *err, const char **ret_code)
{
	if (json_get_string(data, name, ret_text) == -EINVAL) {
		return fail(err, ret_code, "INVALID_REQUEST", name, "a string",
			json_member(data, name));
	}
	return 0;
}

static int read_mode(
	struct json_object *data, const char **ret_mode, struct err *err, const char **ret_code)
{
	int result = read_text(data, "mode", ret_mode, err, ret_code);

	if (result < 0) {
		*ret_code = "INVALID_MODE";
		return result;
	}
	if (!*ret_mode) {
		*ret_code = "MISSING_REQUIRED_PARAM";
		return err_set(err, -EINVAL, "The member \"mode\" of the task's data is missing.");
	}
	if (!ident_is_mode(*ret_mode, strlen(*ret_mode))) {
		*ret_code = "INVALID_MODE";
		return err_set(err, -EINVAL,
			"The member \"mode\" is not the name of a mode, which is written like "
			"BACKGROUND_CHANGE.");
	}
	return 0;
}

/* Who a task is for may have been written as a number. */
static int read_user(
	struct json_object *data, const char **ret_user, struct err *err, const char **ret_code)
{
	struct json_object *user = json_member(data, "user_id");

	if (user && !json_object_is_type(user, json_type_string) &&
		!json_object_is_type(user, json_type_int)) {
		return fail(err, ret_code, "INVALID_REQUEST", "user_id", "a string", user);
	}
	if (user) {
		const char *text = json_object_get_string(user);

		if (!text) {
			return -ENOMEM;
		}
		if (strlen(text) > LIMIT_USER_ID) {
			*ret_code = "INVALID_REQUEST";
			return err_set(err, -EINVAL,
				"The member \"user_id\" is longer than %d bytes.", LIMIT_USER_ID);
		}
		*ret_user = text;
	}
	return 0;
}

static int read_config(struct json_object *data, struct json_object **ret_config, struct err *err,
	const char **ret_code)
{
	struct json_object *config = json_member(data, "config");

	if (!config) {
		config = json_object_new_object();
		if (!config || json_object_object_add(data, "config", config) < 0) {
			json_object_put(config);
			return -ENOMEM;
		}
	}
	if (!json_object_is_type(config, json_type_object)) {
		return fail(err, ret_code, "INVALID_CONFIG", "config", "an object", config);
	}
	*ret_config = config;
	return 0;
}

/* Seconds, for any mode. */
static int read_timeout(
	struct json_object *config, int64_t *ret_timeout_ms, struct err *err, const char **ret_code)
{
	struct json_object *value = json_member(config, "timeout");
	int64_t timeout_ms;
	double seconds;

	if (!value) {
		return 0;
	}
	if (!json_object_is_type(value, json_type_double) &&
		!json_object_is_type(value, json_type_int)) {
		return fail(
			err, ret_code, "INVALID_CONFIG", "timeout", "a number of seconds", value);
	}
	seconds = json_object_get_double(value);
	if (!(seconds > 0)) {
		*ret_code = "INVALID_CONFIG";
		return err_set(err, -EINVAL,
			"The member \"timeout\" must be a number of seconds above 0.");
	}
	if (seconds > LIMIT_TIMEOUT_S) {
		seconds = LIMIT_TIMEOUT_S;
	}
	timeout_ms = (int64_t)(seconds * 1000);
	*ret_timeout_ms = timeout_ms + ((double)timeout_ms < seconds * 1000);
	return 0;
}

int task_request_parse(const char *data, size_t len, struct err *err, const char **ret_code,
	struct task_request *ret_request)
{
	struct task_request request = {0};
	struct err why = {{0}};
	int result = json_parse(data, len, LIMIT_TASK_DATA, &why, &request.data);

	if (result == -ENOMEM) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	if (result < 0) {
		*ret_code = "INVALID_REQUEST";
		return err_set(
			err, -EINVAL, "The field \"data\" cannot be read: %.400s.", why.text);
	}
	if (!json_object_is_type(request.data, json_type_object)) {
		*ret_code = "INVALID_REQUEST";
		result = err_set(err, -EINVAL, "The field \"data\" must be a JSON object, not %s.",
			json_type_name(request.data));
		goto out;
	}
	result = read_mode(request.data, &request.mode, err, ret_code);
	if (result == 0) {
		result = read_text(
			request.data, "source_image", &request.source_image, err, ret_code);
	}
	if (result == 0) {
		result = read_text(
			request.data, "reference_image", &request.reference_image, err, ret_code);
	}
	if (result == 0) {
		result = read_user(request.data, &request.user_id, err, ret_code);
	}
	if (result == 0) {
		result = read_config(request.data, &request.config, err, ret_code);
	}
	if (result == 0) {
		result = read_timeout(request.config, &request.timeout_ms, err, ret_code);
	}
out:
	if (result < 0) {
		task_request_finish(&request);
		return result;
	}
	*ret_request = request;
	return 0;
}

void task_request_finish(struct task_request *request)
{
	json_object_put(request->data);
	*request = (struct task_request){0};
}
