/* One exchange as libcurl sees it: the options, headers and form that it is given, and what it hands
 * back of the answer. Driving it, and its end, are http.c's. */
#ifndef FORMY_ENGINES_EXCHANGE_H
#define FORMY_ENGINES_EXCHANGE_H

#include <curl/curl.h>

#include "http/http.h"

struct exchange {
	const struct http_setting *setting;
	const struct http_request *request;
	struct http_answer *answer; /* body and header lines, and the end where they are too much */
	bool foreign;               /* none of the engine's headers */
	uint32_t most_ms;
	char *words; /* CURL_ERROR_SIZE bytes for libcurl's words on a failure */
	struct curl_slist *headers;
	curl_mime *form;
};

/* Gives libcurl all but the URL. False when there is no memory. */
bool exchange_prepare(struct exchange *exchange, CURL *easy);

/* When libcurl has done with it, or nothing came of it. */
void exchange_finish(struct exchange *exchange);

#endif
