#include "http/setting.h"

#include <curl/curl.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"

#define KEY_PLACE "{api_key}"

static const struct {
	const char *name;
	int64_t fallback_s;
} stages[HTTP_STAGES] = {
	[HTTP_UPLOAD] = {"upload_timeout", 60},
	[HTTP_SUBMIT] = {"submit_timeout", 45},
	[HTTP_POLL] = {"poll_timeout", 15},
	[HTTP_DOWNLOAD] = {"download_timeout", 60},
};

int setting_text(
	struct json_object *section, const char *name, struct err *err, const char **ret_text)
{
	if (json_get_string(section, name, ret_text) == -EINVAL) {
		return err_set(err, -EINVAL, "%s must be a text in double quotes", name);
	}
	return 0;
}

int setting_number(struct json_object *section, const char *name, int64_t min, int64_t max,
	struct err *err, int64_t *ret_number)
{
	int64_t number;
	int result = json_get_int(section, name, &number);

	if (result == -ENOENT) {
		return 0;
	}
	if (result < 0 || number < min || number > max) {
		return err_set(err, -EINVAL, "%s must be a whole number from %lld to %lld", name,
			(long long)min, (long long)max);
	}
	*ret_number = number;
	return 0;
}

int setting_bool(struct json_object *section, const char *name, struct err *err, bool *ret_bool)
{
	if (json_get_bool(section, name, ret_bool) == -EINVAL) {
		return err_set(err, -EINVAL, "%s must be true or false", name);
	}
	return 0;
}

int setting_list(struct json_object *section, const char *name, struct err *err,
	struct json_object **ret_list)
{
	struct json_object *value = json_member(section, name);
	struct json_object *list;

	if (!value) {
		return 0;
	}
	if (json_object_is_type(value, json_type_string)) {
		list = json_object_new_array();
		if (!list || json_object_array_add(list, json_object_get(value)) < 0 ||
			json_object_object_add(section, name, list) < 0) {
			json_object_put(list);
			return err_set(err, -ENOMEM, "there is no memory");
		}
		value = list;
	}
	if (!json_object_is_type(value, json_type_array)) {
		return err_set(err, -EINVAL, "%s must be a list of texts in double quotes", name);
	}
	for (size_t i = 0; i < json_object_array_length(value); i++) {
		if (!json_object_is_type(json_object_array_get_idx(value, i), json_type_string)) {
			return err_set(
				err, -EINVAL, "%s must be a list of texts in double quotes", name);
		}
	}
	*ret_list = value;
	return 0;
}

static bool has_part(CURLU *url, CURLUPart part)
{
	char *text = NULL;
	bool has = curl_url_get(url, part, &text, 0) == CURLUE_OK;

	curl_free(text);
	return has;
}

int setting_url(const char *name, const char *text, struct err *err, struct buf *out)
{
	size_t len = strlen(text);
	CURLU *url = curl_url();
	int result = 0;

	if (!url) {
		return err_set(err, -ENOMEM, "there is no memory");
	}
	if (strncmp(text, "http://", 7) != 0 && strncmp(text, "https://", 8) != 0) {
		result = err_set(err, -EINVAL,
			"%s is \"%.200s\": it must begin with http:// or https://", name, text);
	} else if (curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK) {
		result = err_set(err, -EINVAL, "%s is \"%.200s\", which is no address", name, text);
	} else if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD)) {
		/* not shown: it has a password */
		result = err_set(err, -EINVAL,
			"%s has a user or a password in it; use headers = {\"Authorization: "
			"...\"}",
			name);
	} else if (has_part(url, CURLUPART_FRAGMENT)) {
		result = err_set(err, -EINVAL, "%s is \"%.200s\": take the # away", name, text);
	}
	curl_url_cleanup(url);
	while (len > 0 && text[len - 1] == '/') {
		len--;
	}
	if (result == 0) {
		buf_add(out, text, len);
	}
	return result;
}

