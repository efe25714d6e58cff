#include "daemon/status.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/sandbox.h"
#include "daemon/catalog.h"
#include "daemon/supervisor.h"
#include "plugin/descriptor.h"
#include "plugin/registry.h"

static void add_text(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, ",\"%s\":", name);
	if (text) {
		json_add_string(out, text);
	} else {
		buf_add_text(out, "null");
	}
}

/* Why it is as it is, and what to do about it. */
static void add_reason(const struct plugin_file *file, struct buf *out)
{
	const char *hint = plugin_state_hint(file->state);
	struct buf reason = {0};

	buf_printf(&reason, "%s%s%s", file->reason ? file->reason : "",
		file->reason && hint[0] ? "; " : "", hint);
	add_text(out, "reason", reason.len > 0 ? buf_cstr(&reason) : NULL);
	buf_finish(&reason);
}

static void add_modes(const struct supervisor *sup, struct buf *out)
{
	buf_add_text(out, ",\"modes\":[");
	for (size_t i = 0; i < sup->catalog->mode_count; i++) {
		buf_add_text(out, i > 0 ? "," : "");
		json_add_string(out, sup->catalog->modes[i]->name);
	}
	buf_add_char(out, ']');
}

static void add_tasks(const struct supervisor *sup, struct buf *out)
{
	const struct job *job = job_list_first(&sup->running);
	const char *separator = "";

	buf_add_text(out, ",\"tasks\":[");
	while (job) {
		buf_add_text(out, separator);
		json_add_string(out, job->id);
		separator = ",";
		job = job_list_next(&sup->running, job);
	}
	buf_add_char(out, ']');
}

/* A moment of the monotonic clock as a time; NULL for 0. */
static const char *time_text(uint64_t mono_ms, char text[CLOCK_TEXT_SIZE])
{
	if (mono_ms == 0) {
		return NULL;
	}
	clock_format_z(clock_wall_us() - (int64_t)(clock_mono_ms() - mono_ms) * 1000, text);
	return text;
}

static void add_engine(const struct mode *mode, const struct route *route, struct buf *out)
{
	char since[CLOCK_TEXT_SIZE];
	char checked[CLOCK_TEXT_SIZE];

	buf_add_text(out, "{\"engine\":");
	json_add_string(out, route_engine_name(route));
	add_text(out, "type", route->engine->type);
	add_text(out, "mode", mode->name);
	add_text(out, "role",
		route == mode->routes             ? "main"
			: route == mode->fallback ? "fallback"
						  : "allowed");
	add_text(out, "state", route_health_name(route));
	add_text(out, "since", time_text(route->since_ms, since));
	add_text(out, "checked", time_text(route->checked_ms, checked));
	add_text(out, "last_code", route->code[0] ? route->code : NULL);
	add_text(out, "last_error", route->reason[0] ? route->reason : NULL);
	buf_printf(out, ",\"checks\":%u,\"in_flight\":%u,\"report\":%s}", route->checks,
		route->running, route->report[0] ? route->report : "null");
}

/* Each mode with each of its engines. */
static void add_engines(const struct supervisor *sup, struct buf *out)
{
	const char *separator = "";

	buf_add_text(out, ",\"engines\":[");
	for (size_t i = 0; i < sup->catalog->mode_count; i++) {
		const struct mode *mode = sup->catalog->modes[i];

		for (size_t k = 0; k < mode->route_count; k++) {
			if (mode->routes[k].engine) {
				buf_add_text(out, separator);
				add_engine(mode, &mode->routes[k], out);
				separator = ",";
			}
		}
	}
	buf_add_char(out, ']');
}

/* How each mode's processes that run code of the file are confined. */
static void add_sandboxes(
	const struct catalog *catalog, const struct plugin_file *file, struct buf *out)
{
	const char *separator = "";

	for (size_t i = 0; i < catalog->mode_count; i++) {
		const struct mode *mode = catalog->modes[i];

		if (mode->plugin == file || mode_uses_engine(mode, file)) {
			buf_printf(out, "%s{\"mode\":", separator);
			json_add_string(out, mode->name);
			add_text(out, "profile", sandbox_profiles[mode->config->sandbox]);
			add_text(out, "in_force", mode->sandbox[0] ? mode->sandbox : NULL);
			buf_add_char(out, '}');
			separator = ",";
		}
	}
}

static void add_plugin(
	const struct catalog *catalog, const struct plugin_file *file, struct buf *out)
{
	const struct descriptor *descriptor = file->descriptor;

	buf_add_text(out, "{\"file\":");
	json_add_string(out, file->path);
	add_text(out, "state", plugin_state_name(file->state));
	add_reason(file, out);
	add_text(out, "id", descriptor ? descriptor->id : NULL);
	add_text(out, "version", descriptor ? descriptor->version : NULL);
	buf_add_text(out, ",\"modes\":[");
	for (size_t i = 0; descriptor && i < descriptor->mode_count; i++) {
		buf_add_text(out, i > 0 ? "," : "");
		json_add_string(out, descriptor->modes[i].name);
	}
	buf_add_text(out, "],\"engines\":[");
	for (size_t i = 0; descriptor && i < descriptor->engine_count; i++) {
		buf_add_text(out, i > 0 ? "," : "");
		json_add_string(out, descriptor->engines[i].type);
	}
	buf_add_text(out, "],\"sandbox\":[");
	add_sandboxes(catalog, file, out);
	buf_add_text(out, "]}");
}

void status_registration(const struct supervisor *sup, struct buf *out)
{
	struct registry *registry = sup->catalog->registry;
	char host[SUPERVISOR_WORKER_SIZE];
	char started[CLOCK_TEXT_SIZE];
	char *colon;

	(void)text_copy(host, sizeof(host), sup->worker);
	colon = strrchr(host, ':');
	if (colon) {
		*colon = '\0';
	}
	clock_format_z(sup->started_wall_us, started);
	buf_add_text(out, "{\"name\":");
	json_add_string(out, sup->worker);
	add_text(out, "host", host);
	buf_printf(out, ",\"pid\":%d", (int)getpid());
	add_text(out, "version", FORMY_VERSION);
	add_text(out, "started", started);
	add_text(out, "state", sup->phase == PHASE_SERVING ? "serving" : "draining");
	buf_printf(out,
		",\"executors\":%u,\"running\":%zu,\"done\":%" PRIu64 ",\"failed\":%" PRIu64,
		sup->place_count, sup->running.count, sup->done_count, sup->failed_count);
	add_tasks(sup, out);
	add_modes(sup, out);
	add_engines(sup, out);
	buf_add_text(out, ",\"plugins\":[");
	for (size_t i = 0; i < registry_count(registry); i++) {
		buf_add_text(out, i > 0 ? "," : "");
		add_plugin(sup->catalog, registry_at(registry, i), out);
	}
	buf_add_text(out, "]}");
}
