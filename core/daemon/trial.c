#include "daemon/trial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "daemon/catalog.h"
#include "daemon/slot.h"

struct trial {
	trial_problem_fn *problem;
	void *arg;
	struct slot slot;
	bool answered; /* it got ready, or said why not */
};

static void on_ready(void *owner, struct slot *slot)
{
	struct trial *trial = owner;

	trial->answered = true;
	slot_drain(slot);
}

static void on_refused(void *owner, struct slot *slot, const char *code, const char *message)
{
	struct trial *trial = owner;

	(void)code;
	trial->answered = true;
	trial->problem(slot->mode, message, trial->arg);
}

static void on_ended(void *owner, struct slot *slot, const struct slot_exit *end)
{
	struct trial *trial = owner;

	if (!trial->answered) {
		trial->problem(slot->mode,
			end->end == SLOT_END_START ? "its plugin does not get ready in time"
						   : "its plugin crashes when it is opened",
			trial->arg);
	}
}

static void on_confined(void *owner, struct slot *slot, const struct msg_confined *confined)
{
	(void)owner;
	mode_confined(slot->mode, confined->in_force, confined->lacks);
}

static void on_log(void *owner, struct slot *slot, const struct msg_log *log)
{
	const struct mode *mode = slot->mode;

	(void)owner;
	log_debug(log->text, LOG_S("mode", mode->name));
}

static void on_line(void *owner, struct slot *slot, const char *text)
{
	const struct mode *mode = slot->mode;

	(void)owner;
	log_debug("plugin printed", LOG_S("text", text), LOG_S("mode", mode->name));
}

/* No job is ever given, so nothing can be said of one. */
static void on_job_event(void *owner, struct slot *slot, const struct msg_progress *progress)
{
	(void)owner;
	(void)slot;
	(void)progress;
}

static void on_free(void *owner, struct slot *slot)
{
	(void)owner;
	(void)slot;
}

static const struct slot_events trial_events = {
	.ready = on_ready,
	.refused = on_refused,
	.confined = on_confined,
	.progress = on_job_event,
	.log = on_log,
	.line = on_line,
	.ended = on_ended,
	.free = on_free,
};

static void on_closed(uv_handle_t *handle)
{
	(void)handle;
}

int trial_run(uv_loop_t *loop, const char *program, struct catalog *catalog,
	trial_problem_fn *problem, void *arg)
{
	static const struct slot_times times = {.start = 60000, .grace = 1000, .finish = 3000};
	struct trial trial = {.problem = problem, .arg = arg};
	char scratch[] = "/tmp/formy-check-XXXXXX";
	struct buf setup = {0};
	int result = 0;

	if (!mkdtemp(scratch)) {
		return -errno;
	}
	for (size_t i = 0; i < catalog->mode_count && result == 0; i++) {
		struct mode *mode = catalog->modes[i];
		struct err err = {0};

		trial.answered = false;
		result = slot_init(
			&trial.slot, loop, (unsigned)i, program, &times, &trial_events, &trial);
		if (result < 0) {
			break;
		}
		result = route_setup(&mode->routes[0], scratch, &err, &setup);
		if (result == 0) {
			int fds[ROUTE_FILES];
			size_t count = route_files(&mode->routes[0], -1, fds);

			result = slot_start(&trial.slot, mode, &setup, fds, count, &err);
		}
		if (result < 0) {
			problem(mode, err.text, arg);
			result = 0;
		}
		(void)uv_run(loop, UV_RUN_DEFAULT);
		slot_finish(&trial.slot, on_closed);
		(void)uv_run(loop, UV_RUN_DEFAULT);
	}
	buf_finish(&setup);
	(void)fs_remove_tree(scratch);
	return result;
}
