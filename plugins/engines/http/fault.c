#include "http/fault.h"

#include <stdio.h>
#include <string.h>

#define SHOWN 200 /* bytes of an answer in an explanation */

static enum fault of_status(const struct http_answer *answer)
{
	long status = answer->status;

	if (status >= 200 && status < 300) {
		return FAULT_NONE;
	}
	/* the service knows best */
	if (answer->should_retry == 1 && status != 429) {
		return FAULT_SERVER;
	}
	switch (status) {
	case 401:
	case 403:
	case 407:
		return FAULT_AUTH;
	case 402:
		return FAULT_MONEY;
	case 429:
	case 503:
		return FAULT_CAPACITY;
	case 408:
	case 502:
	case 504:
		/* a proxy says so, which cannot know what the server behind it does */
		return FAULT_UNKNOWN;
	default:
		return status >= 500 ? FAULT_SERVER : FAULT_REQUEST;
	}
}

enum fault fault_of(const struct http_answer *answer)
{
	switch (answer->end) {
	case HTTP_ANSWERED:
		return of_status(answer);
	case HTTP_NOT_SENT:
		return FAULT_NOT_SENT;
	case HTTP_TOO_LARGE:
		return FAULT_ANSWER;
	case HTTP_STOPPED:
		return FAULT_STOPPED;
	case HTTP_LATE:
		return FAULT_LATE;
	case HTTP_NO_MEMORY:
		return FAULT_NO_MEMORY;
	case HTTP_UNKNOWN:
	default:
		return FAULT_UNKNOWN;
	}
}

/* The beginning of what a server said, on one line. */
static void add_said(const struct buf *body, struct buf *out)
{
	size_t len = body->len < SHOWN ? body->len : SHOWN;
	bool blank = true;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)body->data[i];

		if (c < 0x20 || c == ' ' || c == 0x7f) {
			if (!blank) {
				buf_add_char(out, ' ');
			}
			blank = true;
		} else {
			buf_add_char(out, (char)c);
			blank = false;
		}
	}
	if (body->len > len) {
		buf_add_text(out, "...");
	}
}

void fault_explain(const struct http_answer *answer, struct buf *out)
{
	switch (answer->end) {
	case HTTP_ANSWERED:
		buf_printf(out, "it answered %ld", answer->status);
		if (answer->status >= 300 && answer->status < 400) {
			buf_add_text(out, ", a redirect; write the address that it leads to");
		} else if (answer->body.len > 0) {
			buf_add_text(out, ": ");
			add_said(&answer->body, out);
		}
		if (answer->request_id[0]) {
			buf_printf(out, " (request %s)", answer->request_id);
		}
		break;
	case HTTP_TOO_LARGE:
		buf_add_text(out, "its answer is larger than allowed");
		break;
	case HTTP_STOPPED:
		buf_add_text(out, "the task was cancelled");
		break;
	case HTTP_LATE:
		buf_add_text(out, "the task's time is over");
		break;
	case HTTP_NO_MEMORY:
		buf_add_text(out, "there is no memory");
		break;
	case HTTP_NOT_SENT:
	case HTTP_UNKNOWN:
	default:
		buf_add_text(out, answer->words[0] ? answer->words : "the connection was lost");
	}
}
