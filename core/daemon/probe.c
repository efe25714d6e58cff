#include "daemon/probe.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "daemon/child.h"
#include "daemon/deadline.h"
#include "plugin/descriptor.h"
#include "plugin/registry.h"
#include "plugin/version.h"
#include "wire/msg.h"

#define AT_ONCE 4
#define DEADLINE_MS 5000

struct probe;

/* One file that is being looked at. */
struct look {
	struct probe *probe;
	struct plugin_file *file;
	struct child *child;
	bool answered;
	bool late;
	uv_timer_t timer;
};

struct probe {
	uv_loop_t *loop;
	const char *program;
	struct registry *registry;
	probe_done_fn *done;
	void *arg;
	size_t next;
	struct look looks[AT_ONCE];
	uv_idle_t starter; /* so that nothing is called back from within probe_all */
	unsigned handles;
	bool over;
};

static void start_next(struct probe *probe);

static void on_closed(uv_handle_t *handle)
{
	struct probe *probe = handle->data;

	if (--probe->handles == 0) {
		free(probe);
	}
}

static void close_all(struct probe *probe)
{
	probe->over = true;
	for (size_t i = 0; i < AT_ONCE; i++) {
		child_release(probe->looks[i].child);
		probe->looks[i].child = NULL;
		probe->looks[i].timer.data = probe;
		uv_close((uv_handle_t *)&probe->looks[i].timer, on_closed);
	}
	uv_close((uv_handle_t *)&probe->starter, on_closed);
}

static void set_failed(struct look *look, enum plugin_state state, const char *reason)
{
	registry_set_failed(look->probe->registry, look->file, state, reason);
}

static void take_descriptor(struct look *look, const char *json)
{
	struct descriptor *descriptor = NULL;
	struct err err = {0};

	if (descriptor_from_json(json, strlen(json), &err, &descriptor) < 0) {
		set_failed(look, PLUGIN_REFUSED, err.text);
	} else {
		registry_set_descriptor(look->probe->registry, look->file, descriptor);
	}
}

static void on_packet(void *owner, const void *data, size_t len)
{
	struct look *look = owner;
	struct msg msg;

	if (look->answered || msg_decode(data, len, &msg) < 0 || msg.type != MSG_PROBED) {
		return;
	}
	look->answered = true;
	if (msg.probed.descriptor) {
		take_descriptor(look, msg.probed.descriptor);
	} else {
		set_failed(look,
			msg.probed.state ? plugin_state_of_name(msg.probed.state) : PLUGIN_REFUSED,
			msg.probed.reason ? msg.probed.reason : "it was refused without a reason");
	}
}

static void on_line(void *owner, const char *text)
{
	const struct look *look = owner;

	log_info("plugin printed", LOG_S("text", text), LOG_S("file", look->file->path));
}

static void on_eof(void *owner, bool garbage)
{
	(void)owner;
	(void)garbage;
}

static void on_gone(void *owner, int64_t status, int signal)
{
	struct look *look = owner;
	char reason[200];

	child_release(look->child);
	look->child = NULL;
	(void)uv_timer_stop(&look->timer);
	if (!look->answered) {
		if (look->late) {
			(void)snprintf(reason, sizeof(reason),
				"it did not answer its probe within %d s", DEADLINE_MS / 1000);
		} else if (signal) {
			(void)snprintf(reason, sizeof(reason),
				"it ended its probe by signal %d (%s)", signal, strsignal(signal));
		} else {
			(void)snprintf(reason, sizeof(reason),
				"it ended its probe with status %lld and no answer",
				(long long)status);
		}
		set_failed(look, PLUGIN_CRASHED, reason);
	}
	start_next(look->probe);
}

static const struct child_events probe_events = {
	.packet = on_packet,
	.line = on_line,
	.eof = on_eof,
	.gone = on_gone,
};

static void on_deadline(uv_timer_t *timer)
{
	struct look *look = timer->data;

	look->late = true;
	if (look->child) {
		child_kill(look->child, SIGKILL);
	}
}

static struct plugin_file *take_file(struct probe *probe)
{
	while (probe->next < registry_count(probe->registry)) {
		struct plugin_file *file = registry_at(probe->registry, probe->next++);

		if (file->version &&
			(file->state == PLUGIN_FOUND || file->state == PLUGIN_CANNOT_LOAD)) {
			return file;
		}
	}
	return NULL;
}

/* Starts a process for a file; one that cannot be started is the file's state. */
static void begin(struct look *look, struct plugin_file *file)
{
	const char *const arguments[] = {"--probe", file->path, NULL};
	const struct child_command command = {
		.program = look->probe->program,
		.arguments = arguments,
		.copy = &file->version->fd,
	};
	struct err err = {0};

	look->file = file;
	look->answered = false;
	look->late = false;
	if (child_start(look->probe->loop, &command, &probe_events, look, &err, &look->child) < 0) {
		set_failed(look, PLUGIN_CANNOT_LOAD, err.text);
		return;
	}
	deadline_start(&look->timer, on_deadline, DEADLINE_MS);
}

static void start_next(struct probe *probe)
{
	bool busy = false;

	for (size_t i = 0; i < AT_ONCE; i++) {
		struct look *look = &probe->looks[i];
		struct plugin_file *file;

		while (!look->child && (file = take_file(probe))) {
			begin(look, file);
		}
		busy = busy || look->child;
	}
	if (!busy && !probe->over) {
		probe_done_fn *done = probe->done;
		void *arg = probe->arg;

		close_all(probe);
		done(arg);
	}
}

static void on_started(uv_idle_t *idle)
{
	struct probe *probe = idle->data;

	(void)uv_idle_stop(idle);
	start_next(probe);
}

int probe_all(uv_loop_t *loop, const char *program, struct registry *registry, probe_done_fn *done,
	void *arg, struct probe **ret_probe)
{
	struct probe *probe = calloc(1, sizeof(*probe));

	if (!probe) {
		return -ENOMEM;
	}
	probe->loop = loop;
	probe->program = program;
	probe->registry = registry;
	probe->done = done;
	probe->arg = arg;
	for (size_t i = 0; i < AT_ONCE; i++) {
		probe->looks[i].probe = probe;
		(void)uv_timer_init(loop, &probe->looks[i].timer);
		probe->looks[i].timer.data = &probe->looks[i];
		probe->handles++;
	}
	(void)uv_idle_init(loop, &probe->starter);
	probe->starter.data = probe;
	probe->handles++;
	(void)uv_idle_start(&probe->starter, on_started);
	*ret_probe = probe;
	return 0;
}

void probe_cancel(struct probe *probe)
{
	if (probe && !probe->over) {
		close_all(probe);
	}
}
