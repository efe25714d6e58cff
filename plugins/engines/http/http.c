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
#include "http/exchange.h"
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

static uint32_t allowed_ms(struct http *http, const struct http_request *request)
{
	uint32_t stage = http->setting->stage_ms[request->stage];
	uint32_t ms = request->most_ms > 0 && request->most_ms < stage ? request->most_ms : stage;
	uint32_t left = http->task ? http->host->time_left_ms(http->task) : ms;

	http->late_ms = left < ms ? clock_mono_ms() + left : UINT64_MAX;
	return left < ms ? left : ms;
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
	struct exchange exchange = {.setting = http->setting,
		.request = request,
		.answer = answer,
		.foreign = foreign,
		.words = http->words};

	answer->end = HTTP_NO_MEMORY;
	exchange.most_ms = allowed_ms(http, request);
	if (http_should_stop(http) != HTTP_ANSWERED) {
		answer->end = http_should_stop(http);
	} else if (exchange_prepare(&exchange, http->easy) &&
		curl_easy_setopt(http->easy, CURLOPT_URL, url) == CURLE_OK &&
		curl_multi_add_handle(http->multi, http->easy) == CURLM_OK) {
		answer->end = HTTP_ANSWERED;
		drive(http, answer);
		(void)curl_multi_remove_handle(http->multi, http->easy);
	}
	exchange_finish(&exchange);
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
