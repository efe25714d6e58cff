#include "http/exchange.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/setting.h"

/* What is read of a part. */
struct reading {
	const char *data;
	size_t len;
	size_t at;
};

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

static bool build_headers(struct exchange *exchange)
{
	const struct http_request *request = exchange->request;
	/* a server that waits for "Expect" costs a second a request */
	bool ok = add_header(&exchange->headers, "Expect:");
	bool ours = !exchange->foreign;

	for (size_t i = 0; ok && ours && exchange->setting->headers[i]; i++) {
		ok = add_header(&exchange->headers, exchange->setting->headers[i]);
	}
	for (size_t i = 0; ok && ours && request->headers && request->headers[i]; i++) {
		ok = add_header(&exchange->headers, request->headers[i]);
	}
	if (ok && request->json) {
		ok = add_header(&exchange->headers, "Content-Type: application/json");
	}
	return ok;
}

static bool build_form(struct exchange *exchange, CURL *easy)
{
	const struct http_request *request = exchange->request;

	exchange->form = curl_mime_init(easy);
	for (size_t i = 0; exchange->form && i < request->part_count; i++) {
		if (!add_part(exchange->form, &request->parts[i])) {
			return false;
		}
	}
	return exchange->form != NULL;
}

/* A connection of its own for what changes something: libcurl sends a request
 * again when a connection that it kept turns out to be closed, and that must not happen to it. */
bool exchange_prepare(struct exchange *exchange, CURL *easy)
{
	const struct http_request *request = exchange->request;
	const struct http_setting *setting = exchange->setting;
	uint32_t ms = exchange->most_ms;
	bool changes = request->json || request->parts;

	curl_easy_reset(easy);
	exchange->words[0] = '\0';
	if (!build_headers(exchange) || (request->parts && !build_form(exchange, easy))) {
		return false;
	}
	(void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->words);
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

void exchange_finish(struct exchange *exchange)
{
	curl_mime_free(exchange->form);
	curl_slist_free_all(exchange->headers);
}
