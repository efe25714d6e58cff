#include "cli/wait.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/progress.h"

/* What the callback knows between its calls. */
struct waiting {
	struct cli *cli;
	uint64_t since_ms;
	struct buf last; /* the plain line that was printed last */
	bool drawn;      /* a bar stands on the terminal */
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
	(void)signal_number;
	interrupted = 1;
}

static void erase_bar(struct waiting *waiting)
{
	if (waiting->drawn) {
		(void)fputs("\r\x1b[K", stderr);
		waiting->drawn = false;
	}
}

static void draw_bar(struct waiting *waiting, const struct progress *progress)
{
	struct buf line = {0};
	size_t columns = progress_columns(STDERR_FILENO);

	buf_add_char(&line, '\r');
	/* in the last column some terminals go on to the next line */
	progress_add_bar(&line, progress, columns > 1 ? columns - 1 : columns);
	buf_add_text(&line, "\x1b[K");
	if (!buf_failed(&line)) {
		(void)fwrite(line.data, 1, line.len, stderr);
		(void)fflush(stderr);
		waiting->drawn = true;
	}
	buf_finish(&line);
}

static void print_change(struct waiting *waiting, const struct progress *progress)
{
	struct buf line = {0};

	progress_add_plain(&line, progress);
	if (buf_failed(&line) ||
		(waiting->last.len == line.len &&
			memcmp(waiting->last.data, line.data, line.len) == 0)) {
		buf_finish(&line);
		return;
	}
	cli_say(waiting->cli, "%s", buf_cstr(&line));
	buf_finish(&waiting->last);
	waiting->last = line;
}

static int show(void *user, const formy_task_info *task)
{
	struct waiting *waiting = user;
	const struct progress progress = {
		.mode = task->mode,
		.status = formy_task_status_name(task->status),
		.step = task->status == FORMY_TASK_PROCESSING ? task->current_step : NULL,
		.percent = task->progress,
		.elapsed_s = (double)(clock_mono_ms() - waiting->since_ms) / 1000.0,
	};

	if (waiting->cli->quiet) {
		return interrupted;
	}
	if (waiting->cli->error_tty) {
		draw_bar(waiting, &progress);
	} else if (waiting->cli->verbose) {
		print_change(waiting, &progress);
	}
	return interrupted;
}

int wait_for_task(struct cli *cli, formy_client *client, const char *id, uint32_t timeout_ms,
	formy_task_info **ret_task)
{
	struct waiting waiting = {.cli = cli, .since_ms = clock_mono_ms()};
	struct sigaction act = {.sa_handler = on_interrupt};
	struct sigaction old;
	int result;

	/* no SA_RESTART: what waits in the kernel shall come back */
	(void)sigemptyset(&act.sa_mask);
	(void)sigaction(SIGINT, &act, &old);
	result = formy_wait(client, id, timeout_ms, show, &waiting, ret_task);
	(void)sigaction(SIGINT, &old, NULL);
	erase_bar(&waiting);
	buf_finish(&waiting.last);
	if (result == 0) {
		return EXIT_OK;
	}
	if (result == FORMY_CLIENT_E_STOPPED) {
		(void)cli_fail(cli, "the task goes on; formy cancel %s ends it", id);
		return EXIT_INTERRUPTED;
	}
	if (result == FORMY_CLIENT_E_TIMEOUT) {
		return cli_fail(cli,
			"the time is over and the task goes on; formy cancel %s "
			"ends it, formy watch %s shows it",
			id, id);
	}
	return cli_fail_client(cli, client);
}
