/* Takes what its engine answers for a picture as large as the one that it handed over. */
#define BAD_RUN
#define BAD_FLAGS 0
#define BAD_INPUTS "[{\"role\": \"source\", \"member\": \"source_image\", \"required\": true}]"
#include <signal.h>

#include "bad.h"

static formy_status bad_run(const formy_host *host, void *state, formy_task *task)
{
	formy_image source = {.size = sizeof(source)};
	formy_image mask = {.size = sizeof(mask)};
	const formy_named_image named = {.size = sizeof(named), .role = "source", .image = &source};
	const formy_named_image *const images[] = {&named, NULL};
	const formy_request request = {.size = sizeof(request), .operation = "A", .images = images};
	formy_status status = host->input(task, "source", &source);

	(void)state;
	if (status == FORMY_OK) {
		status = host->call(task, &request);
	}
	if (status == FORMY_OK && host->reply(task, "mask", &mask) != FORMY_OK) {
		status = FORMY_E_ENGINE;
	}
	if (status == FORMY_OK && (mask.width != source.width || mask.height != source.height)) {
		/* what reading beyond it comes to, sooner or later */
		(void)raise(SIGSEGV);
	}
	return status == FORMY_OK ? host->result(task, "output", &source) : status;
}
