#include "daemon/job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "daemon/catalog.h"
#include "plugin/registry.h"
#include "plugin/version.h"
#include "task/outcome.h"
#include "wire/msg.h"

void job_list_init(struct job_list *list)
{
	list->ends.next = &list->ends;
	list->ends.prev = &list->ends;
	list->count = 0;
}

static void insert_after(struct job_list *list, struct job *where, struct job *job)
{
	job->next = where->next;
	job->prev = where;
	where->next->prev = job;
	where->next = job;
	list->count++;
}

void job_list_push(struct job_list *list, struct job *job)
{
	insert_after(list, list->ends.prev, job);
}

void job_list_push_front(struct job_list *list, struct job *job)
{
	insert_after(list, &list->ends, job);
}

void job_list_remove(struct job_list *list, struct job *job)
{
	job->prev->next = job->next;
	job->next->prev = job->prev;
	job->next = NULL;
	job->prev = NULL;
	list->count--;
}

struct job *job_list_first(const struct job_list *list)
{
	return list->count > 0 ? list->ends.next : NULL;
}

struct job *job_list_next(const struct job_list *list, const struct job *job)
{
	return job->next != &list->ends ? job->next : NULL;
}

int job_create(const struct queue_task *task, const char *token, struct job **ret_job)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job) {
		return -ENOMEM;
	}
	(void)text_copy(job->id, sizeof(job->id), task->id);
	(void)text_copy(job->token, sizeof(job->token), token);
	job->created_ms = task->created_ms;
	job->attempt = task->attempt;
	job->tries = task->tries;
	job->crashes = task->crashes;
	job->claimed_us = clock_mono_us();
	job->memo = task->memo ? strdup(task->memo) : NULL;
	if (task->memo && !job->memo) {
		free(job);
		return -ENOMEM;
	}
	*ret_job = job;
	return 0;
}

void job_destroy(struct job *job)
{
	if (job) {
		mode_release(job->mode);
		free(job->config);
		free(job->unknown);
		free(job->memo);
		buf_finish(&job->json);
		free(job);
	}
}

static void set_failed(struct job *job, const struct outcome *outcome)
{
	job->verdict = QUEUE_FAILED;
	buf_clear(&job->json);
	outcome_add_error(&job->json, outcome);
}

static void set_again(struct job *job, enum queue_verdict verdict, unsigned count)
{
	uint32_t chance = 0;

	(void)!getrandom(&chance, sizeof(chance), GRND_NONBLOCK);
	job->verdict = verdict;
	job->retry_delay_ms = outcome_retry_delay_ms(job->mode->retry_delay_ms, count, chance);
}

void job_fail(struct job *job, const struct outcome *outcome, bool again)
{
	set_failed(job, outcome);
	if (again && job->mode && job->tries < job->mode->max_attempts) {
		set_again(job, QUEUE_RETRY, job->tries);
	}
}

void job_put_off(struct job *job, uint32_t delay_ms)
{
	buf_clear(&job->json);
	job->verdict = QUEUE_LATER;
	job->retry_delay_ms = delay_ms;
}

const char *job_engine(const struct job *job)
{
	return job->route ? route_engine_name(job->route) : NULL;
}

const struct plugin_file *job_culprit(const struct job *job)
{
	if (job->route->engine_plugin && (job->check || job->part == MSG_PART_ENGINE)) {
		return job->route->engine_plugin;
	}
	return job->part == MSG_PART_HELPER && job->mode->helper_plugin ? job->mode->helper_plugin
									: job->mode->plugin;
}

bool job_blame(const struct job *job)
{
	return version_crashed(
		plugin_file_serving(job_culprit(job)), job->check ? "check" : job->id);
}

static void absolve(const struct plugin_file *file)
{
	if (file) {
		version_answered(plugin_file_serving(file));
	}
}

void job_absolve(const struct job *job)
{
	absolve(job->mode->plugin);
	absolve(job->used_engine ? job->route->engine_plugin : NULL);
	absolve(job->used_helper ? job->mode->helper_plugin : NULL);
}

bool job_is_unwanted(const struct job *job)
{
	return job->stop == JOB_CANCELLED || job->stop == JOB_GONE || job->stop == JOB_TAKEN;
}

void job_crash(struct job *job, const struct outcome *outcome)
{
	set_failed(job, outcome);
	if (job->crashes + 1 < LIMIT_CRASHES) {
		set_again(job, QUEUE_CRASHED, job->crashes + 1);
	}
}
