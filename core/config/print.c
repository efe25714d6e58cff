#include "config/config.h"

#include "base/buf.h"
#include "config/extra.h"
#include "config/store.h"
#include "config/value.h"

#include <string.h>

static void print_paths(const void *object, const struct option *option, struct buf *out)
{
	size_t count;
	char *const *paths = store_paths(object, option, &count);

	buf_add_char(out, '{');
	for (size_t i = 0; i < count; i++) {
		buf_add_text(out, i == 0 ? "" : ", ");
		value_quote(paths[i], out);
	}
	buf_add_char(out, '}');
}

static void print_option(
	const void *object, const struct option *option, const char *indent, struct buf *out)
{
	bool text = !store_is_number(option) && option->type != OPTION_PATHS;

	if (option->type == OPTION_URL || (text && store_text(object, option) == NULL)) {
		return;
	}
	buf_printf(out, "%s%s = ", indent, option->name);
	if (option->secret) {
		buf_add_text(out, "\"***\"");
	} else if (option->type == OPTION_PATHS) {
		print_paths(object, option, out);
	} else if (text) {
		value_quote(store_text(object, option), out);
	} else {
		value_format(option, store_number(object, option), out);
	}
	buf_add_char(out, '\n');
}

static void print_section(const void *object, const char *section, struct buf *out)
{
	for (size_t i = 0; i < option_count; i++) {
		if (strcmp(options[i].section, section) == 0) {
			print_option(object, &options[i], "\t", out);
		}
	}
}

/* The sections in a section; those of which nothing is set are left out. */
static void print_inner(const void *object, const char *section, struct buf *out)
{
	const char *inner = "";

	for (size_t i = 0; i < option_count; i++) {
		size_t outer = option_section_outer(options[i].section);
		struct buf body = {0};

		if (outer != strlen(section) || strcmp(options[i].section, inner) == 0 ||
			strncmp(options[i].section, section, outer) != 0) {
			continue;
		}
		inner = options[i].section;
		for (size_t k = i; k < option_count; k++) {
			if (strcmp(options[k].section, inner) == 0) {
				print_option(object, &options[k], "\t\t", &body);
			}
		}
		if (body.len > 0) {
			buf_printf(out, "\t%s {\n", inner + outer + 1);
			buf_add(out, body.data, body.len);
			buf_add_text(out, "\t}\n");
		}
		buf_finish(&body);
	}
}

void config_print(const struct config *config, struct buf *out)
{
	const char *section = "";

	for (size_t i = 0; i < option_count; i++) {
		if (option_section_is_open(options[i].section) ||
			option_section_outer(options[i].section) > 0 ||
			strcmp(options[i].section, section) == 0) {
			continue;
		}
		section = options[i].section;
		buf_printf(out, "%s {\n", section);
		print_section(config, section, out);
		print_inner(config, section, out);
		buf_add_text(out, "}\n");
	}
	for (size_t i = 0; i < config->engine_count; i++) {
		buf_printf(out, "engine \"%s\" {\n", config->engines[i].name);
		print_section(&config->engines[i], "engine", out);
		extra_print(config->engines[i].extra, out);
		buf_add_text(out, "}\n");
	}
	for (size_t i = 0; i < config->mode_count; i++) {
		buf_printf(out, "mode \"%s\" {\n", config->modes[i].name);
		print_section(&config->modes[i], "mode", out);
		extra_print(config->modes[i].extra, out);
		buf_add_text(out, "}\n");
	}
}

static bool is_same(const struct config *a, const struct config *b, const struct option *option)
{
	const char *text_a;
	const char *text_b;

	if (store_is_number(option)) {
		return store_number(a, option) == store_number(b, option);
	}
	text_a = store_text(a, option);
	text_b = store_text(b, option);
	return text_a == NULL || text_b == NULL ? text_a == text_b : strcmp(text_a, text_b) == 0;
}

void config_restart_needed(
	const struct config *running, const struct config *wanted, struct buf *names)
{
	bool first = true;

	for (size_t i = 0; i < option_count; i++) {
		if (options[i].restart && options[i].type != OPTION_URL &&
			!is_same(running, wanted, &options[i])) {
			buf_printf(names, "%s%s.%s", first ? "" : ", ", options[i].section,
				options[i].name);
			first = false;
		}
	}
}
