#include "http/remote.h"

#include <stdlib.h>

void remote_close(void *state)
{
	struct remote *remote = state;

	if (remote) {
		http_destroy(remote->http);
		if (remote_kind.finish) {
			remote_kind.finish(remote);
		}
		setting_finish(&remote->setting);
		free(remote);
	}
}

formy_status remote_open(const formy_host *host, const char *config, void **state)
{
	struct remote *remote = calloc(1, remote_kind.size);
	struct err err = {""};

	if (!remote) {
		return FORMY_E_NOMEM;
	}
	if (setting_read(&remote->setting, config, &err) < 0 ||
		remote_kind.read(remote, &err) < 0 ||
		http_create(&remote->setting, &err, &remote->http) < 0) {
		host->log(NULL, FORMY_LOG_ERROR, err.text);
		remote_close(remote);
		return FORMY_E_ENGINE;
	}
	*state = remote;
	return FORMY_OK;
}

formy_status remote_run(
	const formy_host *host, void *state, const char *operation, formy_task *task)
{
	struct remote *remote = state;
	struct job job;
	formy_status status =
		job_begin(&job, host, task, operation, remote->http, &remote->setting);

	if (status == FORMY_OK) {
		status = remote_kind.run(remote, &job);
	}
	job_finish(&job);
	return status;
}

formy_status remote_check(const formy_host *host, void *state, formy_task *task)
{
	struct remote *remote = state;
	struct job job;
	formy_status status = job_begin_check(&job, host, task, remote->http, &remote->setting);

	if (status == FORMY_OK) {
		status = remote_kind.check(remote, &job);
	}
	job_finish(&job);
	return status;
}
