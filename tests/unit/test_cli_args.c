#include "lib/test.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/args.h"

#define WORDS_MAX 32

/* Takes a line apart at its blanks; '...' is one word. */
struct line {
	char text[512];
	char *argv[WORDS_MAX];
	int argc;
};

static void split(struct line *line, const char *text)
{
	char *at = line->text;

	assert_true(text_copy(line->text, sizeof(line->text), text));
	line->argc = 0;
	while (*at) {
		char end = *at == '\'' ? '\'' : ' ';

		at += end == '\'';
		assert_true(line->argc < WORDS_MAX - 1);
		line->argv[line->argc++] = at;
		at = strchr(at, end);
		if (!at) {
			break;
		}
		*at++ = '\0';
		while (*at == ' ') {
			at++;
		}
	}
	line->argv[line->argc] = NULL;
}

static int parse(struct args *args, struct line *line, const char *text, struct err *err)
{
	split(line, text);
	return args_parse(args, line->argc, line->argv, err);
}

/* Parses a line that must be refused with this in its sentence. */
static void assert_refused(const char *text, const char *sentence)
{
	struct line line;
	struct args args;
	struct err err = {{0}};

	assert_int_equal(parse(&args, &line, text, &err), -EINVAL);
	if (!strstr(err.text, sentence)) {
		fail_msg("\"%s\" gave \"%s\", not \"%s\"", text, err.text, sentence);
	}
	args_finish(&args);
}

static void test_options_stand_anywhere(void **state)
{
	static const char *const lines[] = {
		"formy submit ECHO a.png --user u1 -o out.png --wait",
		"formy submit --user=u1 -oout.png ECHO --wait a.png",
		"formy -q submit -o out.png --wait --user u1 -- ECHO a.png",
	};
	struct line line;
	struct args args;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_int_equal(parse(&args, &line, lines[i], &err), 0);
		assert_string_equal(args.command->words, "submit");
		assert_string_equal(args_operand(&args, 0), "ECHO");
		assert_string_equal(args_operand(&args, 1), "a.png");
		assert_null(args_operand(&args, 2));
		assert_string_equal(args_text(&args, "user"), "u1");
		assert_string_equal(args_text(&args, "output"), "out.png");
		assert_true(args_has(&args, "wait"));
		assert_int_equal(args_has(&args, "quiet"), i == 2);
		args_finish(&args);
	}
}

static void test_letters_in_a_row(void **state)
{
	struct line line;
	struct args args;
	struct err err;

	(void)state;
	assert_int_equal(parse(&args, &line, "formy -qvc my.conf image put x", &err), 0);
	assert_true(args_has(&args, "quiet"));
	assert_true(args_has(&args, "verbose"));
	assert_string_equal(args_text(&args, "config-file"), "my.conf");
	assert_string_equal(args.command->words, "image put");
	args_finish(&args);
}

static void test_a_command_of_two_words_with_an_option_between(void **state)
{
	struct line line;
	struct args args;
	struct err err;

	(void)state;
	assert_int_equal(parse(&args, &line, "formy image --json get ID -o -", &err), 0);
	assert_string_equal(args.command->words, "image get");
	assert_string_equal(args_text(&args, "output"), "-");
	args_finish(&args);
}

static void test_two_dashes_end_the_options(void **state)
{
	struct line line;
	struct args args;
	struct err err;

	(void)state;
	assert_int_equal(parse(&args, &line, "formy image put -- --wait", &err), 0);
	assert_string_equal(args_operand(&args, 0), "--wait");
	assert_false(args_has(&args, "wait"));
	args_finish(&args);
}

static void test_repeated_options_are_kept_in_order(void **state)
{
	struct line line;
	struct args args;
	struct err err;

	(void)state;
	assert_int_equal(
		parse(&args, &line, "formy submit M s --set a=1 --set b=-2 --set c=", &err), 0);
	assert_int_equal(args.option_count, 3);
	assert_string_equal(args.options[0].text, "a=1");
	assert_string_equal(args.options[1].text, "b=-2");
	assert_string_equal(args.options[2].text, "c=");
	args_finish(&args);
}

static void test_numbers_are_read(void **state)
{
	struct line line;
	struct args args;
	struct err err;

	(void)state;
	assert_int_equal(parse(&args, &line, "formy list --page 3 --page-size=100", &err), 0);
	assert_int_equal(args_number(&args, "page", 1), 3);
	assert_int_equal(args_number(&args, "page-size", 20), 100);
	assert_int_equal(args_number(&args, "user", 7), 7);
	args_finish(&args);
}

