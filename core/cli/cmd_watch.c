#include <inttypes.h>
#include <poll.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "cli/task_view.h"
#include "cli/text.h"

#define TURN_MS 500 /* how soon a lost Redis is tried again and a lost reader noticed */

struct watching {
	struct cli *cli;
	bool one;   /* a task, and not all */
	bool ended; /* that task has */
	int result;
};

/* "2026-11-17T10:00:00.123Z task_... processing 40% finding the person" */
static void add_line(struct buf *line, const formy_event *event, bool color)
{
	char time[CLOCK_TEXT_SIZE];

	text_time(event->time_us, time);
	table_add_painted(line, time, PAINT_QUIET, color);
	buf_add_char(line, ' ');
	text_add_safe(line, event->task_id);
	buf_add_char(line, ' ');
	table_add_painted(
		line, formy_task_status_name(event->status), task_view_paint(event->status), color);
	if (event->progress >= 0) {
		buf_printf(line, " %" PRId32 "%%", event->progress);
	}
	if (event->mode) {
		buf_add_char(line, ' ');
		text_add_safe(line, event->mode);
	}
	if (event->current_step) {
		buf_add_char(line, ' ');
		text_add_safe(line, event->current_step);
	}
	buf_add_char(line, '\n');
}

static bool is_final(formy_task_status status)
{
	return status == FORMY_TASK_DONE || status == FORMY_TASK_FAILED ||
		status == FORMY_TASK_CANCELLED || status == FORMY_TASK_DELETED;
}

static int show(void *user, const formy_event *event)
{
	struct watching *watching = user;
	struct buf line = {0};

	if (watching->cli->json) {
		watching->result = cli_print_json(watching->cli, event->json);
	} else {
		add_line(&line, event, watching->cli->color);
		watching->result = cli_print(watching->cli, &line);
	}
	if (watching->result == EXIT_OK) {
		watching->result = cli_flush(watching->cli);
	}
	watching->ended = watching->one && is_final(event->status);
	return watching->ended || watching->result != EXIT_OK;
}

/* Without events nothing is written, so a reader that went away would go unseen. */
static bool reader_is_gone(void)
{
	struct pollfd polled = {.fd = STDOUT_FILENO};

	return poll(&polled, 1, 0) > 0 && (polled.revents & POLLERR);
}

static int watch_on(struct cli *cli, formy_watch *watch, struct watching *watching)
{
	bool lost = false;

	while (!watching->ended && watching->result == EXIT_OK && !reader_is_gone()) {
		int result = formy_watch_dispatch(watch, TURN_MS, NULL);

		if (result == FORMY_CLIENT_E_REDIS) {
			if (!lost) {
				(void)cli_fail(cli, "%s (trying again)", formy_watch_error(watch));
			}
			lost = true;
			(void)poll(NULL, 0, TURN_MS);
		} else if (result == FORMY_CLIENT_E_NOT_FOUND && watching->one) {
			return cli_fail(cli, "%s", formy_watch_error(watch));
		} else if (result < 0 && result != FORMY_CLIENT_E_STOPPED) {
			return cli_fail(cli, "%s", formy_watch_error(watch));
		} else if (lost) {
			cli_say(cli, "Redis is back");
			lost = false;
		}
	}
	return watching->result;
}

static int run(struct cli *cli, const struct args *args)
{
	const char *id = args_operand(args, 0);
	struct watching watching = {.cli = cli, .one = id != NULL};
	formy_client *client = NULL;
	formy_watch *watch = NULL;
	int result = cli_open_client(cli, &client);

	if (result != EXIT_OK) {
		return result;
	}
	if (formy_watch_open(client, id, show, &watching, &watch) < 0) {
		return cli_fail_client(cli, client);
	}
	result = watch_on(cli, watch, &watching);
	formy_watch_close(watch);
	return result;
}

const struct command cmd_watch = {
	.words = "watch",
	.summary = "shows events as they happen",
	.notes = "With an ID it begins with the task's present state and ends with the task; "
		 "without one it goes on until Ctrl-C.",
	.operands =
		(const struct operand_spec[]){
			{"ID", "a task's id; none: all tasks", VALUE_TASK, true},
			{0},
		},
	.examples =
		(const struct example[]){
			{"formy watch", "all that happens"},
			{"formy watch task_20261117_k3v9x0q2a7 --json",
				"one task until it has ended, a JSON object a line"},
			{0},
		},
	.run = run,
};
