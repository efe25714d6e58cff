#include "http/http.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "http/setting.h"

#define TICK_MS 100 /* between two looks at cancelled() */
#define REDIRECTS 5

struct http {
	const struct http_setting *setting;
	const formy_host *host;
	formy_task *task;
	CURLM *multi;
	CURL *easy;
	uint64_t late_ms; /* when the task's time ends this exchange; UINT64_MAX: its own does */
	char words[CURL_ERROR_SIZE];
};

/* One exchange while it runs. */
struct exchange {
	const struct http_request *request;
	struct http_answer *answer;
	struct curl_slist *headers;
	curl_mime *form;
};

/* What is read of a part. */
struct reading {
	const char *data;
	size_t len;
	size_t at;
};

int http_create(const struct http_setting *setting, struct err *err, struct http **ret_http)
{
	struct http *http = calloc(1, sizeof(*http));

	if (http) {
		http->setting = setting;
		http->multi = curl_multi_init();
		http->easy = curl_easy_init();
	}
	if (!http || !http->multi || !http->easy) {
		http_destroy(http);
		return err_set(err, -ENOMEM, "libcurl cannot be started: there is no memory");
	}
	*ret_http = http;
	return 0;
}

void http_destroy(struct http *http)
{
	if (http) {
		curl_easy_cleanup(http->easy);
		(void)curl_multi_cleanup(http->multi);
		free(http);
	}
}

void http_begin(struct http *http, const formy_host *host, formy_task *task)
{
	http->host = host;
	http->task = task;
}

enum http_end http_should_stop(const struct http *http)
{
	if (!http->task) {
		return HTTP_ANSWERED;
	}
	if (http->host->cancelled(http->task)) {
		return HTTP_STOPPED;
	}
	return http->host->time_left_ms(http->task) == 0 ? HTTP_LATE : HTTP_ANSWERED;
}

bool http_wait(struct http *http, uint32_t ms)
{
	uint64_t end = clock_mono_ms() + ms;
	uint64_t now;

	while ((now = clock_mono_ms()) < end) {
		uint64_t left = end - now;

		if (http_should_stop(http) != HTTP_ANSWERED) {
			return false;
		}
		(void)poll(NULL, 0, left < TICK_MS ? (int)left : TICK_MS);
	}
	return http_should_stop(http) == HTTP_ANSWERED;
}

void http_add_escaped(struct buf *out, const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (isalnum(*c) || strchr("-._~", *c)) {
			buf_add_char(out, (char)*c);
		} else {
			buf_printf(out, "%%%02X", *c);
		}
	}
}

void http_answer_finish(struct http_answer *answer)
{
	buf_finish(&answer->body);
	*answer = (struct http_answer){.retry_after_s = -1, .should_retry = -1};
}

static size_t on_body(char *data, size_t one, size_t count, void *arg)
{
	struct exchange *exchange = arg;
	struct buf *body = &exchange->answer->body;
	size_t len = one * count;

	if (len > exchange->request->max_bytes - body->len) {
		exchange->answer->end = HTTP_TOO_LARGE;
		return 0;
	}
	buf_add(body, data, len);
	if (buf_failed(body)) {
		exchange->answer->end = HTTP_NO_MEMORY;
		return 0;
	}
	return len;
}

/* Copies a header's value if the line is that header. */
static bool take_header(const char *line, size_t len, const char *name, char *to, size_t size)
{
	size_t at = strlen(name);

	if (len <= at || strncasecmp(line, name, at) != 0 || line[at] != ':') {
		return false;
	}
	at++;
	while (at < len && (line[at] == ' ' || line[at] == '\t')) {
		at++;
	}
	while (len > at && isspace((unsigned char)line[len - 1])) {
		len--;
	}
	(void)snprintf(to, size, "%.*s", (int)(len - at), line + at);
	return true;
}

static size_t on_header(char *line, size_t one, size_t count, void *arg)
{
	struct exchange *exchange = arg;
	struct http_answer *answer = exchange->answer;
	size_t len = one * count;
	char value[16];

	if (take_header(line, len, "x-should-retry", value, sizeof(value))) {
		answer->should_retry = strcasecmp(value, "true") == 0;
	} else if (!take_header(line, len, "x-request-id", answer->request_id,
			   sizeof(answer->request_id))) {
		(void)take_header(
			line, len, "content-type", answer->media_type, sizeof(answer->media_type));
	}
	return len;
}

