#include "cli/args.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"

#define WORDS_SIZE 64 /* a command's words, or what somebody took for them */

/* Where the parser stands. */
struct parser {
	struct args *args;
	char *const *argv;
	int argc;
	int at;
	bool options_over;
	struct err *err;
};

static const struct option_spec *find_name(
	const struct option_spec *specs, const char *name, size_t len)
{
	for (; specs && specs->name; specs++) {
		if (strlen(specs->name) == len && memcmp(specs->name, name, len) == 0) {
			return specs;
		}
	}
	return NULL;
}

static const struct option_spec *find_letter(const struct option_spec *specs, char letter)
{
	for (; specs && specs->name; specs++) {
		if (specs->letter == letter) {
			return specs;
		}
	}
	return NULL;
}

static const struct option_spec *own_options(const struct args *args)
{
	return args->command ? args->command->options : NULL;
}

/* For "formy help COMMAND", or why an option may be unknown. */
static int unknown_option(struct parser *parser, const char *shown, const char *name)
{
	const struct command *command = parser->args->command;
	const char *like = name ? command_option_like(command, name) : NULL;

	if (like) {
		return err_set(
			parser->err, -EINVAL, "unknown option %s; did you mean --%s?", shown, like);
	}
	if (!command) {
		return err_set(parser->err, -EINVAL,
			"unknown option %s; the options of a command stand after it", shown);
	}
	return err_set(parser->err, -EINVAL, "unknown option %s; see formy help %s", shown,
		command->words);
}

static int read_number(struct parser *parser, const struct option_spec *spec, const char *text,
	int64_t *ret_number)
{
	char *end = NULL;
	intmax_t number;

	errno = 0;
	number = strtoimax(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || number < spec->min || number > spec->max) {
		return err_set(parser->err, -EINVAL,
			"--%s takes a whole number from %" PRId64 " to %" PRId64 ", not \"%s\"",
			spec->name, spec->min, spec->max, text);
	}
	*ret_number = (int64_t)number;
	return 0;
}

static int check_choice(struct parser *parser, const struct option_spec *spec, const char *text)
{
	struct buf names = {0};
	int result;

	for (const char *const *choice = spec->choices; *choice; choice++) {
		if (strcmp(*choice, text) == 0) {
			buf_finish(&names);
			return 0;
		}
		buf_printf(&names, "%s%s", names.len ? ", " : "", *choice);
	}
	result = err_set(parser->err, -EINVAL, "--%s is one of %s, not \"%s\"", spec->name,
		buf_failed(&names) ? "a few names" : buf_cstr(&names), text);
	buf_finish(&names);
	return result;
}

static int add_option(struct parser *parser, const struct option_spec *spec, const char *text)
{
	struct args *args = parser->args;
	struct arg arg = {.spec = spec, .text = text};
	int result = 0;

	if (spec->type == OPTION_NUMBER) {
		result = read_number(parser, spec, text, &arg.number);
	} else if (spec->type == OPTION_CHOICE) {
		result = check_choice(parser, spec, text);
	} else if (spec->type != OPTION_FLAG && text[0] == '\0' && !spec->repeats) {
		result = err_set(parser->err, -EINVAL, "--%s is empty; give it a %s", spec->name,
			spec->value);
	}
	if (result < 0) {
		return result;
	}
	if (spec->type != OPTION_FLAG && !spec->repeats && args_has(args, spec->name)) {
		return err_set(parser->err, -EINVAL, "--%s is given twice", spec->name);
	}
	args->options[args->option_count++] = arg;
	return 0;
}

/* The value that follows in the next argument. What looks like an option is not taken for one. */
static int next_value(struct parser *parser, const struct option_spec *spec, const char **ret_value)
{
	const char *value = parser->at < parser->argc ? parser->argv[parser->at] : NULL;

	if (!value || (value[0] == '-' && value[1] != '\0' && !strchr("0123456789.", value[1]))) {
		return err_set(parser->err, -EINVAL, "--%s needs a value: --%s=%s", spec->name,
			spec->name, spec->value);
	}
	parser->at++;
	*ret_value = value;
	return 0;
}

static int parse_long(struct parser *parser, const char *text)
{
	const char *name = text + 2;
	size_t len = strcspn(name, "=");
	const char *value = name[len] == '=' ? name + len + 1 : NULL;
	const struct option_spec *spec = find_name(own_options(parser->args), name, len);
	char shown[WORDS_SIZE];
	int result;

	if (!spec) {
		spec = find_name(command_global_options, name, len);
	}
	if (!spec) {
		(void)text_copy(shown, len + 3 < sizeof(shown) ? len + 3 : sizeof(shown), text);
		return unknown_option(parser, shown, shown + 2);
	}
	if (spec->type == OPTION_FLAG && value) {
		return err_set(parser->err, -EINVAL, "--%s takes no value", spec->name);
	}
	if (spec->type != OPTION_FLAG && !value) {
		result = next_value(parser, spec, &value);
		if (result < 0) {
			return result;
		}
	}
	return add_option(parser, spec, value);
}

