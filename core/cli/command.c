#include "cli/command.h"

#include <string.h>

#include "cli/commands.h"

const struct command *const command_table[] = {
	&cmd_submit,
	&cmd_get,
	&cmd_list,
	&cmd_watch,
	&cmd_cancel,
	&cmd_retry,
	&cmd_delete,
	&cmd_stats,
	&cmd_worker_list,
	&cmd_engine_list,
	&cmd_engine_check,
	&cmd_image_put,
	&cmd_image_get,
	&cmd_plugin_list,
	&cmd_plugin_check,
	&cmd_plugin_new,
	&cmd_plugin_release,
	&cmd_health,
	&cmd_doctor,
	&cmd_help,
	&cmd_version,
	NULL,
};

const struct option_spec command_global_options[] = {
	{
		.name = "config-file",
		.letter = 'c',
		.type = OPTION_TEXT,
		.value = "FILE",
		.kind = VALUE_FILE,
		.help = "reads this configuration file in place of /etc/formy/formy.conf",
	},
	{
		.name = "json",
		.help = "prints JSON: one document, or one a line where events are shown",
	},
	{
		.name = "quiet",
		.letter = 'q',
		.help = "prints no messages but errors",
	},
	{
		.name = "verbose",
		.letter = 'v',
		.help = "tells of progress on a line of its own, also where there is no terminal",
	},
	{
		.name = "no-color",
		.help = "prints no colours; so does the variable NO_COLOR",
	},
	{
		.name = "help",
		.letter = 'h',
		.help = "explains the command",
	},
	{
		.name = "version",
		.help = "prints the version",
	},
	{0},
};

/* As many as the longest name that is worth a guess. */
#define LIKE_MAX 32

/* How many characters must be put in, taken out or changed to make one text of the other. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t row[LIKE_MAX + 1];
	size_t a_len = strlen(a);
	size_t b_len = strlen(b);

	if (a_len > LIKE_MAX || b_len > LIKE_MAX) {
		return LIKE_MAX;
	}
	for (size_t j = 0; j <= b_len; j++) {
		row[j] = j;
	}
	for (size_t i = 1; i <= a_len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t above = row[j];
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			if (above + 1 < best) {
				best = above + 1;
			}
			if (row[j - 1] + 1 < best) {
				best = row[j - 1] + 1;
			}
			diagonal = above;
			row[j] = best;
		}
	}
	return row[b_len];
}

/* The best guess so far: a third of the letters may be wrong. */
struct guess {
	const char *text;
	size_t distance;
};

static void guess_try(struct guess *guess, const char *candidate, const char *written)
{
	size_t distance = edit_distance(written, candidate);

	if (distance <= (strlen(candidate) + 2) / 3 && distance < guess->distance) {
		*guess = (struct guess){candidate, distance};
	}
}

const struct command *command_find(const char *words)
{
	for (size_t i = 0; command_table[i]; i++) {
		if (strcmp(command_table[i]->words, words) == 0) {
			return command_table[i];
		}
	}
	return NULL;
}

bool command_is_group(const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; command_table[i]; i++) {
		const char *words = command_table[i]->words;

		if (strncmp(words, word, len) == 0 && words[len] == ' ') {
			return true;
		}
	}
	return false;
}

const char *command_like(const char *words)
{
	struct guess guess = {NULL, LIKE_MAX};

	for (size_t i = 0; command_table[i]; i++) {
		guess_try(&guess, command_table[i]->words, words);
	}
	return guess.text;
}

const char *command_option_like(const struct command *command, const char *option)
{
	struct guess guess = {NULL, LIKE_MAX};

	if (command && command->options) {
		for (const struct option_spec *spec = command->options; spec->name; spec++) {
			guess_try(&guess, spec->name, option);
		}
	}
	for (const struct option_spec *spec = command_global_options; spec->name; spec++) {
		guess_try(&guess, spec->name, option);
	}
	return guess.text;
}
