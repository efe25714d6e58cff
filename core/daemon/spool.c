#include "daemon/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/log.h"
#include "daemon/supervisor.h"

/* Escaped, a byte of JSON in JSON may take six. */
#define FILE_MAX (6 * LIMIT_TASK_RESULT + 4096)

static const char *const verdicts[] = {
	[QUEUE_DONE] = "done",
	[QUEUE_FAILED] = "failed",
	[QUEUE_RETRY] = "retry",
	[QUEUE_LATER] = "later",
	[QUEUE_CRASHED] = "crashed",
	[QUEUE_CANCELLED] = "cancelled",
	[QUEUE_LEFT] = "left",
};

static int file_path(const struct supervisor *sup, const struct job *job, char *to, size_t size)
{
	char name[IDENT_RANDOM_SIZE + LIMIT_TASK_ID + 2];

	(void)snprintf(name, sizeof(name), "%s.%s", job->token, job->id);
	return fs_join(to, size, sup->outcomes, name);
}

static void add_text(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, ",\"%s\":", name);
	json_add_string(out, text);
}

static void add_job(
	struct buf *text, const struct supervisor *sup, struct job *job, enum queue_verdict verdict)
{
	buf_add_text(text, "{\"id\":");
	json_add_string(text, job->id);
	add_text(text, "token", job->token);
	add_text(text, "prefix", sup->key_prefix);
	add_text(text, "verdict", verdicts[verdict]);
	if (job->json.len > 0) {
		add_text(text, "json", buf_cstr(&job->json));
	}
	buf_printf(text, ",\"attempt\":%u,\"retry_delay_ms\":%u,\"processing_us\":%llu",
		job->attempt, job->retry_delay_ms, (unsigned long long)job->processing_us);
	buf_printf(text, ",\"created_ms\":%lld", (long long)job->created_ms);
	buf_printf(text, ",\"published\":%s}\n",
		job->published || verdict == QUEUE_LEFT ? "true" : "false");
}

static int write_file(struct supervisor *sup, struct job *job)
{
	char path[STORE_PATH_SIZE];
	struct buf text = {0};
	int result = file_path(sup, job, path, sizeof(path));

	add_job(&text, sup, job, job->verdict);
	if (buf_failed(&text)) {
		result = -ENOMEM;
	}
	if (result == 0) {
		result = fs_mkdir_all(sup->outcomes, 0700);
	}
	if (result == 0) {
		result = fs_replace_file(path, text.data, text.len, 0600);
	}
	buf_finish(&text);
	return result;
}

void spool_mark(struct supervisor *sup, struct job *job)
{
	static const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC;
	char path[STORE_PATH_SIZE];
	struct buf text = {0};
	int fd = -1;

	add_job(&text, sup, job, QUEUE_LEFT);
	if (!buf_failed(&text) && file_path(sup, job, path, sizeof(path)) == 0) {
		fd = open(path, flags, 0600);
		if (fd < 0 && errno == ENOENT && fs_mkdir_all(sup->outcomes, 0700) == 0) {
			fd = open(path, flags, 0600);
		}
	}
	if (fd >= 0) {
		/* what was written in part, as on a full disk, is removed with the rest */
		(void)fs_write_all(fd, text.data, text.len);
		fs_close(fd);
		job->marked = true;
	}
	buf_finish(&text);
}

void spool_keep(struct supervisor *sup)
{
	struct job *job = job_list_first(&sup->ended);
	unsigned kept = 0;
	int failure = 0;

	for (; job; job = job_list_next(&sup->ended, job)) {
		int result = job->spooled ? 0 : write_file(sup, job);

		kept += result == 0 && !job->spooled;
		job->spooled = job->spooled || result == 0;
		failure = result < 0 ? result : failure;
	}
	if (kept > 0) {
		log_at(sup->spool_said ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING,
			"Redis takes no results: they are kept on disk until it does",
			LOG_S("folder", sup->outcomes), LOG_I("results", kept));
		sup->spool_said = true;
	}
	if (failure < 0 && !sup->spool_failed) {
		log_error("results cannot be kept on disk; if formyd ends before Redis is back, "
			  "their tasks run again",
			LOG_S("folder", sup->outcomes), LOG_S("why", strerror(-failure)));
		sup->spool_failed = true;
	}
}

void spool_forget(struct supervisor *sup, struct job *job)
{
	char path[STORE_PATH_SIZE];

	if ((job->spooled || job->marked) && file_path(sup, job, path, sizeof(path)) == 0) {
		(void)unlink(path);
		job->spooled = false;
		job->marked = false;
	}
}

