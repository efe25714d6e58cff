/* The table of all options: their names, types, defaults, ranges and help, said once.
 *
 * The reading of files and of the environment, the printing of what is in force, the shipped
 * formy.conf and what a reload may change all follow from it. */
#ifndef FORMY_CONFIG_OPTIONS_H
#define FORMY_CONFIG_OPTIONS_H

#include "config/problems.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_type {
	OPTION_TEXT,
	OPTION_INT,
	OPTION_BOOL,
	OPTION_SIZE,     /* bytes: 10MiB */
	OPTION_DURATION, /* milliseconds: 250ms, 2s, 5m, 1h; a bare number is seconds */
	OPTION_CHOICE,   /* the number of the word in choices */
	OPTION_PATH,     /* relative to the folder of the main file */
	OPTION_WORKFLOW, /* relative to workflows/ in that folder */
	OPTION_PATHS,    /* a list of OPTION_PATH; its count follows it in the struct */
	OPTION_URL       /* is taken apart into its neighbours, has no member of its own */
};

struct option {
	const char *section; /* of a section in another one: "redis.sentinel" */
	const char *name;
	const char *environment; /* or NULL */
	enum option_type type;
	size_t offset; /* in struct config; in struct config_mode or config_engine for those */
	size_t width;  /* bytes of a number: 1, 4 or 8 */
	const char *standard;      /* the default as one would write it, or NULL: none */
	const char *standard_help; /* said in its place where the default is not one value */
	int64_t min;
	int64_t max;
	const char *const *choices;
	bool word;   /* a text without blanks */
	bool joined; /* a list of texts, kept as one with commas */
	bool grants; /* joined, and each a word of base/sandbox.h */
	bool secret;
	bool restart; /* a reload does not change it */
	const char *help;
};

extern const struct option options[];
extern const size_t option_count;

/* NULL when there is none. */
const struct option *option_find(const char *section, const char *name);

bool option_section_is_known(const char *section);

/* The section that a section stands in, by the length of its name in "redis.sentinel"; 0: none. */
size_t option_section_outer(const char *section);

/* True for mode and engine: they have a name, and members that only a plugin knows. */
bool option_section_is_open(const char *section);

/* Adds the problem that there is no such option or section, and what may have been meant. */
void option_explain_unknown(struct config_problems *problems, struct place place,
	const char *section, const char *name);
void option_explain_unknown_section(
	struct config_problems *problems, struct place place, const char *section);

#endif
