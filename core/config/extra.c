#include "config/extra.h"

#include "base/buf.h"
#include "base/json.h"
#include "config/value.h"

#include <ctype.h>
#include <errno.h>
#include <json-c/json.h>
#include <math.h>
#include <string.h>
#include <strings.h>

/* Members by which people would write a key itself; the key belongs into a file of its own. */
static const char *const key_names[] = {
	"api_key", "apikey", "api-key", "api_token", "access_token", "secret_key", "secret", NULL};

static bool looks_like_number(const char *text)
{
	return isdigit((unsigned char)text[text[0] == '-']) != 0;
}

static bool has_octal_look(const char *text)
{
	text += text[0] == '-';
	return text[0] == '0' && strspn(text, "0123456789") == strlen(text) && text[1] != '\0';
}

static struct json_object *make_value(const struct document_value *value)
{
	struct json_object *number = NULL;
	size_t len = strlen(value->text);

	if (!value->quoted &&
		(strcmp(value->text, "true") == 0 || strcmp(value->text, "false") == 0)) {
		return json_object_new_boolean(value->text[0] == 't');
	}
	if (!value->quoted && looks_like_number(value->text) &&
		json_parse(value->text, len, len, NULL, &number) == 0) {
		if (!json_object_is_type(number, json_type_double) ||
			isfinite(json_object_get_double(number))) {
			return number;
		}
		json_object_put(number);
	}
	return json_object_new_string_len(value->text, (int)len);
}

static struct json_object *make_list(const struct document_member *member)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; list != NULL && i < member->value_count; i++) {
		struct json_object *value = make_value(&member->values[i]);

		if (value == NULL || json_object_array_add(list, value) < 0) {
			json_object_put(value);
			json_object_put(list);
			return NULL;
		}
	}
	return list;
}

int extra_add(struct json_object *extra, const struct document_member *member, struct place place,
	struct config_problems *problems)
{
	struct json_object *value;

	for (size_t i = 0; key_names[i] != NULL; i++) {
		if (strcasecmp(member->name, key_names[i]) == 0) {
			problems_add(problems, place,
				"a key never stands in the file, as %s does; use api_key_file or "
				"the environment variable",
				member->name);
			return -EINVAL;
		}
	}
	if (member->append) {
		problems_add(problems, place, "%s takes = and one list; += is for plugin_dirs",
			member->name);
		return -EINVAL;
	}
	for (size_t i = 0; i < member->value_count; i++) {
		if (!member->values[i].quoted && has_octal_look(member->values[i].text)) {
			problems_add(problems, place,
				"%s is %s: write a number without the leading 0, and text in "
				"double quotes",
				member->name, member->values[i].text);
			return -EINVAL;
		}
	}
	value = member->list ? make_list(member) : make_value(&member->values[0]);
	if (value == NULL || json_object_object_add(extra, member->name, value) < 0) {
		json_object_put(value);
		return -ENOMEM;
	}
	return 0;
}

static bool ends_in(const char *name, const char *const endings[])
{
	size_t len = strlen(name);

	for (size_t i = 0; endings[i] != NULL; i++) {
		size_t end = strlen(endings[i]);

		if (len >= end && strcasecmp(name + len - end, endings[i]) == 0) {
			return true;
		}
	}
	return false;
}

/* What its reader would not want to see in a bug report: texts with such names, the values of
 * headers, and user and password in an address. */
static void print_text(const char *name, const char *text, struct buf *out)
{
	static const char *const secrets[] = {"password", "secret", "token", NULL};
	static const char *const headers[] = {"header", "headers", NULL};
	const char *colon = strchr(text, ':');
	const char *scheme = strstr(text, "://");
	const char *at = scheme ? memrchr(scheme + 3, '@', strcspn(scheme + 3, "/?#")) : NULL;
	const char *from = NULL;
	const char *to = text + strlen(text);
	struct buf shown = {0};

	if (ends_in(name, secrets)) {
		from = text;
	} else if (ends_in(name, headers)) {
		from = colon ? colon + 1 + strspn(colon + 1, " ") : text;
	} else if (at) {
		from = scheme + 3;
		to = at;
	}
	if (!from) {
		value_quote(text, out);
		return;
	}
	buf_add(&shown, text, (size_t)(from - text));
	buf_printf(&shown, "***%s", to);
	value_quote(buf_failed(&shown) ? "***" : buf_cstr(&shown), out);
	buf_finish(&shown);
}

static void print_value(const char *name, struct json_object *value, struct buf *out)
{
	if (json_object_is_type(value, json_type_string)) {
		print_text(name, json_object_get_string(value), out);
	} else if (json_object_is_type(value, json_type_array)) {
		buf_add_char(out, '{');
		for (size_t i = 0; i < json_object_array_length(value); i++) {
			buf_add_text(out, i == 0 ? "" : ", ");
			print_value(name, json_object_array_get_idx(value, i), out);
		}
		buf_add_char(out, '}');
	} else {
		buf_add_text(out, json_text(value));
	}
}

void extra_print(struct json_object *extra, struct buf *out)
{
	json_object_object_foreach(extra, name, value)
	{
		buf_printf(out, "\t%s = ", name);
		print_value(name, value, out);
		buf_add_char(out, '\n');
	}
}
