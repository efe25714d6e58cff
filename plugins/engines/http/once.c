#include "http/once.h"

#include <json-c/json.h>

#include "http/path.h"

#define UNKNOWN                                                                                    \
	"It is not known whether the service accepted the task, so it is not sent again by "       \
	"itself. "                                                                                 \
	"Look there first; then formy retry."

formy_status once_unknown(struct job *job, const char *details)
{
	once_forget(job);
	return job_fail(job, FAULT_UNKNOWN, UNKNOWN, details, -1);
}

formy_status once_recall(struct job *job, char id[ONCE_ID_SIZE])
{
	struct json_object *memo = job_recall(job);
	const char *known = path_text(memo, "id");
	formy_status status = FORMY_OK;

	id[0] = '\0';
	if (known) {
		(void)text_copy(id, ONCE_ID_SIZE, known);
	} else if (memo) {
		status = once_unknown(job, "the worker ended while the request was on its way");
	}
	json_object_put(memo);
	return status;
}

static formy_status remember(struct job *job, const char *name, struct json_object *value)
{
	struct json_object *memo = json_object_new_object();
	formy_status status = FORMY_E_NOMEM;

	if (memo && value && json_object_object_add(memo, name, value) == 0) {
		status = job_remember(job, memo);
	} else {
		json_object_put(value);
	}
	json_object_put(memo);
	return status;
}

formy_status once_sending(struct job *job)
{
	return remember(job, "sent", json_object_new_boolean(1));
}

formy_status once_sent(struct job *job, const char *id)
{
	return remember(job, "id", json_object_new_string(id));
}

void once_forget(struct job *job)
{
	(void)job_remember(job, NULL);
}
