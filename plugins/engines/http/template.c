#include "http/template.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "base/json.h"
#include "http/http.h"

#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:-"
#define NAME_BYTES 64

/* The length of the place that text begins with, its name without the braces; 0: it is none. */
static size_t place_at(const char *text, char name[NAME_BYTES])
{
	size_t len;

	if (text[0] != '{') {
		return 0;
	}
	len = strspn(text + 1, NAME_CHARACTERS);
	if (len == 0 || len >= NAME_BYTES || text[len + 1] != '}') {
		return 0;
	}
	memcpy(name, text + 1, len);
	name[len] = '\0';
	return len + 2;
}

static void add_value(struct json_object *value, enum template_form form, struct buf *out)
{
	const char *text = json_object_is_type(value, json_type_string)
		? json_object_get_string(value)
		: json_text(value);

	if (form == TEMPLATE_URL) {
		http_add_escaped(out, text ? text : "");
	} else {
		buf_add_text(out, text ? text : "");
	}
}

int template_text(const char *text, enum template_form form, template_find_fn *find, void *arg,
	struct err *err, struct buf *out)
{
	while (*text) {
		char name[NAME_BYTES];
		size_t len = place_at(text, name);
		struct json_object *value;

		if (len == 0) {
			buf_add_char(out, *text++);
			continue;
		}
		value = find(name, arg);
		if (!value) {
			return err_set(err, -ENOENT, "there is no value for {%s}", name);
		}
		add_value(value, form, out);
		json_object_put(value);
		text += len;
	}
	return buf_failed(out) ? err_set(err, -ENOMEM, "there is no memory") : 0;
}

/* What a value becomes: itself (*ret_changed false), another, or nothing (NULL). */
static int fill(struct json_object *value, template_find_fn *find, void *arg, struct err *err,
	bool *ret_changed, struct json_object **ret_value)
{
	struct buf whole = {0};
	char name[NAME_BYTES];
	const char *text;
	int result;

	if (!json_object_is_type(value, json_type_string)) {
		return template_json(value, find, arg, err);
	}
	text = json_object_get_string(value);
	if (!strchr(text, '{')) {
		return 0;
	}
	*ret_changed = true;
	if (place_at(text, name) == strlen(text)) {
		*ret_value = find(name, arg);
		return 0;
	}
	result = template_text(text, TEMPLATE_PLAIN, find, arg, err, &whole);
	if (result == 0) {
		*ret_value = json_object_new_string_len(whole.data, (int)whole.len);
	}
	buf_finish(&whole);
	return result;
}

static int fill_object(
	struct json_object *object, template_find_fn *find, void *arg, struct err *err)
{
	/* json-c lets the member at hand be replaced or removed in this loop */
	json_object_object_foreach(object, name, value)
	{
		struct json_object *other = NULL;
		bool changed = false;
		int result = fill(value, find, arg, err, &changed, &other);

		if (result < 0) {
			return result;
		}
		if (changed && !other) {
			json_object_object_del(object, name);
		} else if (changed && json_object_object_add(object, name, other) < 0) {
			json_object_put(other);
			return err_set(err, -ENOMEM, "there is no memory");
		}
	}
	return 0;
}

static int fill_array(struct json_object *array, template_find_fn *find, void *arg, struct err *err)
{
	for (size_t i = json_object_array_length(array); i-- > 0;) {
		struct json_object *other = NULL;
		bool changed = false;
		int result =
			fill(json_object_array_get_idx(array, i), find, arg, err, &changed, &other);

		if (result < 0) {
			return result;
		}
		if (changed && !other) {
			(void)json_object_array_del_idx(array, i, 1);
		} else if (changed && json_object_array_put_idx(array, i, other) < 0) {
			json_object_put(other);
			return err_set(err, -ENOMEM, "there is no memory");
		}
	}
	return 0;
}

int template_json(struct json_object *value, template_find_fn *find, void *arg, struct err *err)
{
	if (json_object_is_type(value, json_type_object)) {
		return fill_object(value, find, arg, err);
	}
	return json_object_is_type(value, json_type_array) ? fill_array(value, find, arg, err) : 0;
}
