#include "fake_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char fake_host_log[1024];

static struct fake_task *task_of(formy_task *task)
{
	return (struct fake_task *)task;
}

formy_task *fake_task_of(struct fake_task *task)
{
	return (formy_task *)task;
}

static void images_put(struct fake_images *images, const char *role, const formy_image *image)
{
	const int i = images->count;

	if (i < FAKE_IMAGES) {
		images->images[i] = *image;
		images->named[i] = (formy_named_image){.size = sizeof(formy_named_image),
			.role = role,
			.image = &images->images[i]};
		images->count++;
	}
}

static const formy_image *images_find(const struct fake_images *images, const char *role)
{
	for (int i = images->count - 1; i >= 0; i--) {
		if (strcmp(images->named[i].role, role) == 0) {
			return &images->images[i];
		}
	}
	return NULL;
}

void fake_task_input(struct fake_task *task, const char *role, const formy_image *image)
{
	images_put(&task->inputs, role, image);
}

const formy_image *fake_task_result(const struct fake_task *task, const char *role)
{
	return images_find(&task->results, role);
}

void fake_task_finish(struct fake_task *task)
{
	for (int i = 0; i < task->block_count; i++) {
		free(task->blocks[i]);
	}
	if (task->reply) {
		fake_task_finish(task->reply);
		free(task->reply);
	}
	memset(task, 0, sizeof(*task));
}

static void host_log(formy_task *task, int32_t level, const char *text)
{
	(void)task;
	(void)level;
	(void)snprintf(fake_host_log, sizeof(fake_host_log), "%s", text);
}

static int32_t host_cancelled(formy_task *opaque)
{
	struct fake_task *task = task_of(opaque);

	task->asked_cancel++;
	return task->cancel_after > 0 && task->asked_cancel > task->cancel_after;
}

static void host_progress(formy_task *opaque, int32_t permille, const char *step)
{
	struct fake_task *task = task_of(opaque);

	if (step && strcmp(step, task->step) != 0) {
		(void)snprintf(task->step, sizeof(task->step), "%s", step);
		task->steps++;
	}
	task->marks += permille > task->progress;
	task->went_back += permille < task->progress;
	task->progress = permille;
}

static const char *host_params(formy_task *opaque)
{
	const struct fake_task *task = task_of(opaque);

	return task->params ? task->params : "{}";
}

static void *host_alloc(formy_task *opaque, uint64_t n)
{
	struct fake_task *task = task_of(opaque);
	const size_t size = (size_t)(n + 63) / 64 * 64;
	void *block;

	if (task->block_count == (int)(sizeof(task->blocks) / sizeof(task->blocks[0]))) {
		return NULL;
	}
	block = aligned_alloc(64, size > 0 ? size : 64);
	if (block) {
		memset(block, 0, size);
		task->blocks[task->block_count++] = block;
	}
	return block;
}

static formy_status hand_out(const struct fake_images *images, const char *role, formy_image *out)
{
	const formy_image *image = images_find(images, role);

	if (!image) {
		return FORMY_E_MISSING;
	}
	*out = *image;
	return FORMY_OK;
}

static formy_status host_input(formy_task *task, const char *role, formy_image *out)
{
	return hand_out(&task_of(task)->inputs, role, out);
}

static formy_status host_call(formy_task *opaque, const formy_request *request)
{
	struct fake_task *task = task_of(opaque);
	formy_status status;

	(void)snprintf(task->operation, sizeof(task->operation), "%s", request->operation);
	(void)snprintf(task->request_params, sizeof(task->request_params), "%s",
		request->params ? request->params : "");
	if (request->engine || !task->engine) {
		return FORMY_E_UNSUPPORTED;
	}
	if (task->reply) {
		fake_task_finish(task->reply);
	} else {
		task->reply = calloc(1, sizeof(*task->reply));
	}
	if (!task->reply) {
		return FORMY_E_NOMEM;
	}
	task->reply->params = task->request_params;
	for (int i = 0; request->images && request->images[i]; i++) {
		fake_task_input(task->reply, request->images[i]->role, request->images[i]->image);
	}
	status = task->engine->run(
		&fake_host, task->engine_state, request->operation, fake_task_of(task->reply));
	if (status != FORMY_OK) {
		memcpy(task->code, task->reply->code, sizeof(task->code));
		memcpy(task->message, task->reply->message, sizeof(task->message));
		memcpy(task->details, task->reply->details, sizeof(task->details));
	}
	memcpy(task->facts, task->reply->facts, sizeof(task->facts));
	return status;
}

static formy_status host_reply(formy_task *task, const char *role, formy_image *out)
{
	const struct fake_task *reply = task_of(task)->reply;

	return reply ? hand_out(&reply->results, role, out) : FORMY_E_MISSING;
}

static formy_status host_result(formy_task *task, const char *role, const formy_image *image)
{
	images_put(&task_of(task)->results, role, image);
	return FORMY_OK;
}

static formy_status host_facts(formy_task *task, const char *json)
{
	(void)snprintf(task_of(task)->facts, sizeof(task_of(task)->facts), "%s", json);
	return FORMY_OK;
}

static formy_status host_fail(formy_task *opaque, formy_status status, const char *code,
	const char *message, const char *details)
{
	struct fake_task *task = task_of(opaque);

	(void)snprintf(task->code, sizeof(task->code), "%s", code ? code : "");
	(void)snprintf(task->message, sizeof(task->message), "%s", message);
	(void)snprintf(task->details, sizeof(task->details), "%s", details ? details : "");
	return status;
}

const formy_host fake_host = {
	.size = sizeof(fake_host),
	.abi_minor = FORMY_ABI_MINOR,
	.version = "test",
	.log = host_log,
	.cancelled = host_cancelled,
	.progress = host_progress,
	.params = host_params,
	.alloc = host_alloc,
	.input = host_input,
	.call = host_call,
	.reply = host_reply,
	.result = host_result,
	.facts = host_facts,
	.fail = host_fail,
};
