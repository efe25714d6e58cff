/* What a command of `formy` is: its words, what it takes, how it is explained, what it does.
 *
 * Each cmd_*.c holds one such description, and commands.c the list of them. The parser, the usage
 * texts and all that is made from the list (completion, man pages) read nothing else, so an option
 * cannot be taken without being explained. All of it is constant. */
#ifndef FORMY_CLI_COMMAND_H
#define FORMY_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct args;
struct cli;

enum option_type {
	OPTION_FLAG,   /* takes no value */
	OPTION_TEXT,   /* anything */
	OPTION_NUMBER, /* a whole number from min to max */
	OPTION_CHOICE  /* one of choices */
};

/* What a value names: completion offers files for one, ids for another. */
enum value_kind { VALUE_PLAIN, VALUE_FILE, VALUE_IMAGE, VALUE_TASK, VALUE_MODE };

struct option_spec {
	const char *name;  /* without the dashes; NULL ends an array */
	const char *value; /* how help calls the value: "FILE"; NULL for a flag */
	const char *help;  /* one sentence part: "waits until ..." */
	const char *const *choices;
	int64_t min;
	int64_t max;
	enum option_type type;
	enum value_kind kind;
	char letter; /* the short form, or 0 */
	bool repeats;
};

struct operand_spec {
	const char *name; /* "SOURCE"; NULL ends an array */
	const char *help;
	enum value_kind kind;
	bool optional;
};

struct example {
	const char *line; /* NULL ends an array */
	const char *says;
};

struct command {
	const char *words;                   /* "submit", "image put" */
	const char *summary;                 /* what it does, for the list of commands */
	const char *notes;                   /* further sentences, or NULL */
	const struct operand_spec *operands; /* may be NULL */
	const struct option_spec *options;   /* may be NULL */
	const struct example *examples;

	/* Returns the exit code. */
	int (*run)(struct cli *cli, const struct args *args);
};

/* Exit codes: contract, section 5. */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_CANCELLED = 3, EXIT_INTERRUPTED = 130 };

/* All commands in the order in which help shows them; NULL ends the list. */
extern const struct command *const command_table[];

/* The options that every command takes. */
extern const struct option_spec command_global_options[];

/* The command of these words, or NULL. */
const struct command *command_find(const char *words);

/* True when some command of several words begins with this one. */
bool command_is_group(const char *word);

/* What stands in the table and is like the text, or NULL when nothing is. option: without the
 * dashes; command may be NULL. */
const char *command_like(const char *words);
const char *command_option_like(const struct command *command, const char *option);

#endif
