/* An engine of somebody else: posts the source as PNG to a URL and takes the picture that comes
 * back. One file, the public headers, libcurl and json-c; nothing else of Formy. */
#define _POSIX_C_SOURCE 200809L
#include <curl/curl.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include <formy/extensions.h>
#include <formy/plugin.h>

#define MOST_BYTES (64u << 20)

struct there {
	char *url;
};

struct answer {
	const formy_host *host;
	formy_task *task;
	char *data;
	size_t len;
};

static size_t on_body(char *data, size_t one, size_t count, void *arg)
{
	struct answer *answer = arg;
	size_t len = one * count;
	char *more =
		answer->len + len <= MOST_BYTES ? realloc(answer->data, answer->len + len) : NULL;

	if (!more) {
		return 0;
	}
	memcpy(more + answer->len, data, len);
	answer->data = more;
	answer->len += len;
	return len;
}

/* libcurl asks at least once a second: what is not 0 ends the transfer. */
static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct answer *answer = arg;

	(void)a, (void)b, (void)c, (void)d;
	return answer->host->cancelled(answer->task) != 0;
}

static formy_status fail(const struct answer *answer, CURLcode code, long http)
{
	const formy_later *later = (const formy_later *)answer->host->extension(FORMY_LATER_ID);

	if (code == CURLE_ABORTED_BY_CALLBACK) {
		return FORMY_E_CANCELLED;
	}
	if (later && http == 429) {
		return later->retry_after(
			answer->task, 30, "RESOURCE_LIMIT_EXCEEDED", "The service is busy.", NULL);
	}
	if (later && code == CURLE_COULDNT_CONNECT) {
		return later->down(
			answer->task, "ENGINE_CONNECTION_FAILED", curl_easy_strerror(code));
	}
	return answer->host->fail(answer->task, FORMY_E_ENGINE, "ENGINE_RESPONSE_ERROR",
		"The service did not tint the picture.", code ? curl_easy_strerror(code) : NULL);
}

static formy_status there_run(
	const formy_host *host, void *state, const char *operation, formy_task *task)
{
	const struct there *there = state;
	struct answer answer = {.host = host, .task = task};
	formy_blob in = {.size = sizeof(in)};
	formy_blob out = {.size = sizeof(out), .media_type = "image/png"};
	formy_status status = host->input_bytes(task, "source", "image/png", &in);
	CURL *curl = status == FORMY_OK ? curl_easy_init() : NULL;
	CURLcode code;
	long http = 0;

	(void)operation;
	if (!curl) {
		return status == FORMY_OK ? FORMY_E_NOMEM : status;
	}
	curl_easy_setopt(curl, CURLOPT_URL, there->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 10L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)host->time_left_ms(task));
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)in.len);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, in.data);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &answer);
	host->progress(task, 100, "Tinting, there");
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &http);
	curl_easy_cleanup(curl);
	if (code == CURLE_OK && http == 200) {
		out.data = answer.data;
		out.len = answer.len;
		status = host->result_bytes(task, "output", &out);
	} else {
		status = fail(&answer, code, http);
	}
	free(answer.data);
	return status;
}

static formy_status there_open(const formy_host *host, const char *config, void **state)
{
	struct json_object *section = json_tokener_parse(config);
	const char *url = json_object_get_string(json_object_object_get(section, "url"));
	struct there *there = url ? calloc(1, sizeof(*there)) : NULL;

	if (there) {
		there->url = strdup(url);
	} else {
		host->log(NULL, FORMY_LOG_ERROR,
			"write url = \"http://...\" into the engine's section");
	}
	json_object_put(section);
	*state = there;
	return there && there->url ? FORMY_OK : FORMY_E_PARAMS;
}

static const formy_engine there_engine = {.size = sizeof(there_engine),
	.type = "tint-there",
	.title = "Tints elsewhere",
	.open = there_open,
	.run = there_run};
static const formy_engine *const engines[] = {&there_engine, NULL};
static const formy_plugin plugin = {.size = sizeof(plugin),
	.abi_major = FORMY_ABI_MAJOR,
	.abi_minor = FORMY_ABI_MINOR,
	.needs_minor = FORMY_ABI_MINOR,
	.flags = FORMY_NEEDS_NET,
	.id = "tint_there",
	.version = "1.0",
	.engines = engines};

FORMY_EXPORT const formy_plugin *FORMY_PLUGIN_ENTRY(void)
{
	return &plugin;
}
