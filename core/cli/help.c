#include "cli/help.h"

#include <string.h>

#include "base/buf.h"
#include "cli/command.h"

#define COLUMNS 80
#define INDENT 2
#define GAP 2

static const struct example program_examples[] = {
	{"formy submit BACKGROUND_CHANGE photo.jpg --set background_type=remove --wait -o cut.png",
		"cuts the person out of a photo"},
	{"formy list --status failed", "what went wrong lately"},
	{"formy watch", "what happens now"},
	{"formy help submit", "all about a command"},
	{0},
};

static void add_blanks(struct buf *out, size_t count)
{
	while (count-- > 0) {
		buf_add_char(out, ' ');
	}
}

/* Appends words from a column on, and breaks lines before the edge; further lines begin at the
 * column `indent`. */
static void add_wrapped(struct buf *out, const char *text, size_t column, size_t indent)
{
	bool first = true;

	while (*text) {
		size_t len = strcspn(text, " ");

		/* what stands in brackets stays in one piece */
		if (text[0] == '[') {
			const char *end = strchr(text, ']');

			if (end) {
				len = (size_t)(end - text) + strcspn(end, " ");
			}
		}
		if (!first && column + 1 + len > COLUMNS) {
			buf_add_char(out, '\n');
			add_blanks(out, indent);
			column = indent;
			first = true;
		}
		if (!first) {
			buf_add_char(out, ' ');
			column++;
		}
		buf_add(out, text, len);
		column += len;
		first = false;
		text += len;
		while (*text == ' ') {
			text++;
		}
	}
	buf_add_char(out, '\n');
}

/* "  NAME   what it is", the texts all beginning at one column. */
static void add_entry(struct buf *out, const char *name, const char *text, size_t column)
{
	size_t len = strlen(name);

	add_blanks(out, INDENT);
	buf_add_text(out, name);
	if (INDENT + len + GAP > column) {
		buf_add_char(out, '\n');
		add_blanks(out, column);
	} else {
		add_blanks(out, column - INDENT - len);
	}
	add_wrapped(out, text, column, column);
}

/* "-o, --output FILE" */
static void add_option_name(struct buf *out, const struct option_spec *spec)
{
	if (spec->letter) {
		buf_printf(out, "-%c, ", spec->letter);
	} else {
		buf_add_text(out, "    ");
	}
	buf_printf(out, "--%s", spec->name);
	if (spec->value) {
		buf_printf(out, " %s", spec->value);
	}
}

static void add_options(struct buf *out, const char *title, const struct option_spec *specs)
{
	size_t column = 0;

	buf_printf(out, "\n%s\n", title);
	for (const struct option_spec *spec = specs; spec->name; spec++) {
		size_t width = INDENT + 6 + strlen(spec->name) + GAP +
			(spec->value ? strlen(spec->value) + 1 : 0);

		if (width > column && width <= 32) {
			column = width;
		}
	}
	for (const struct option_spec *spec = specs; spec->name; spec++) {
		struct buf name = {0};
		struct buf text = {0};

		add_option_name(&name, spec);
		buf_add_text(&text, spec->help);
		for (const char *const *choice = spec->choices; choice && *choice; choice++) {
			buf_printf(&text, "%s%s", choice == spec->choices ? ": " : ", ", *choice);
		}
		if (buf_failed(&name) || buf_failed(&text)) {
			out->failed = true;
		} else {
			add_entry(out, buf_cstr(&name), buf_cstr(&text), column);
		}
		buf_finish(&name);
		buf_finish(&text);
	}
}

static void add_examples(struct buf *out, const struct example *examples)
{
	buf_add_text(out, "Examples:\n");
	for (const struct example *example = examples; example->line; example++) {
		buf_printf(out, "  # %s\n  %s\n", example->says, example->line);
	}
}

void help_add_synopsis(struct buf *out, const struct command *command)
{
	buf_printf(out, "formy %s", command->words);
	for (const struct operand_spec *spec = command->operands; spec && spec->name; spec++) {
		buf_printf(out, spec->optional ? " [%s]" : " %s", spec->name);
	}
	for (const struct option_spec *spec = command->options; spec && spec->name; spec++) {
		if (spec->letter) {
			buf_printf(out, " [-%c", spec->letter);
		} else {
			buf_printf(out, " [--%s", spec->name);
		}
		buf_printf(out, "%s%s]%s", spec->value ? " " : "", spec->value ? spec->value : "",
			spec->repeats ? "..." : "");
	}
}

void help_add_command(struct buf *out, const struct command *command)
{
	static const char usage[] = "Usage: ";
	struct buf synopsis = {0};
	size_t column = 0;

	buf_printf(out, "formy %s: %s\n\n", command->words, command->summary);
	add_examples(out, command->examples);
	buf_printf(out, "\n%s", usage);
	help_add_synopsis(&synopsis, command);
	if (buf_failed(&synopsis)) {
		out->failed = true;
	} else {
		add_wrapped(out, buf_cstr(&synopsis), sizeof(usage) - 1, sizeof(usage) - 1);
	}
	buf_finish(&synopsis);
	for (const struct operand_spec *spec = command->operands; spec && spec->name; spec++) {
		size_t width = INDENT + strlen(spec->name) + GAP;

		column = width > column ? width : column;
	}
	for (const struct operand_spec *spec = command->operands; spec && spec->name; spec++) {
		add_entry(out, spec->name, spec->help, column);
	}
	if (command->options) {
		add_options(out, "Options:", command->options);
	}
	add_options(out, "Options of every command:", command_global_options);
	if (command->notes) {
		buf_add_char(out, '\n');
		add_wrapped(out, command->notes, 0, 0);
	}
}

/* The commands whose words begin with a text of so many bytes. */
static void add_commands(struct buf *out, const char *prefix, size_t len)
{
	size_t column = 0;

	for (size_t i = 0; command_table[i]; i++) {
		size_t width = INDENT + strlen(command_table[i]->words) + GAP;

		column = width > column ? width : column;
	}
	for (size_t i = 0; command_table[i]; i++) {
		if (strncmp(command_table[i]->words, prefix, len) == 0) {
			add_entry(out, command_table[i]->words, command_table[i]->summary, column);
		}
	}
}

void help_add_program(struct buf *out)
{
	buf_add_text(out, "formy gives pictures to Formy and fetches what becomes of them.\n\n");
	add_examples(out, program_examples);
	buf_add_text(out, "\nUsage: formy [-c FILE] [--json] [-q] [-v] [--no-color] COMMAND ...\n");
	buf_add_text(out, "\nCommands:\n");
	add_commands(out, "", 0);
	add_options(out, "Options of every command:", command_global_options);
	buf_add_text(out, "\nExit codes: 0 success, 1 it failed, 2 wrong usage.\n");
}

void help_add_group(struct buf *out, const char *word)
{
	buf_printf(out, "Commands of formy %s:\n", word);
	add_commands(out, word, strlen(word));
	buf_printf(out, "\nformy help %s WORD says more.\n", word);
}

void help_add_group_words(struct buf *out, const char *word)
{
	size_t len = strlen(word);
	bool first = true;

	for (size_t i = 0; command_table[i]; i++) {
		const char *words = command_table[i]->words;

		if (strncmp(words, word, len) == 0 && words[len] == ' ') {
			buf_printf(out, "%s%s", first ? "" : ", ", words + len + 1);
			first = false;
		}
	}
}