static int read_verdict(const char *text, enum queue_verdict *ret_verdict)
{
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		if (strcmp(text, verdicts[i]) == 0) {
			*ret_verdict = (enum queue_verdict)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int read_job(const struct json_object *file, struct job *job)
{
	const char *text = NULL;
	int64_t attempt = 0;
	int64_t delay_ms = 0;
	int64_t processing_us = 0;
	int result = json_get_string(file, "verdict", &text);

	result = result < 0 ? result : read_verdict(text, &job->verdict);
	result = result < 0 ? result : json_get_int(file, "attempt", &attempt);
	result = result < 0 ? result : json_get_int(file, "retry_delay_ms", &delay_ms);
	result = result < 0 ? result : json_get_int(file, "processing_us", &processing_us);
	result = result < 0 ? result : json_get_int(file, "created_ms", &job->created_ms);
	result = result < 0 ? result : json_get_bool(file, "published", &job->published);
	if (result < 0 || attempt < 0 || attempt > UINT32_MAX || delay_ms < 0 ||
		delay_ms > UINT32_MAX || processing_us < 0) {
		return -EINVAL;
	}
	if (json_get_string(file, "json", &text) == 0) {
		buf_add_text(&job->json, text);
	} else if (job->verdict != QUEUE_CANCELLED && job->verdict != QUEUE_LATER &&
		job->verdict != QUEUE_LEFT) {
		return -EINVAL;
	}
	job->attempt = (unsigned)attempt;
	job->retry_delay_ms = (uint32_t)delay_ms;
	job->processing_us = (uint64_t)processing_us;
	job->state = JOB_ENDED;
	job->spooled = true;
	return buf_failed(&job->json) ? -ENOMEM : 0;
}

/* A job of a file's text; -EXDEV when it belongs to tasks under another prefix. */
static int make_job(const struct supervisor *sup, const char *name, struct json_object *file,
	struct job **ret_job)
{
	struct queue_task task = {0};
	const char *token = NULL;
	const char *prefix = NULL;
	struct job *job = NULL;
	char expected[IDENT_RANDOM_SIZE + LIMIT_TASK_ID + 2];
	int result;

	if (json_get_string(file, "id", &task.id) < 0 ||
		json_get_string(file, "token", &token) < 0 ||
		json_get_string(file, "prefix", &prefix) < 0 ||
		!ident_is_task_id(task.id, strlen(task.id)) ||
		strlen(token) != IDENT_RANDOM_SIZE - 1) {
		return -EINVAL;
	}
	(void)snprintf(expected, sizeof(expected), "%s.%s", token, task.id);
	if (strcmp(name, expected) != 0) {
		return -EINVAL;
	}
	if (strcmp(prefix, sup->key_prefix) != 0) {
		return -EXDEV;
	}
	result = job_create(&task, token, &job);
	if (result == 0) {
		result = read_job(file, job);
	}
	if (result < 0) {
		job_destroy(job);
		return result;
	}
	*ret_job = job;
	return 0;
}

static int load_file(struct supervisor *sup, const char *name)
{
	char path[STORE_PATH_SIZE];
	struct json_object *file = NULL;
	struct job *job = NULL;
	struct buf text = {0};
	int result = fs_join(path, sizeof(path), sup->outcomes, name);

	if (result < 0) {
		return result;
	}
	result = fs_read_file(path, FILE_MAX, &text);
	if (result == 0) {
		result = json_parse(text.data ? text.data : "", text.len, FILE_MAX, NULL, &file);
	}
	if (result == 0) {
		result = make_job(sup, name, file, &job);
	}
	if (result == 0) {
		job_list_push(&sup->ended, job);
	} else if (result == -EINVAL || result == -EFBIG) {
		log_warning("what lies among the kept results is none and is removed",
			LOG_S("file", path));
		(void)unlink(path);
	}
	json_object_put(file);
	buf_finish(&text);
	return result;
}

void spool_load(struct supervisor *sup)
{
	DIR *dir = opendir(sup->outcomes);
	const struct dirent *entry;
	unsigned loaded = 0;

	if (!dir) {
		return;
	}
	while (loaded < LIMIT_SPOOL && (entry = readdir(dir))) {
		loaded += entry->d_name[0] != '.' && load_file(sup, entry->d_name) == 0;
	}
	(void)closedir(dir);
	if (loaded > 0) {
		log_info("results that a worker before could not tell Redis are told now",
			LOG_I("results", loaded));
	}
}
