/* The one task that this process works on: its pictures, its memory, its words.
 *
 * There is one struct formy_task a process, used again and again: a plugin that keeps the pointer
 * too long meets a task that is not active, not freed memory. All of it belongs to the thread that
 * runs the plugin, but for what says otherwise. */
#ifndef FORMY_EXECUTOR_TASK_H
#define FORMY_EXECUTOR_TASK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/limits.h"
#include "executor/arena.h"
#include "executor/places.h"
#include "executor/progress.h"
#include "formy/plugin.h"
#include "pixels/pixels.h"

struct control_page;
struct err;
struct json_object;
struct msg_job;

#define TASK_PICTURES 16 /* pictures of one answer or one result */
#define TASK_DECODED 64  /* pictures that one task may have decoded */
#define TASK_ENCODED 32  /* and encoded */
#define TASK_CODE_SIZE 48
#define TASK_ENGINES 2 /* of a mode: the main one and its helper */

/* A picture that came with the task; decoded when it is asked for. */
struct task_input {
	char role[LIMIT_ROLE_NAME + 1];
	int fd;
	const struct pixels *pixels; /* NULL: not decoded */
	formy_status status;         /* of decoding; its words are in the failure */
};

/* Pictures by their roles. The pixels belong to the task's memory. */
struct task_pictures {
	struct task_picture {
		char role[LIMIT_ROLE_NAME + 1];
		struct pixels pixels;
	} items[TASK_PICTURES];
	size_t count;
};

/* Why the task fails, in fail()'s words. */
struct task_failure {
	formy_status status; /* FORMY_OK: nothing was said */
	char code[TASK_CODE_SIZE];
	char message[LIMIT_ERROR_MESSAGE + 1];
	char details[LIMIT_ERROR_DETAILS + 1];
};

/* Which engine of the mode. */
enum task_engine { ENGINE_MAIN, ENGINE_HELPER };

struct task_engine_setting {
	const formy_engine *engine; /* NULL: the mode has none */
	const char *name;           /* set if engine is */
	void *state;
};

/* What is the same for all tasks of a process. */
struct task_setting {
	int channel;
	const struct control_page *control; /* NULL: nobody can stop a task */
	uint64_t max_upload_size;
	uint64_t max_pixels;
	unsigned log_level;
	int places_fd; /* -1: none */
	const char *mode;
	struct task_engine_setting engines[TASK_ENGINES];
};

struct formy_task {
	struct task_setting setting;
	pthread_t thread;   /* the one that runs plugins */
	atomic_bool active; /* between task_begin and task_end */
	uint64_t job;
	char id[LIMIT_TASK_ID + 1];
	uint32_t attempt;
	uint64_t deadline_ms; /* monotonic */
	const char *config;
	const char *unknown; /* JSON object: what config has beside it; NULL: nothing */
	struct task_input inputs[LIMIT_TASK_INPUTS];
	size_t input_count;

	struct arena arena;       /* any thread */
	struct progress progress; /* any thread */
	atomic_uint log_lines;

	struct pixels *decoded[TASK_DECODED];
	size_t decoded_count;
	struct buf encoded[TASK_ENCODED];
	size_t encoded_count;

	struct task_pictures results;
	struct task_pictures answer; /* of the engine, to the last call */
	struct json_object *facts;   /* of the pipeline; NULL: none */
	struct json_object *answer_facts;
	struct json_object *engine_facts; /* of all calls together, for the metadata */

	const formy_request *request; /* set while the engine works */
	const char *request_params;
	struct json_object *whole_params; /* whose text that is, where it is not the pipeline's */
	enum task_engine serving;         /* which engine does, while request is set */
	struct task_failure failure;

	bool engine_used;         /* the main engine was asked for something */
	struct task_failure down; /* why the engine cannot work for anybody; FORMY_OK: it can */
	uint32_t later_ms;        /* a failure with FORMY_E_BUSY spends no attempt; 0: it does */
	char memo[LIMIT_MEMO + 1];
	uint64_t memo_number;
	struct places places;
};

/* 0 or a negative errno. A zeroed task may be finished. */
int task_init(struct formy_task *task, const struct task_setting *setting);
void task_finish(struct formy_task *task);

/* Makes it the task of a job. Takes the descriptors, whatever the result; config and the job's
 * other texts have to live until task_end. 0, or -EPROTO for a job that makes no sense. */
int task_begin(struct formy_task *task, const struct msg_job *job, const int *fds, size_t count);

/* Frees all that the job brought and made. */
void task_end(struct formy_task *task);

/* Sets the failure's words and returns status. Texts are cleaned and cut; NULL: none. */
formy_status task_fail(struct formy_task *task, formy_status status, const char *code,
	const char *message, const char *details);

/* The same for words that are kept elsewhere. */
void task_set_failure(struct task_failure *failure, formy_status status, const char *code,
	const char *message, const char *details);

/* A line for the worker's log: any thread; dropped when there were too many of this task. */
void task_log(struct formy_task *task, int32_t level, const char *text);

/* Finds an input and decodes it, once. FORMY_E_MISSING, or what decoding came to: then the words
 * are set. */
formy_status task_decode_input(
	struct formy_task *task, const char *role, const struct pixels **ret_pixels);

/* Decodes a picture in memory; it lives until task_end. 0 or as pixels_decode_bytes. */
int task_decode_bytes(struct formy_task *task, const void *data, size_t len, struct err *err,
	const struct pixels **ret_pixels);

/* Checks a picture of a plugin, and makes pixels of it: by reference where they lie in the task's
 * own memory, else a copy there. Words are set on failure. */
formy_status task_take_image(
	struct formy_task *task, const formy_image *image, struct pixels *ret_pixels);

/* The same without a copy, for what need not outlive the call. */
formy_status task_view_image(
	struct formy_task *task, const formy_image *image, struct pixels *ret_pixels);

/* Puts a picture under its role, in place of one that is there. Words are set on failure. */
formy_status task_put_picture(struct formy_task *task, struct task_pictures *pictures,
	const char *role, const struct pixels *pixels);

/* NULL when there is none. */
const struct pixels *task_find_picture(const struct task_pictures *pictures, const char *role);

/* Adds the members of a JSON object to *facts, which may be NULL. Words are set on failure. */
formy_status task_add_facts(struct formy_task *task, const char *json, struct json_object **facts);

#endif