static void test_what_is_wrong_is_said(void **state)
{
	(void)state;
	assert_refused("formy sumbit A b", "did you mean \"submit\"");
	assert_refused("formy image pot b", "did you mean \"image put\"");
	assert_refused("formy xyzzy", "formy help lists them all");
	assert_refused("formy list --stauts done", "did you mean --status");
	assert_refused("formy list --stauts=done", "did you mean --status");
	assert_refused("formy list -x", "unknown option -x");
	assert_refused("formy --wait submit A b", "stand after it");
	assert_refused("formy list --page 0", "from 1 to 1000000, not \"0\"");
	assert_refused("formy list --page 1x", "not \"1x\"");
	assert_refused("formy list --page 99999999999999999999", "whole number");
	assert_refused("formy list --page", "--page needs a value");
	assert_refused("formy list --mode --json", "--mode needs a value");
	assert_refused("formy list --json=1", "--json takes no value");
	assert_refused("formy list --status gone", "pending, processing, done, failed, cancelled");
	assert_refused("formy list --mode A --mode B", "--mode is given twice");
	assert_refused("formy list --mode=", "--mode is empty");
	assert_refused("formy get", "ID is missing");
	assert_refused("formy get a b", "\"b\" is one word too many");
	assert_refused("formy submit ECHO", "SOURCE is missing");
}

static void test_help_needs_no_operands(void **state)
{
	struct line line;
	struct args args;
	struct err err;

	(void)state;
	assert_int_equal(parse(&args, &line, "formy submit --help", &err), 0);
	assert_true(args_has(&args, "help"));
	args_finish(&args);
	assert_int_equal(parse(&args, &line, "formy image -h", &err), 0);
	assert_null(args.command);
	assert_string_equal(args.group, "image");
	args_finish(&args);
	assert_int_equal(parse(&args, &line, "formy", &err), 0);
	assert_null(args.command);
	assert_null(args.group);
	args_finish(&args);
}

/* What help shows must work: every example of every command goes through the parser. */
static void test_every_example_can_be_typed(void **state)
{
	(void)state;
	for (size_t i = 0; command_table[i]; i++) {
		const struct example *example = command_table[i]->examples;

		assert_non_null(example[0].line);
		for (; example->line; example++) {
			char text[512];
			char *pipe;
			struct line line;
			struct args args;
			struct err err = {{0}};

			assert_true(text_copy(text, sizeof(text), example->line));
			pipe = strstr(text, " | ");
			if (pipe) {
				*pipe = '\0';
			}
			if (parse(&args, &line, text, &err) < 0) {
				fail_msg("\"%s\": %s", example->line, err.text);
			}
			assert_ptr_equal(args.command, command_table[i]);
			assert_non_null(example->says);
			args_finish(&args);
		}
	}
}

static void check_options(const char *words, const struct option_spec *specs)
{
	for (const struct option_spec *spec = specs; spec && spec->name; spec++) {
		if (!spec->help || spec->help[0] == '\0') {
			fail_msg("%s --%s has no help", words, spec->name);
		}
		if ((spec->type == OPTION_FLAG) != (spec->value == NULL)) {
			fail_msg("%s --%s: a value has a name, a flag has none", words, spec->name);
		}
		if ((spec->type == OPTION_CHOICE) != (spec->choices != NULL)) {
			fail_msg("%s --%s: choices and type do not fit", words, spec->name);
		}
	}
}

static void test_the_table_is_complete(void **state)
{
	(void)state;
	check_options("", command_global_options);
	for (size_t i = 0; command_table[i]; i++) {
		const struct command *command = command_table[i];

		assert_non_null(command->summary);
		assert_non_null(command->run);
		assert_ptr_equal(command_find(command->words), command);
		check_options(command->words, command->options);
		for (const struct option_spec *spec = command->options; spec && spec->name;
			spec++) {
			for (const struct option_spec *global = command_global_options;
				global->name; global++) {
				assert_string_not_equal(spec->name, global->name);
				assert_true(!spec->letter || spec->letter != global->letter);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options_stand_anywhere),
		cmocka_unit_test(test_letters_in_a_row),
		cmocka_unit_test(test_a_command_of_two_words_with_an_option_between),
		cmocka_unit_test(test_two_dashes_end_the_options),
		cmocka_unit_test(test_repeated_options_are_kept_in_order),
		cmocka_unit_test(test_numbers_are_read),
		cmocka_unit_test(test_what_is_wrong_is_said),
		cmocka_unit_test(test_help_needs_no_operands),
		cmocka_unit_test(test_every_example_can_be_typed),
		cmocka_unit_test(test_the_table_is_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
