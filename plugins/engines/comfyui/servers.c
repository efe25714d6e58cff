#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "comfyui.h"
#include "http/host.h"

#define SICK_FIRST_MS 1000
#define SICK_MOST_MS 30000
#define PLACE_WAIT_MS 50

/* The servers that are well and have a free place, from the one with the fewest taken: takes a place
 * at it. False when no server is well. */
static bool take_best(struct comfyui *engine, struct job *job, struct server **ret_server)
{
	uint64_t now = clock_mono_ms();
	struct server *best = NULL;
	uint32_t fewest = (uint32_t)engine->in_flight;
	bool well = false;

	for (size_t i = 0; i < engine->server_count; i++) {
		/* not all executors begin with the same one */
		struct server *server =
			&engine->servers[(i + (size_t)getpid()) % engine->server_count];
		uint32_t taken;

		if (server->sick_until_ms > now) {
			continue;
		}
		well = true;
		taken = host_taken(job->host, job->task, server->url);
		if (taken < fewest) {
			fewest = taken;
			best = server;
		}
	}
	*ret_server =
		best && host_take(job->host, job->task, best->url, (uint32_t)engine->in_flight)
		? best
		: NULL;
	return well;
}

/* Whether a server answers now; one that hangs is found out in seconds. */
static bool is_well(struct comfyui *engine, struct server *server, struct http_answer *answer,
	struct http_request *request, struct buf *url)
{
	buf_clear(url);
	buf_printf(url, "%s/prompt", server->url);
	*request = (struct http_request){.url = buf_failed(url) ? "" : buf_cstr(url),
		.stage = HTTP_POLL,
		.most_ms = 5000,
		.max_bytes = LIMIT_ANSWER_JSON};
	http_send(engine->remote.http, request, answer);
	if (fault_of(answer) == FAULT_NONE) {
		server->sick_for_ms = 0;
		return true;
	}
	return false;
}

formy_status servers_take(struct comfyui *engine, struct job *job, struct server **ret_server)
{
	struct http_answer answer = {.retry_after_s = -1};
	struct http_request request = {.url = engine->servers[0].url};
	struct buf url = {0};
	struct server *server = NULL;
	formy_status status = FORMY_OK;

	for (;;) {
		enum fault fault;

		if (!take_best(engine, job, &server)) {
			status = answer.words[0] || answer.status
				? job_fail_answer(job,
					  fault_of(&answer) == FAULT_AUTH ? FAULT_AUTH
									  : FAULT_NOT_SENT,
					  "No ComfyUI server can be used now.", &request, &answer)
				: job_fail(job, FAULT_NOT_SENT,
					  "No ComfyUI server can be used now.",
					  "all of them failed a moment ago", -1);
			break;
		}
		if (server && is_well(engine, server, &answer, &request, &url)) {
			*ret_server = server;
			break;
		}
		fault = server ? fault_of(&answer) : FAULT_NONE;
		if (server) {
			servers_give(job, server);
		}
		if (fault == FAULT_STOPPED || fault == FAULT_LATE || fault == FAULT_NO_MEMORY) {
			status = job_fail(job, fault, "No ComfyUI server was free.", NULL, -1);
			break;
		}
		if (server) {
			servers_sick(server);
			job_log(job, FORMY_LOG_WARNING, "ComfyUI at %s is left out for %llu s: %s",
				server->url, (unsigned long long)server->sick_for_ms / 1000,
				answer.words[0] ? answer.words : "it does not answer as it should");
		} else if (!http_wait(engine->remote.http, PLACE_WAIT_MS)) {
			status = job_fail(job,
				http_should_stop(engine->remote.http) == HTTP_LATE ? FAULT_LATE
										   : FAULT_STOPPED,
				"No ComfyUI server was free.", NULL, -1);
			break;
		}
	}
	http_answer_finish(&answer);
	buf_finish(&url);
	return status;
}

void servers_give(struct job *job, const struct server *server)
{
	if (server) {
		host_give(job->host, job->task, server->url);
	}
}

void servers_sick(struct server *server)
{
	server->sick_for_ms = server->sick_for_ms == 0 ? SICK_FIRST_MS : server->sick_for_ms * 2;
	if (server->sick_for_ms > SICK_MOST_MS) {
		server->sick_for_ms = SICK_MOST_MS;
	}
	server->sick_until_ms = clock_mono_ms() + server->sick_for_ms;
	/* it may come back as another */
	server->checked = false;
}

struct server *servers_find(struct comfyui *engine, const char *url)
{
	for (size_t i = 0; url && i < engine->server_count; i++) {
		if (strcmp(engine->servers[i].url, url) == 0) {
			return &engine->servers[i];
		}
	}
	return NULL;
}