/* A header with the key in it, as it is sent. */
static int make_header(
	struct http_setting *setting, const char *line, struct err *err, char **ret_line)
{
	const char *place = strstr(line, KEY_PLACE);
	const char *colon = strchr(line, ':');
	struct buf whole = {0};

	if (!colon || colon == line || strpbrk(line, "\r\n")) {
		return err_set(
			err, -EINVAL, "headers must be texts such as \"Name: value\"; one is not");
	}
	if (place && !setting->api_key) {
		return err_set(err, -EINVAL,
			"headers have {api_key}, but there is no key; set api_key_file");
	}
	buf_add(&whole, line, place ? (size_t)(place - line) : strlen(line));
	if (place) {
		buf_add_text(&whole, setting->api_key);
		buf_add_text(&whole, place + strlen(KEY_PLACE));
	}
	*ret_line = buf_failed(&whole) ? NULL : strdup(buf_cstr(&whole));
	buf_finish(&whole);
	return *ret_line ? 0 : err_set(err, -ENOMEM, "there is no memory");
}

static int read_headers(struct http_setting *setting, struct err *err)
{
	struct json_object *list = NULL;
	int result = setting_list(setting->section, "headers", err, &list);

	if (result == 0 && list && json_object_array_length(list) > SETTING_HEADERS) {
		return err_set(err, -EINVAL, "there may be %d headers", SETTING_HEADERS);
	}
	for (size_t i = 0; result == 0 && list && i < json_object_array_length(list); i++) {
		const char *line = json_object_get_string(json_object_array_get_idx(list, i));

		result = make_header(setting, line, err, &setting->headers[i]);
	}
	return result;
}

static int read_times(struct http_setting *setting, struct err *err)
{
	int64_t seconds = 10;
	int result = setting_number(
		setting->section, "connect_timeout", 1, LIMIT_TIMEOUT_S, err, &seconds);

	setting->connect_ms = (uint32_t)seconds * 1000;
	for (int i = 0; result == 0 && i < HTTP_STAGES; i++) {
		seconds = stages[i].fallback_s;
		result = setting_number(
			setting->section, stages[i].name, 1, LIMIT_TIMEOUT_S, err, &seconds);
		setting->stage_ms[i] = (uint32_t)seconds * 1000;
	}
	return result;
}

/* An executor has no environment; libcurl looks for proxies there. */
static void take_environment(struct json_object *variables)
{
	if (json_object_is_type(variables, json_type_object)) {
		json_object_object_foreach(variables, name, value)
		{
			(void)setenv(name, json_object_get_string(value), 1);
		}
	}
}

int setting_read(struct http_setting *setting, const char *section, struct err *err)
{
	int64_t megabytes = LIMIT_ANSWER_PICTURE >> 20;
	int result =
		json_parse(section, strlen(section), LIMIT_CONFIG_FILE, err, &setting->section);

	if (result == 0) {
		take_environment(json_member(setting->section, "environment"));
		setting->ca_file = getenv("SSL_CERT_FILE");
		result = setting_text(setting->section, "api_key", err, &setting->api_key);
	}
	if (result == 0) {
		result = setting_text(setting->section, "proxy", err, &setting->proxy);
	}
	if (result == 0) {
		result = setting_text(setting->section, "ca_file", err, &setting->ca_file);
	}
	if (result == 0) {
		result =
			setting_number(setting->section, "max_result_mb", 1, 1024, err, &megabytes);
		setting->max_bytes = (size_t)megabytes << 20;
	}
	if (result == 0) {
		result = read_times(setting, err);
	}
	return result < 0 ? result : read_headers(setting, err);
}

void setting_finish(struct http_setting *setting)
{
	for (size_t i = 0; setting->headers[i]; i++) {
		free(setting->headers[i]);
	}
	json_object_put(setting->section);
	*setting = (struct http_setting){0};
}
