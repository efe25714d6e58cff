#include "http/events.h"

#include <curl/curl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/buf.h"
#include "http/frames.h"
#include "http/picture.h"
#include "http/setting.h"

#define HEAD_MOST 16384 /* bytes of the answer to the upgrade */
#define READ_AT_ONCE 8192
#define READS_A_TURN 64

enum state { CONNECTING, ASKING, UPGRADING, OPEN, DEAD };

struct events {
	const struct http_setting *setting;
	CURLM *multi;
	CURL *easy;
	struct buf out; /* what is still to be sent */
	struct buf head;
	struct frames frames;
	enum state state;
};

/* A part of an address, appended; what is not there is left out. */
static void add_part(struct buf *out, CURLU *url, CURLUPart part, const char *before)
{
	char *text = NULL;

	if (curl_url_get(url, part, &text, 0) == CURLUE_OK && text) {
		buf_printf(out, "%s%s", before, text);
	}
	curl_free(text);
}

static void write_request(struct events *events, const char *address)
{
	struct buf *out = &events->out;
	CURLU *url = curl_url();
	uint8_t key[16];

	if (!url || curl_url_set(url, CURLUPART_URL, address, 0) != CURLUE_OK ||
		getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key)) {
		events->state = DEAD;
		curl_url_cleanup(url);
		return;
	}
	add_part(out, url, CURLUPART_PATH, "GET ");
	add_part(out, url, CURLUPART_QUERY, "?");
	add_part(out, url, CURLUPART_HOST, " HTTP/1.1\r\nHost: ");
	add_part(out, url, CURLUPART_PORT, ":");
	buf_add_text(out,
		"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"User-Agent: formy/" FORMY_VERSION "\r\n"
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ");
	picture_encode(key, sizeof(key), out);
	for (size_t i = 0; events->setting->headers[i]; i++) {
		buf_printf(out, "\r\n%s", events->setting->headers[i]);
	}
	buf_add_text(out, "\r\n\r\n");
	curl_url_cleanup(url);
}

static void set_options(struct events *events, const char *url)
{
	const struct http_setting *setting = events->setting;
	CURL *easy = events->easy;

	(void)curl_easy_setopt(easy, CURLOPT_URL, url);
	(void)curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)setting->connect_ms);
	if (setting->proxy) {
		(void)curl_easy_setopt(easy, CURLOPT_PROXY, setting->proxy);
	}
	if (setting->ca_file) {
		(void)curl_easy_setopt(easy, CURLOPT_CAINFO, setting->ca_file);
	}
}

struct events *events_open(const struct http_setting *setting, const char *url)
{
	struct events *events = calloc(1, sizeof(*events));

	if (!events) {
		return NULL;
	}
	events->setting = setting;
	events->multi = curl_multi_init();
	events->easy = curl_easy_init();
	if (events->multi && events->easy) {
		set_options(events, url);
		write_request(events, url);
	}
	if (!events->multi || !events->easy || buf_failed(&events->out) ||
		curl_multi_add_handle(events->multi, events->easy) != CURLM_OK) {
		events_close(events);
		return NULL;
	}
	return events;
}

void events_close(struct events *events)
{
	if (events) {
		if (events->multi && events->easy) {
			(void)curl_multi_remove_handle(events->multi, events->easy);
		}
		curl_easy_cleanup(events->easy);
		(void)curl_multi_cleanup(events->multi);
		buf_finish(&events->out);
		buf_finish(&events->head);
		frames_finish(&events->frames);
		free(events);
	}
}

static void go_on_connecting(struct events *events)
{
	int running;
	int left;
	CURLMsg *message;

	if (curl_multi_perform(events->multi, &running) != CURLM_OK) {
		events->state = DEAD;
		return;
	}
	message = curl_multi_info_read(events->multi, &left);
	if (message && message->msg == CURLMSG_DONE) {
		events->state = message->data.result == CURLE_OK ? ASKING : DEAD;
	}
}

static void go_on_sending(struct events *events)
{
	size_t sent = 0;
	CURLcode code = CURLE_OK;

	if (events->out.len > 0) {
		code = curl_easy_send(events->easy, events->out.data, events->out.len, &sent);
		memmove(events->out.data, events->out.data + sent, events->out.len - sent);
		events->out.len -= sent;
	}
	if (code != CURLE_OK && code != CURLE_AGAIN) {
		events->state = DEAD;
	} else if (events->state == ASKING && events->out.len == 0) {
		events->state = UPGRADING;
	}
}

/* The answer to the upgrade; what follows it are frames already. */
static bool take_head(struct events *events, const char *data, size_t len)
{
	struct buf *head = &events->head;
	const char *end;
	size_t used;

	buf_add(head, data, len);
	if (buf_failed(head) || head->len > HEAD_MOST) {
		return false;
	}
	end = memmem(head->data, head->len, "\r\n\r\n", 4);
	if (!end) {
		return true;
	}
	if (strncmp(head->data, "HTTP/1.1 101", 12) != 0) {
		return false;
	}
	events->state = OPEN;
	used = (size_t)(end + 4 - head->data);
	return frames_add(&events->frames, head->data + used, head->len - used);
}

/* A pong is what keeps some proxies from closing the connection. */
static void answer_ping(struct events *events, const char *data, size_t len)
{
	static const char no_mask[4] = "\0\0\0\0";

	if (events->out.len == 0) {
		buf_add_char(&events->out, (char)0x8a);
		buf_add_char(&events->out, (char)(0x80 | len));
		buf_add(&events->out, no_mask, sizeof(no_mask));
		buf_add(&events->out, data, len);
	}
}

static void take_frames(
	struct events *events, void (*take)(void *arg, const char *text, size_t len), void *arg)
{
	while (events->state == OPEN) {
		const char *data;
		size_t len;

		switch (frames_next(&events->frames, &data, &len)) {
		case FRAME_TEXT:
			take(arg, data, len);
			break;
		case FRAME_PING:
			answer_ping(events, data, len);
			break;
		case FRAME_END:
			events->state = DEAD;
			return;
		case FRAME_PARTIAL:
		default:
			return;
		}
		frames_drop(&events->frames);
	}
}

bool events_turn(
	struct events *events, void (*take)(void *arg, const char *text, size_t len), void *arg)
{
	char data[READ_AT_ONCE];

	if (!events) {
		return false;
	}
	if (events->state == CONNECTING) {
		go_on_connecting(events);
	}
	if (events->state >= ASKING && events->state <= OPEN) {
		go_on_sending(events);
	}
	for (int i = 0; i < READS_A_TURN && (events->state == UPGRADING || events->state == OPEN);
		i++) {
		size_t len = 0;
		CURLcode code = curl_easy_recv(events->easy, data, sizeof(data), &len);

		if (code == CURLE_AGAIN) {
			break;
		}
		if (code != CURLE_OK || len == 0 ||
			!(events->state == UPGRADING ? take_head(events, data, len)
						     : frames_add(&events->frames, data, len))) {
			events->state = DEAD;
		}
		take_frames(events, take, arg);
	}
	return events->state != DEAD;
}