/* "-q", "-qv", "-o FILE", "-oFILE". */
static int parse_letters(struct parser *parser, const char *text)
{
	for (const char *letter = text + 1; *letter; letter++) {
		const struct option_spec *spec = find_letter(own_options(parser->args), *letter);
		const char *value = NULL;
		const char shown[] = {'-', *letter, '\0'};
		int result;

		if (!spec) {
			spec = find_letter(command_global_options, *letter);
		}
		if (!spec) {
			return unknown_option(parser, shown, NULL);
		}
		if (spec->type != OPTION_FLAG) {
			value = letter + 1;
			if (*value == '\0') {
				result = next_value(parser, spec, &value);
				if (result < 0) {
					return result;
				}
			}
		}
		result = add_option(parser, spec, value);
		if (result < 0 || value) {
			return result;
		}
	}
	return 0;
}

static int unknown_command(struct parser *parser, const char *words)
{
	const char *like = command_like(words);

	if (like) {
		return err_set(parser->err, -EINVAL, "unknown command \"%s\"; did you mean \"%s\"?",
			words, like);
	}
	return err_set(
		parser->err, -EINVAL, "unknown command \"%s\"; formy help lists them all", words);
}

/* A word before the command is complete. */
static int parse_word(struct parser *parser, const char *word)
{
	struct args *args = parser->args;
	char words[WORDS_SIZE];
	struct buf text = {0};

	if (args->group) {
		buf_printf(&text, "%s ", args->group);
	}
	buf_add_text(&text, word);
	if (buf_failed(&text)) {
		buf_finish(&text);
		return err_set(parser->err, -ENOMEM, "out of memory");
	}
	(void)text_copy(words, sizeof(words), buf_cstr(&text));
	buf_finish(&text);
	args->command = command_find(words);
	if (args->command) {
		args->group = NULL;
		return 0;
	}
	if (!args->group && command_is_group(word)) {
		args->group = word;
		return 0;
	}
	return unknown_command(parser, words);
}

static int parse_operand(struct parser *parser, const char *text)
{
	struct args *args = parser->args;
	const struct operand_spec *specs = args->command->operands;
	size_t most = 0;

	while (specs && specs[most].name) {
		most++;
	}
	if (args->operand_count == most) {
		return err_set(parser->err, -EINVAL,
			"\"%s\" is one word too many; see formy help %s", text,
			args->command->words);
	}
	args->operands[args->operand_count++] = text;
	return 0;
}

static int check_missing(struct parser *parser)
{
	const struct args *args = parser->args;
	const struct operand_spec *spec = args->command ? args->command->operands : NULL;

	for (size_t i = 0; spec && spec[i].name; i++) {
		if (i >= args->operand_count && !spec[i].optional && !args_has(args, "help")) {
			return err_set(parser->err, -EINVAL, "%s is missing: %s; see formy help %s",
				spec[i].name, spec[i].help, args->command->words);
		}
	}
	return 0;
}

int args_parse(struct args *args, int argc, char *const *argv, struct err *err)
{
	struct parser parser = {.args = args, .argv = argv, .argc = argc, .at = 1, .err = err};
	size_t most = 0;
	int result = 0;

	*args = (struct args){0};
	/* each argument is one option at most, but for the letters of "-qv" */
	for (int i = 1; i < argc; i++) {
		most += argv[i][0] == '-' && argv[i][1] != '-' ? strlen(argv[i]) : 1;
	}
	args->options = calloc(most + 1, sizeof(*args->options));
	args->operands = calloc((size_t)argc + 1, sizeof(*args->operands));
	if (!args->options || !args->operands) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	while (result == 0 && parser.at < argc) {
		const char *text = argv[parser.at++];

		if (!parser.options_over && strcmp(text, "--") == 0) {
			parser.options_over = true;
		} else if (!parser.options_over && strncmp(text, "--", 2) == 0) {
			result = parse_long(&parser, text);
		} else if (!parser.options_over && text[0] == '-' && text[1] != '\0') {
			result = parse_letters(&parser, text);
		} else if (!args->command) {
			result = parse_word(&parser, text);
		} else {
			result = parse_operand(&parser, text);
		}
	}
	return result < 0 ? result : check_missing(&parser);
}

void args_finish(struct args *args)
{
	free(args->options);
	free(args->operands);
	*args = (struct args){0};
}

static const struct arg *find_last(const struct args *args, const char *name)
{
	for (size_t i = args->option_count; i > 0; i--) {
		if (strcmp(args->options[i - 1].spec->name, name) == 0) {
			return &args->options[i - 1];
		}
	}
	return NULL;
}

const char *args_text(const struct args *args, const char *name)
{
	const struct arg *arg = find_last(args, name);

	return arg ? arg->text : NULL;
}

bool args_has(const struct args *args, const char *name)
{
	return find_last(args, name) != NULL;
}

int64_t args_number(const struct args *args, const char *name, int64_t fallback)
{
	const struct arg *arg = find_last(args, name);

	return arg ? arg->number : fallback;
}

const char *args_operand(const struct args *args, size_t place)
{
	return place < args->operand_count ? args->operands[place] : NULL;
}