static size_t on_read(char *to, size_t one, size_t count, void *arg)
{
	struct reading *reading = arg;
	size_t len = one * count;

	if (len > reading->len - reading->at) {
		len = reading->len - reading->at;
	}
	memcpy(to, reading->data + reading->at, len);
	reading->at += len;
	return len;
}

static int on_seek(void *arg, curl_off_t offset, int origin)
{
	struct reading *reading = arg;

	if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > reading->len) {
		return CURL_SEEKFUNC_CANTSEEK;
	}
	reading->at = (size_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* The pictures of a form are read from where they are: they are large. */
static bool add_part(curl_mime *form, const struct http_part *part)
{
	curl_mimepart *field = curl_mime_addpart(form);
	struct reading *reading = malloc(sizeof(*reading));

	if (!field || !reading || curl_mime_name(field, part->name) != CURLE_OK ||
		(part->file_name && curl_mime_filename(field, part->file_name) != CURLE_OK) ||
		(part->media_type && curl_mime_type(field, part->media_type) != CURLE_OK)) {
		free(reading);
		return false;
	}
	*reading = (struct reading){.data = part->data, .len = part->len};
	if (curl_mime_data_cb(field, (curl_off_t)part->len, on_read, on_seek, free, reading) !=
		CURLE_OK) {
		free(reading);
		return false;
	}
	return true;
}

static bool add_header(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);

	if (!longer) {
		return false;
	}
	*list = longer;
	return true;
}

static bool build_headers(const struct http *http, struct exchange *exchange, bool foreign)
{
	const struct http_request *request = exchange->request;
	/* a server that waits for "Expect" costs a second a request */
	bool ok = add_header(&exchange->headers, "Expect:");

	for (size_t i = 0; ok && !foreign && http->setting->headers[i]; i++) {
		ok = add_header(&exchange->headers, http->setting->headers[i]);
	}
	for (size_t i = 0; ok && !foreign && request->headers && request->headers[i]; i++) {
		ok = add_header(&exchange->headers, request->headers[i]);
	}
	if (ok && request->json) {
		ok = add_header(&exchange->headers, "Content-Type: application/json");
	}
	return ok;
}

static bool build_form(struct http *http, struct exchange *exchange)
{
	const struct http_request *request = exchange->request;

	exchange->form = curl_mime_init(http->easy);
	for (size_t i = 0; exchange->form && i < request->part_count; i++) {
		if (!add_part(exchange->form, &request->parts[i])) {
			return false;
		}
	}
	return exchange->form != NULL;
}

static uint32_t allowed_ms(struct http *http, const struct http_request *request)
{
	uint32_t stage = http->setting->stage_ms[request->stage];
	uint32_t ms = request->most_ms > 0 && request->most_ms < stage ? request->most_ms : stage;
	uint32_t left = http->task ? http->host->time_left_ms(http->task) : ms;

	http->late_ms = left < ms ? clock_mono_ms() + left : UINT64_MAX;
	return left < ms ? left : ms;
}

/* Sets all but the URL. A connection of its own for what changes something: libcurl sends a request
 * again when a connection that it kept turns out to be closed, and that must not happen to it. */
static bool set_options(struct http *http, struct exchange *exchange, bool foreign)
{
	const struct http_request *request = exchange->request;
	const struct http_setting *setting = http->setting;
	CURL *easy = http->easy;
	uint32_t ms = allowed_ms(http, request);
	bool changes = request->json || request->parts;

	curl_easy_reset(easy);
	http->words[0] = '\0';
	if (!build_headers(http, exchange, foreign) ||
		(request->parts && !build_form(http, exchange))) {
		return false;
	}
	(void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, http->words);
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "formy/" FORMY_VERSION);
	(void)curl_easy_setopt(
		easy, CURLOPT_PROTOCOLS_STR, request->secure ? "https" : "http,https");
	(void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
		(long)(setting->connect_ms < ms ? setting->connect_ms : ms));
	(void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(ms > 0 ? ms : 1));
	(void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->headers);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
	(void)curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)request->max_bytes);
	if (setting->proxy) {
		(void)curl_easy_setopt(easy, CURLOPT_PROXY, setting->proxy);
	}
	if (setting->ca_file) {
		(void)curl_easy_setopt(easy, CURLOPT_CAINFO, setting->ca_file);
	}
	if (changes) {
		(void)curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	}
	if (request->json) {
		(void)curl_easy_setopt(
			easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(request->json));
		(void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->json);
	} else if (request->parts) {
		(void)curl_easy_setopt(easy, CURLOPT_MIMEPOST, exchange->form);
	}
	if (request->method) {
		(void)curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
	}
	return true;
}

