#include "cli/complete.h"

#include <string.h>

#include "base/buf.h"
#include "cli/command.h"

static const char *kind_name(enum value_kind kind)
{
	static const char *const names[] = {
		[VALUE_PLAIN] = "plain",
		[VALUE_FILE] = "file",
		[VALUE_IMAGE] = "image",
		[VALUE_TASK] = "task",
		[VALUE_MODE] = "mode",
	};

	return names[kind];
}

/* A text in single quotes; fish and the others differ in how one stands in them. */
static void add_quoted(struct buf *out, const char *text, const char *quote)
{
	buf_add_char(out, '\'');
	for (; *text; text++) {
		if (*text == '\'') {
			buf_add_text(out, quote);
		} else {
			buf_add_char(out, *text);
		}
	}
	buf_add_char(out, '\'');
}

static void add_choices(struct buf *out, const struct option_spec *spec)
{
	for (const char *const *choice = spec->choices; *choice; choice++) {
		buf_printf(out, "%s%s", choice == spec->choices ? "" : " ", *choice);
	}
}

/* bash and zsh. */

static void add_line(struct buf *out, const char *name, const char *help)
{
	struct buf line = {0};

	buf_printf(&line, "%s:%s", name, help);
	buf_add_text(out, " \\\n      ");
	add_quoted(out, buf_failed(&line) ? "" : buf_cstr(&line), "'\\''");
	out->failed = out->failed || buf_failed(&line);
	buf_finish(&line);
}

static void add_option_lines(struct buf *out, const struct option_spec *specs)
{
	for (const struct option_spec *spec = specs; spec->name; spec++) {
		char name[80];

		(void)text_copy(name, sizeof(name), "--");
		(void)text_copy(name + 2, sizeof(name) - 2, spec->name);
		add_line(out, name, spec->help);
	}
}

/* What the value of an option is, as the answer of a case. */
static void add_value_cases(struct buf *out, const char *words, const struct option_spec *specs)
{
	for (const struct option_spec *spec = specs; spec && spec->name; spec++) {
		if (spec->type == OPTION_FLAG) {
			continue;
		}
		buf_printf(out, "    %s' --%s'", words, spec->name);
		if (spec->letter) {
			buf_printf(out, "|%s' -%c'", words, spec->letter);
		}
		if (spec->choices) {
			buf_add_text(out, ") echo 'choice ");
			add_choices(out, spec);
			buf_add_text(out, "' ;;\n");
		} else {
			buf_printf(out, ") echo %s ;;\n", kind_name(spec->kind));
		}
	}
}

void complete_add_shell(struct buf *out)
{
	buf_add_text(out, "_formy_commands() {\n  printf '%s\\n'");
	for (size_t i = 0; command_table[i]; i++) {
		add_line(out, command_table[i]->words, command_table[i]->summary);
	}
	buf_add_text(out, "\n}\n\n_formy_options() {\n  case $1 in\n");
	for (size_t i = 0; command_table[i]; i++) {
		if (command_table[i]->options) {
			buf_printf(out, "    '%s') printf '%%s\\n'", command_table[i]->words);
			add_option_lines(out, command_table[i]->options);
			buf_add_text(out, " ;;\n");
		}
	}
	buf_add_text(out, "  esac\n  printf '%s\\n'");
	add_option_lines(out, command_global_options);
	buf_add_text(out, "\n}\n\n_formy_value() {\n  case \"$1 $2\" in\n");
	for (size_t i = 0; command_table[i]; i++) {
		struct buf words = {0};

		buf_printf(&words, "'%s'", command_table[i]->words);
		add_value_cases(
			out, buf_failed(&words) ? "" : buf_cstr(&words), command_table[i]->options);
		out->failed = out->failed || buf_failed(&words);
		buf_finish(&words);
	}
	add_value_cases(out, "*", command_global_options);
	buf_add_text(out, "  esac\n}\n\n_formy_operand() {\n  case \"$1 $2\" in\n");
	for (size_t i = 0; command_table[i]; i++) {
		const struct operand_spec *specs = command_table[i]->operands;

		for (size_t k = 0; specs && specs[k].name; k++) {
			buf_printf(out, "    '%s %zu') echo %s ;;\n", command_table[i]->words, k,
				kind_name(specs[k].kind));
		}
	}
	buf_add_text(out, "  esac\n}\n");
}

/* fish. */

static void add_fish_option(struct buf *out, const char *words, const struct option_spec *spec)
{
	buf_add_text(out, "complete -c formy");
	if (words) {
		buf_printf(out, " -n '__formy_is %s'", words);
	}
	buf_printf(out, " -l %s", spec->name);
	if (spec->letter) {
		buf_printf(out, " -s %c", spec->letter);
	}
	if (spec->choices) {
		buf_add_text(out, " -x -a '");
		add_choices(out, spec);
		buf_add_text(out, "'");
	} else if (spec->kind == VALUE_FILE || spec->kind == VALUE_IMAGE) {
		buf_add_text(out, " -r -F");
	} else if (spec->kind == VALUE_TASK || spec->kind == VALUE_MODE) {
		buf_printf(out, " -x -a '(__formy_%ss)'", kind_name(spec->kind));
	} else if (spec->type != OPTION_FLAG) {
		buf_add_text(out, " -x");
	}
	buf_add_text(out, " -d ");
	add_quoted(out, spec->help, "\\'");
	buf_add_char(out, '\n');
}

static void add_fish_command(struct buf *out, const struct command *command)
{
	const struct operand_spec *spec = command->operands;
	const char *second = strchr(command->words, ' ');
	int first_len = second ? (int)(second - command->words) : 0;

	buf_printf(out, "complete -c formy -n '__formy_at %.*s' -a %s -d ", first_len,
		command->words, second ? second + 1 : command->words);
	add_quoted(out, command->summary, "\\'");
	buf_add_char(out, '\n');
	for (; spec && spec->name; spec++) {
		if (spec->kind == VALUE_FILE || spec->kind == VALUE_IMAGE) {
			buf_printf(
				out, "complete -c formy -n '__formy_is %s' -F\n", command->words);
		} else if (spec->kind == VALUE_TASK || spec->kind == VALUE_MODE) {
			buf_printf(out, "complete -c formy -n '__formy_at %s' -a '(__formy_%ss)'\n",
				command->words, kind_name(spec->kind));
		}
	}
	for (const struct option_spec *option = command->options; option && option->name;
		option++) {
		add_fish_option(out, command->words, option);
	}
}

/* A group's word stands once, however many commands begin with it. */
static void add_fish_group(struct buf *out, size_t place)
{
	const char *words = command_table[place]->words;
	size_t len = strcspn(words, " ");

	if (words[len] == '\0') {
		return;
	}
	for (size_t i = 0; i < place; i++) {
		if (strncmp(command_table[i]->words, words, len + 1) == 0) {
			return;
		}
	}
	buf_printf(out, "complete -c formy -n '__formy_at' -a %.*s -d 'a group of commands'\n",
		(int)len, words);
}

void complete_add_fish(struct buf *out)
{
	buf_add_text(out, "complete -c formy -f\n");
	for (size_t i = 0; command_table[i]; i++) {
		add_fish_group(out, i);
		add_fish_command(out, command_table[i]);
	}
	for (const struct option_spec *spec = command_global_options; spec->name; spec++) {
		add_fish_option(out, NULL, spec);
	}
}
