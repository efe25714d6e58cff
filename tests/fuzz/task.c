/* The field `data` of a task, which anybody may have written: a request, or a code and words. */
#include "task/task.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct task_request request = {0};
	struct err err = {0};
	const char *code = NULL;

	if (len == 0 || len > LIMIT_TASK_DATA) {
		return 0;
	}
	if (task_request_parse((const char *)data, len, &err, &code, &request) == 0) {
		if (!request.mode || !request.config) {
			abort();
		}
	} else if (!code && err.text[0] == '\0') {
		abort();
	}
	task_request_finish(&request);
	return 0;
}