/* Whether the whole request may have reached the server. */
static bool may_have_arrived(CURL *easy, CURLcode code)
{
	curl_off_t before = 0;
	curl_off_t sent = 0;
	curl_off_t whole = 0;

	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
		return false;
	default:
		/* nothing is sent before this time is taken, and half a body is no request */
		(void)curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &before);
		(void)curl_easy_getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &sent);
		(void)curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_UPLOAD_T, &whole);
		return before > 0 && sent >= whole;
	}
}

static void note_end(struct http *http, CURLcode code, struct http_answer *answer)
{
	curl_off_t retry_after = 0;

	if (answer->end == HTTP_TOO_LARGE || answer->end == HTTP_NO_MEMORY) {
		return;
	}
	if (code == CURLE_OK) {
		(void)curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &answer->status);
		(void)curl_easy_getinfo(http->easy, CURLINFO_RETRY_AFTER, &retry_after);
		answer->retry_after_s = retry_after > 0 ? (int64_t)retry_after : -1;
		answer->end = HTTP_ANSWERED;
		return;
	}
	(void)snprintf(answer->words, sizeof(answer->words), "%s",
		http->words[0] ? http->words : curl_easy_strerror(code));
	answer->late = code == CURLE_OPERATION_TIMEDOUT;
	if (code == CURLE_FILESIZE_EXCEEDED) {
		answer->end = HTTP_TOO_LARGE;
	} else if (code == CURLE_OUT_OF_MEMORY) {
		answer->end = HTTP_NO_MEMORY;
	} else if (http_should_stop(http) == HTTP_LATE ||
		(answer->late && clock_mono_ms() + TICK_MS >= http->late_ms)) {
		/* libcurl's clock may be a little before the task's */
		answer->end = HTTP_LATE;
	} else {
		answer->end = may_have_arrived(http->easy, code) ? HTTP_UNKNOWN : HTTP_NOT_SENT;
	}
}

/* Drives the transfer to its end; the code when it has one. */
static void drive(struct http *http, struct http_answer *answer)
{
	int running = 1;

	for (;;) {
		CURLMcode result = curl_multi_perform(http->multi, &running);
		int left;
		CURLMsg *message = curl_multi_info_read(http->multi, &left);

		if (message && message->msg == CURLMSG_DONE) {
			note_end(http, message->data.result, answer);
			return;
		}
		if (result != CURLM_OK) {
			answer->end = HTTP_NO_MEMORY;
			return;
		}
		if (http_should_stop(http) == HTTP_STOPPED) {
			answer->end = HTTP_STOPPED;
			return;
		}
		(void)curl_multi_poll(http->multi, NULL, 0, TICK_MS, NULL);
	}
}

/* One exchange, without what it may be redirected to. */
static void send_once(struct http *http, const struct http_request *request, const char *url,
	bool foreign, struct http_answer *answer)
{
	struct exchange exchange = {.request = request, .answer = answer};

	answer->end = HTTP_NO_MEMORY;
	if (http_should_stop(http) != HTTP_ANSWERED) {
		answer->end = http_should_stop(http);
	} else if (set_options(http, &exchange, foreign) &&
		curl_easy_setopt(http->easy, CURLOPT_URL, url) == CURLE_OK &&
		curl_multi_add_handle(http->multi, http->easy) == CURLM_OK) {
		answer->end = HTTP_ANSWERED;
		drive(http, answer);
		(void)curl_multi_remove_handle(http->multi, http->easy);
	}
	curl_mime_free(exchange.form);
	curl_slist_free_all(exchange.headers);
}

static bool is_redirect(const struct http_answer *answer)
{
	return answer->end == HTTP_ANSWERED && answer->status >= 300 && answer->status < 400;
}

void http_send(struct http *http, const struct http_request *request, struct http_answer *answer)
{
	struct http_request next = *request;
	bool foreign = request->foreign;
	char *url = strdup(request->url);

	for (int i = 0; url; i++) {
		char *location = NULL;

		http_answer_finish(answer);
		send_once(http, &next, url, foreign, answer);
		if (!is_redirect(answer) || !request->follow || i == REDIRECTS ||
			curl_easy_getinfo(http->easy, CURLINFO_REDIRECT_URL, &location) !=
				CURLE_OK ||
			!location) {
			break;
		}
		next.secure = next.secure || strncasecmp(url, "https:", 6) == 0;
		foreign = true;
		location = strdup(location);
		free(url);
		url = location;
	}
	if (!url) {
		http_answer_finish(answer);
		answer->end = HTTP_NO_MEMORY;
	}
	free(url);
}
