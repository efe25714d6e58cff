#include <json-c/json.h>

#include "base/json.h"
#include "comfyui.h"
#include "http/path.h"

formy_status prompt_remember(struct job *job, const struct prompt *prompt)
{
	struct json_object *memo = json_object_new_object();
	formy_status status = FORMY_E_NOMEM;

	if (memo) {
		json_object_object_add(memo, "server", json_object_new_string(prompt->server->url));
		json_object_object_add(memo, "prompt_id", json_object_new_string(prompt->id));
		json_object_object_add(memo, "seed", json_object_new_int64(prompt->seed));
		json_object_object_add(
			memo, "resubmitted", json_object_new_int64(prompt->resubmitted));
		status = job_remember(job, memo);
	}
	json_object_put(memo);
	return status;
}

formy_status prompt_forget(struct job *job, struct prompt *prompt)
{
	prompt->id[0] = '\0';
	return prompt_remember(job, prompt);
}

bool prompt_recall(struct comfyui *engine, struct job *job, struct prompt *prompt)
{
	struct json_object *memo = job_recall(job);
	const char *id = path_text(memo, "prompt_id");
	struct server *server = servers_find(engine, path_text(memo, "server"));
	bool found = id && id[0] && server && text_copy(prompt->id, sizeof(prompt->id), id);

	(void)json_get_int(memo, "resubmitted", &prompt->resubmitted);
	if (found) {
		prompt->server = server;
		prompt->resumed = true;
		(void)json_get_int(memo, "seed", &prompt->seed);
	}
	json_object_put(memo);
	return found;
}
