/* The usage texts, all made from the table of commands. */
#ifndef FORMY_CLI_HELP_H
#define FORMY_CLI_HELP_H

struct buf;
struct command;

/* What `formy --help` prints: examples, the commands, the options of all. */
void help_add_program(struct buf *out);

/* What `formy help COMMAND` prints: examples first, then the words, then every option. */
void help_add_command(struct buf *out, const struct command *command);

/* What `formy help image` prints: the commands that begin with a word. */
void help_add_group(struct buf *out, const char *word);

/* Appends the synopsis on one line: "formy get ID". */
void help_add_synopsis(struct buf *out, const struct command *command);

/* Appends the second words of a group: "put, get". */
void help_add_group_words(struct buf *out, const char *word);

#endif
