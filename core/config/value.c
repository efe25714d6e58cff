#include "config/value.h"

#include "base/buf.h"
#include "base/err.h"
#include "config/options.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

struct unit {
	const char *name;
	int64_t factor;
};

/* The largest first, as numbers are written with the first that divides them. */
static const struct unit times[] = {{"d", INT64_C(86400000)}, {"h", 3600000}, {"m", 60000},
	{"min", 60000}, {"s", 1000}, {"ms", 1}, {"", 1000}, {NULL, 0}};
static const struct unit sizes[] = {{"GiB", INT64_C(1) << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"GB", 1000000000}, {"MB", 1000000}, {"kB", 1000}, {"KB", 1000}, {"B", 1}, {"", 1},
	{NULL, 0}};
static const struct unit plain[] = {{"", 1}, {NULL, 0}};

static const struct unit *units_of(const struct option *option)
{
	return option->type == OPTION_DURATION ? times
		: option->type == OPTION_SIZE  ? sizes
					       : plain;
}

static int refuse(const struct option *option, const char *text, struct err *err)
{
	if (option->type == OPTION_DURATION) {
		return err_set(err, -EINVAL,
			"%s wants a time such as 250ms, 2s, 5m or 1h, not \"%.60s\"", option->name,
			text);
	}
	if (option->type == OPTION_SIZE) {
		return err_set(err, -EINVAL, "%s wants a size such as 10MiB, not \"%.60s\"",
			option->name, text);
	}
	return err_set(err, -EINVAL, "%s wants a whole number, not \"%.60s\"", option->name, text);
}

static int refuse_range(const struct option *option, const char *text, struct err *err)
{
	struct buf range = {0};
	int result;

	value_format(option, option->min, &range);
	buf_add_text(&range, " to ");
	value_format(option, option->max, &range);
	result = err_set(err, -EINVAL, "%s is %.60s, but it must be from %s", option->name, text,
		buf_failed(&range) ? "another range" : buf_cstr(&range));
	buf_finish(&range);
	return result;
}

static int parse_number(
	const struct option *option, const char *text, struct err *err, int64_t *ret_value)
{
	bool negative = text[0] == '-';
	const char *digits = text + negative;
	const char *at = digits;
	int64_t value = 0;
	bool large = false;

	for (; isdigit((unsigned char)*at); at++) {
		large = large || __builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, *at - '0', &value);
	}
	if (at == digits) {
		return refuse(option, text, err);
	}
	if (digits[0] == '0' && isdigit((unsigned char)digits[1])) {
		return err_set(err, -EINVAL,
			"%s is \"%.60s\", which some read as octal; write it without the leading 0",
			option->name, text);
	}
	while (*at == ' ') {
		at++;
	}
	for (const struct unit *unit = units_of(option); unit->name != NULL; unit++) {
		if (strcmp(unit->name, at) == 0) {
			large = large || __builtin_mul_overflow(value, unit->factor, &value);
			value = negative ? -value : value;
			if (large || value < option->min || value > option->max) {
				return refuse_range(option, text, err);
			}
			*ret_value = value;
			return 0;
		}
	}
	return refuse(option, text, err);
}

static int parse_word(const struct option *option, const char *text, struct err *err,
	const char *const *words, int64_t *ret_value)
{
	struct buf list = {0};
	int result;

	for (int i = 0; words[i] != NULL; i++) {
		if (strcmp(words[i], text) == 0) {
			*ret_value = i;
			return 0;
		}
	}
	for (int i = 0; words[i] != NULL; i++) {
		const char *between = i == 0 ? "" : words[i + 1] == NULL ? " or " : ", ";

		buf_printf(&list, "%s%s", between, words[i]);
	}
	result = err_set(err, -EINVAL, "%s is %s, not \"%.60s\"", option->name,
		buf_failed(&list) ? "another word" : buf_cstr(&list), text);
	buf_finish(&list);
	return result;
}

int value_parse(const struct option *option, const char *text, struct err *err, int64_t *ret_value)
{
	static const char *const bools[] = {"false", "true", "no", "yes", "off", "on", NULL};
	int result;

	if (option->type == OPTION_CHOICE) {
		return parse_word(option, text, err, option->choices, ret_value);
	}
	if (option->type == OPTION_BOOL) {
		result = parse_word(option, text, err, bools, ret_value);
		if (result == 0) {
			*ret_value %= 2;
		}
		return result;
	}
	return parse_number(option, text, err, ret_value);
}

void value_format(const struct option *option, int64_t value, struct buf *out)
{
	if (option->type == OPTION_CHOICE) {
		buf_add_text(out, option->choices[value]);
		return;
	}
	if (option->type == OPTION_BOOL) {
		buf_add_text(out, value != 0 ? "true" : "false");
		return;
	}
	for (const struct unit *unit = units_of(option); unit->name != NULL; unit++) {
		if (value != 0 && value % unit->factor == 0) {
			buf_printf(out, "%lld%s", (long long)(value / unit->factor), unit->name);
			return;
		}
	}
	buf_printf(out, "%lld", (long long)value);
}

void value_quote(const char *text, struct buf *out)
{
	buf_add_char(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\' || *text == '$') {
			buf_add_char(out, '\\');
			buf_add_char(out, *text);
		} else if (*text == '\n') {
			buf_add_text(out, "\\n");
		} else if ((unsigned char)*text < 0x20 || *text == 0x7f) {
			buf_printf(out, "\\x%02x", (unsigned char)*text);
		} else {
			buf_add_char(out, *text);
		}
	}
	buf_add_char(out, '"');
}
