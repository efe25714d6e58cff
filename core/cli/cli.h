/* What every command of `formy` is given: how it shall print, the configuration, the client.
 *
 * Data goes to standard output, messages to standard error, one line each. The configuration is
 * read and the client made when a command asks for them, so that help needs neither. */
#ifndef FORMY_CLI_CLI_H
#define FORMY_CLI_CLI_H

#include <stdbool.h>

#include <formy/client.h>

struct args;
struct buf;
struct config;
struct err;

struct cli {
	const char *config_path; /* NULL: the default place */
	bool json;
	bool quiet;
	bool verbose;
	bool color;       /* of standard output */
	bool error_tty;   /* standard error is a terminal that can redraw a line */
	int output_error; /* errno of the first print that failed */
	struct config *config;
	formy_client *client;
};

/* Looks at the options that every command takes, and at the terminal. */
void cli_init(struct cli *cli, const struct args *args);
void cli_finish(struct cli *cli);

/* Reads the configuration, once, into cli. Returns EXIT_OK, or says what is wrong and returns the
 * exit code. */
int cli_load_config(struct cli *cli);

/* The client, by the configuration. Returns EXIT_OK, or says what is wrong and returns the exit
 * code. It belongs to cli. */
int cli_open_client(struct cli *cli, formy_client **ret_client);

/* Says "formy: ..." and returns the exit code. */
int cli_fail(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
int cli_fail_usage(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same with the sentence of the client's last failure. */
int cli_fail_client(struct cli *cli, const formy_client *client);

/* A message that is no error; silent with --quiet. */
void cli_say(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints what was gathered, and finishes the buffer. Returns EXIT_OK, or EXIT_FAILED when memory
 * had run out. Whether the bytes arrived is looked at by cli_flush(). */
int cli_print(struct cli *cli, struct buf *text);

/* Prints one JSON document on a line. */
int cli_print_json(struct cli *cli, const char *json);

/* Prints a JSON object of texts: name, value, name, value, NULL. A value of NULL is left out. */
int cli_print_object(struct cli *cli, const char *name, ...);

/* Sends out what is printed. Returns EXIT_OK; EXIT_FAILED, said, when it cannot be written. When
 * nobody reads any more, ends the program as the signal SIGPIPE does. */
int cli_flush(struct cli *cli);

#endif
