#include "daemon/publish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "daemon/lease.h"
#include "daemon/place.h"
#include "daemon/results.h"
#include "daemon/spool.h"
#include "daemon/supervisor.h"

/* The files of one job on their way. */
struct publishing {
	uv_work_t work;
	struct publishing *next; /* of those that wait */
	struct supervisor *sup;
	struct place *place;
	struct job *job;
	struct store_config store;
	char names[LIMIT_TASK_RESULTS][STORE_NAME_SIZE];
	struct store_file files[LIMIT_TASK_RESULTS];
	size_t count;
	char *metadata;
	uint64_t sure_until_ms; /* that the task is ours */
	bool alone;             /* nothing else is in the scratch folder, or comes before the end */
	bool late;              /* it was not any more: nothing was moved */
	struct store_published published;
	struct err err;
	int result;
};

static void free_publishing(struct publishing *files)
{
	if (files) {
		free(files->metadata);
		free(files);
	}
}

/* On a thread of the pool: nothing of the supervisor is touched but its folders. */
static void move_files(uv_work_t *work)
{
	struct publishing *files = work->data;

	files->late = clock_mono_ms() >= files->sure_until_ms;
	if (files->late) {
		return;
	}
	spool_mark(files->sup, files->job);
	files->result = store_publish(&files->store, files->place->scratch, files->job->id,
		files->files, files->count, &files->err, &files->published);
	if (files->alone) {
		/* what libraries have left there */
		store_scratch_tidy(files->place->scratch, &files->place->scratch_seen);
	}
}

static void leave_place(struct publishing *files)
{
	files->place->publishing--;
	job_list_remove(&files->sup->publishing, files->job);
}

static void end(struct publishing *files)
{
	leave_place(files);
	results_published(files->sup, files->job, files->metadata, files->result, &files->err,
		&files->published);
	free_publishing(files);
}

/* The task is not ours any more. */
static void drop(struct publishing *files)
{
	leave_place(files);
	place_tidy(files->place, files->job);
	results_unpublished(files->sup, files->job);
	free_publishing(files);
}

static void on_moved(uv_work_t *work, int status);

static void move(struct publishing *files)
{
	/* without Redis nobody can say it */
	files->sure_until_ms =
		lease_is_sure(files->sup) ? lease_sure_until(files->sup) : UINT64_MAX;
	(void)uv_queue_work(files->sup->loop, &files->work, move_files, on_moved);
}

/* When the task may be another's, Redis shall say it first. */
static void move_or_ask(struct publishing *files)
{
	struct supervisor *sup = files->sup;

	if (job_is_unwanted(files->job)) {
		drop(files);
	} else if (lease_is_sure(sup)) {
		move(files);
	} else {
		files->next = sup->unsure;
		sup->unsure = files;
		lease_beat(sup);
	}
}

static void on_moved(uv_work_t *work, int status)
{
	struct publishing *files = work->data;

	(void)status;
	if (files->late) {
		/* this process stood still, or the pool was busy */
		move_or_ask(files);
	} else {
		end(files);
	}
}

static bool type_of_name(const char *name, enum image_type *ret_type)
{
	static const enum image_type types[] = {IMAGE_JPEG, IMAGE_PNG, IMAGE_WEBP};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(dot + 1, image_type_extension(types[i])) == 0) {
			*ret_type = types[i];
			return true;
		}
	}
	return false;
}

static bool add_file(struct publishing *files, enum store_role role, const char *name)
{
	struct store_file *file = &files->files[files->count];

	if (!name) {
		return true;
	}
	if (!text_copy(files->names[files->count], sizeof(files->names[0]), name)) {
		return false;
	}
	file->role = role;
	file->name = files->names[files->count];
	files->count++;
	return type_of_name(name, &file->type);
}

int publish_begin(struct supervisor *sup, struct place *place, struct job *job,
	const struct msg_outcome *answer)
{
	struct publishing *files = calloc(1, sizeof(*files));

	if (!files || !(files->metadata = strdup(answer->metadata ? answer->metadata : "{}"))) {
		free_publishing(files);
		return -ENOMEM;
	}
	if (!add_file(files, STORE_OUTPUT, answer->output) ||
		!add_file(files, STORE_THUMB, answer->thumbnail) ||
		!add_file(files, STORE_COMPARISON, answer->comparison)) {
		free_publishing(files);
		return -EINVAL;
	}
	files->work.data = files;
	files->sup = sup;
	files->place = place;
	files->job = job;
	files->store = sup->store;
	job->state = JOB_PUBLISHING;
	job_list_push(&sup->publishing, job);
	files->alone = place_is_only_at(place, job);
	place->publishing++;
	move_or_ask(files);
	return 0;
}

void publish_go_on(struct supervisor *sup)
{
	while (sup->unsure) {
		struct publishing *files = sup->unsure;

		sup->unsure = files->next;
		if (job_is_unwanted(files->job)) {
			drop(files);
		} else {
			move(files);
		}
	}
}
