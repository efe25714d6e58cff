#include "cli/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "cli/args.h"
#include "cli/text.h"
#include "config/config.h"

static bool can_paint(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) && term && strcmp(term, "dumb") != 0;
}

void cli_init(struct cli *cli, const struct args *args)
{
	const char *no_color = getenv("NO_COLOR");

	*cli = (struct cli){
		.config_path = args_text(args, "config-file"),
		.json = args_has(args, "json"),
		.quiet = args_has(args, "quiet"),
		.verbose = args_has(args, "verbose"),
		.color = !args_has(args, "no-color") && !(no_color && no_color[0]) &&
			can_paint(STDOUT_FILENO),
		.error_tty = can_paint(STDERR_FILENO),
	};
}

void cli_finish(struct cli *cli)
{
	formy_client_close(cli->client);
	config_destroy(cli->config);
	*cli = (struct cli){0};
}

/* One line on standard error, whatever stands in the text. */
static void __attribute__((format(printf, 2, 0)))
say(const char *prefix, const char *format, va_list args)
{
	char text[2048];
	struct buf line = {0};

	(void)vsnprintf(text, sizeof(text), format, args);
	buf_add_text(&line, prefix);
	text_add_safe(&line, text);
	buf_add_char(&line, '\n');
	if (!buf_failed(&line)) {
		(void)fwrite(line.data, 1, line.len, stderr);
	}
	buf_finish(&line);
}

int cli_fail(struct cli *cli, const char *format, ...)
{
	va_list args;

	(void)cli;
	va_start(args, format);
	say("formy: ", format, args);
	va_end(args);
	return 1;
}

int cli_fail_usage(struct cli *cli, const char *format, ...)
{
	va_list args;

	(void)cli;
	va_start(args, format);
	say("formy: ", format, args);
	va_end(args);
	return 2;
}

int cli_fail_client(struct cli *cli, const formy_client *client)
{
	return cli_fail(cli, "%s", formy_client_error(client));
}

void cli_say(struct cli *cli, const char *format, ...)
{
	va_list args;

	if (cli->quiet) {
		return;
	}
	va_start(args, format);
	say("", format, args);
	va_end(args);
}

int cli_load_config(struct cli *cli)
{
	struct config_problems problems = {0};
	int result = cli->config ? 0 : config_load(cli->config_path, NULL, &problems, &cli->config);

	if (result == 0) {
		config_problems_finish(&problems);
		return EXIT_OK;
	}
	if (problems.count == 0) {
		result = cli_fail(cli, "the configuration cannot be read: %s", strerror(-result));
	} else if (problems.count == 1 && !problems.lost) {
		result = cli_fail(cli, "%s", problems.texts[0]);
	} else {
		result = cli_fail(cli, "%s (there is more; formyd -t%s%s shows all)",
			problems.texts[0], cli->config_path ? " -c " : "",
			cli->config_path ? cli->config_path : "");
	}
	config_problems_finish(&problems);
	return result;
}

int cli_open_client(struct cli *cli, formy_client **ret_client)
{
	char error[FORMY_ERROR_SIZE];
	formy_client_options options = {.size = sizeof(options)};
	int result = cli_load_config(cli);

	if (result != EXIT_OK) {
		return result;
	}
	if (!cli->client) {
		const struct config *config = cli->config;

		options.host = config->redis.host;
		options.port = config->redis.port;
		options.db = config->redis.db;
		options.username = config->redis.username;
		options.password = config->redis.password;
		options.unix_socket = config->redis.unix_socket;
		options.key_prefix = config->redis.key_prefix;
		options.connect_timeout_ms = (uint32_t)config->redis.connect_timeout_ms;
		options.sentinel_master = config->redis.sentinel_master;
		options.sentinel_hosts = config->redis.sentinel_hosts;
		options.sentinel_username = config->redis.sentinel_username;
		options.sentinel_password = config->redis.sentinel_password;
		options.uploads = config->storage.uploads;
		options.results = config->storage.results;
		options.max_upload_size = (uint64_t)config->storage.max_upload_size;
		options.max_pixels = (uint64_t)config->storage.max_pixels;
		options.retention_s = (uint32_t)config->tasks.retention_days * 86400u;
		result = formy_client_open(&options, error, &cli->client);
		if (result < 0) {
			return cli_fail(cli, "%s", error);
		}
	}
	*ret_client = cli->client;
	return EXIT_OK;
}

int cli_print(struct cli *cli, struct buf *text)
{
	int result = EXIT_OK;

	if (buf_failed(text)) {
		result = cli_fail(cli, "out of memory");
	} else if (text->len > 0) {
		errno = 0;
		if (fwrite(text->data, 1, text->len, stdout) < text->len && !cli->output_error) {
			cli->output_error = errno;
		}
	}
	buf_finish(text);
	return result;
}

int cli_print_json(struct cli *cli, const char *json)
{
	struct buf line = {0};

	text_add_safe_json(&line, json);
	buf_add_char(&line, '\n');
	return cli_print(cli, &line);
}

int cli_print_object(struct cli *cli, const char *name, ...)
{
	struct buf json = {0};
	const char *text;
	va_list args;
	int result;

	va_start(args, name);
	buf_add_char(&json, '{');
	for (; name; name = va_arg(args, const char *)) {
		const char *value = va_arg(args, const char *);

		if (value) {
			buf_add_text(&json, json.len > 1 ? ", " : "");
			json_add_string(&json, name);
			buf_add_text(&json, ": ");
			json_add_string(&json, value);
		}
	}
	buf_add_char(&json, '}');
	va_end(args);
	text = buf_cstr(&json);
	result = text ? cli_print_json(cli, text) : cli_fail(cli, "out of memory");
	buf_finish(&json);
	return result;
}

int cli_flush(struct cli *cli)
{
	errno = 0;
	if (fflush(stdout) != 0 && !cli->output_error) {
		cli->output_error = errno;
	}
	if (cli->output_error == 0) {
		return EXIT_OK;
	}
	if (cli->output_error == EPIPE) {
		(void)signal(SIGPIPE, SIG_DFL);
		(void)raise(SIGPIPE);
	}
	return cli_fail(cli, "standard output cannot be written: %s", strerror(cli->output_error));
}
