#include "daemon/supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "daemon/behind.h"
#include "daemon/catalog.h"
#include "daemon/claimer.h"
#include "daemon/connect.h"
#include "daemon/dispatch.h"
#include "daemon/health.h"
#include "daemon/janitor.h"
#include "daemon/lease.h"
#include "daemon/leave.h"
#include "daemon/load.h"
#include "daemon/manager.h"
#include "daemon/place.h"
#include "daemon/quota.h"
#include "daemon/reload.h"
#include "daemon/spool.h"
#include "daemon/watch.h"
#include "redis/link.h"

size_t supervisor_job_count(const struct supervisor *sup)
{
	size_t count =
		sup->sent.count + sup->running.count + sup->publishing.count + sup->ended.count;

	for (size_t i = 0; i < sup->catalog->mode_count; i++) {
		count += sup->catalog->modes[i]->waiting.count;
	}
	return count;
}

static void visit_list(struct supervisor *sup, struct job_list *list,
	void (*visit)(struct supervisor *sup, struct job *job, void *arg), void *arg)
{
	struct job *job = job_list_first(list);

	while (job) {
		struct job *next = job_list_next(list, job);

		visit(sup, job, arg);
		job = next;
	}
}

void supervisor_each_job(struct supervisor *sup,
	void (*visit)(struct supervisor *sup, struct job *job, void *arg), void *arg)
{
	visit_list(sup, &sup->sent, visit, arg);
	visit_list(sup, &sup->running, visit, arg);
	visit_list(sup, &sup->publishing, visit, arg);
	visit_list(sup, &sup->ended, visit, arg);
	for (size_t i = 0; i < sup->catalog->mode_count; i++) {
		visit_list(sup, &sup->catalog->modes[i]->waiting, visit, arg);
	}
}

struct search {
	const char *id;
	const char *token; /* NULL: any */
	struct job *found;
};

static void compare(struct supervisor *sup, struct job *job, void *arg)
{
	struct search *search = arg;

	(void)sup;
	if (strcmp(job->id, search->id) == 0 &&
		(!search->token || strcmp(job->token, search->token) == 0)) {
		search->found = job;
	}
}

struct job *supervisor_find_job(struct supervisor *sup, const char *id, const char *token)
{
	struct search search = {.id = id, .token = token};

	supervisor_each_job(sup, compare, &search);
	return search.found;
}

static struct place *place_of_job(struct supervisor *sup, const struct job *job)
{
	for (unsigned i = 0; i < sup->place_count; i++) {
		if (slot_has(&sup->places[i].slot, job)) {
			return &sup->places[i];
		}
	}
	return NULL;
}

void supervisor_stop_job(struct supervisor *sup, struct job *job, enum job_stop stop)
{
	struct place *place = place_of_job(sup, job);

	if (job->stop != JOB_WANTED) {
		return;
	}
	job->stop = stop;
	if (job->state == JOB_WAITING) {
		job_list_remove(&job->mode->waiting, job);
		dispatch_wait_again(sup, job);
	} else if (job->state == JOB_SENT) {
		/* one that has begun is told when that is heard of */
		slot_take_back(&place->slot);
	} else if (place) {
		slot_cancel(&place->slot, CONTROL_CANCELLED);
	}
}

static void on_turn(uv_prepare_t *prepare)
{
	struct supervisor *sup = prepare->data;

	if (sup->phase >= PHASE_SERVING && sup->phase < PHASE_CLOSING) {
		health_turn(sup);
		dispatch_turn(sup);
		claimer_turn(sup);
	}
	log_flush();
}

void supervisor_announce(struct supervisor *sup)
{
	if (!sup->ready) {
		sup->ready = true;
		log_info("ready", LOG_S("worker", sup->worker),
			LOG_I("modes", sup->catalog->mode_count),
			LOG_I("executors", sup->place_count));
		manager_ready(sup);
	}
}

static void on_stop_signal(uv_signal_t *handle, int signal)
{
	(void)signal;
	leave_begin(handle->data);
}

static void on_hup(uv_signal_t *handle, int signal)
{
	(void)signal;
	reload_begin(handle->data, RELOAD_ALL);
}

/* Starting. */

static void on_connect_deadline(uv_timer_t *timer)
{
	struct supervisor *sup = timer->data;

	if (!link_is_up(sup->link)) {
		log_error("Redis is not there", LOG_S("redis", sup->redis_text),
			LOG_S("why", sup->redis_why[0] ? sup->redis_why : "no answer"));
		leave_close(sup, EX_UNAVAILABLE);
	}
}

static void on_loaded(const struct config_problems *problems, void *arg)
{
	struct supervisor *sup = arg;

	sup->loading = NULL;
	sup->loaded = true;
	load_report(NULL, sup->catalog, problems);
	supervisor_begin(sup);
}

void supervisor_begin(struct supervisor *sup)
{
	struct err err = {0};

	if (sup->phase != PHASE_STARTING || !sup->loaded || !link_is_up(sup->link)) {
		return;
	}
	(void)uv_timer_stop(&sup->deadline);
	if (place_create_all(sup, &err) < 0 || watch_begin(sup) < 0) {
		log_error("cannot start", LOG_S("why", err.text[0] ? err.text : "out of memory"));
		leave_close(sup, EX_OSERR);
		return;
	}
	sup->phase = PHASE_SERVING;
	sup->hungry = true;
	place_warm_up(sup);
	lease_beat(sup);
	reload_go_on(sup);
}

static int name_worker(struct supervisor *sup)
{
	char host[100];

	if (gethostname(host, sizeof(host)) < 0) {
		return -errno;
	}
	host[sizeof(host) - 1] = '\0';
	(void)snprintf(sup->worker, sizeof(sup->worker), "%s:%d", host, (int)getpid());
	return 0;
}

static int start_handles(struct supervisor *sup)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
	int result;

	(void)uv_timer_init(sup->loop, &sup->deadline);
	sup->deadline.data = sup;
	quota_init(sup, &sup->quota);
	behind_init(sup);
	(void)uv_prepare_init(sup->loop, &sup->turn);
	sup->turn.data = sup;
	(void)uv_prepare_start(&sup->turn, on_turn);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		(void)uv_signal_init(sup->loop, &sup->signals[i]);
		sup->signals[i].data = sup;
		(void)uv_signal_start(&sup->signals[i],
			numbers[i] == SIGHUP ? on_hup : on_stop_signal, numbers[i]);
	}
	result = claimer_init(sup);
	if (result == 0) {
		result = lease_init(sup);
	}
	return result < 0 ? result : janitor_init(sup);
}

/* The store's folders, for as long as the worker lives. */
static int open_store(struct supervisor *sup, struct err *err)
{
	const struct config_storage *storage = &sup->catalog->config->storage;
	int result;

	(void)text_copy(
		sup->key_prefix, sizeof(sup->key_prefix), sup->catalog->config->redis.key_prefix);
	if (!text_copy(sup->uploads, sizeof(sup->uploads), storage->uploads) ||
		!text_copy(sup->results, sizeof(sup->results), storage->results)) {
		return err_set(err, -ENAMETOOLONG, "storage: a path is too long");
	}
	sup->store = (struct store_config){
		.uploads = sup->uploads,
		.results = sup->results,
		.max_upload_size = (uint64_t)storage->max_upload_size,
		.max_pixels = (uint64_t)storage->max_pixels,
	};
	result = store_prepare(&sup->store, err);
	if (result == 0) {
		store_scratch_sweep(&sup->store);
		result = store_scratch_open(&sup->store, sup->worker, err, &sup->scratch_lock);
	}
	if (result == 0) {
		result = store_scratch_outcomes(&sup->store, sup->worker, sup->outcomes);
	}
	if (result == 0) {
		spool_load(sup);
	}
	return result;
}

static void free_jobs(struct supervisor *sup)
{
	struct job_list *lists[] = {&sup->sent, &sup->running, &sup->publishing, &sup->ended};
	struct job *job;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		while ((job = job_list_first(lists[i]))) {
			job_list_remove(lists[i], job);
			job_destroy(job);
		}
	}
	for (size_t i = 0; i < sup->catalog->mode_count; i++) {
		struct job_list *waiting = &sup->catalog->modes[i]->waiting;

		while ((job = job_list_first(waiting))) {
			job_list_remove(waiting, job);
			job_destroy(job);
		}
	}
}

static void finish(struct supervisor *sup)
{
	if (sup->scratch_lock >= 0) {
		spool_keep(sup);
		store_scratch_close(&sup->store, sup->worker, sup->scratch_lock);
	}
	if (sup->catalog) {
		free_jobs(sup);
	}
	catalog_release(sup->catalog);
	while (sup->lost_token_count > 0) {
		free(sup->lost_tokens[--sup->lost_token_count]);
	}
	free(sup->lost_tokens);
	janitor_destroy(sup);
	health_finish(sup);
	free(sup->places);
	buf_finish(&sup->room);
}

/* Those that plugins have on their way to nowhere count against what this process may send. */
static void use_all_descriptors(void)
{
	struct rlimit descriptors;

	if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0) {
		descriptors.rlim_cur = descriptors.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &descriptors);
	}
}

int supervisor_run(struct config *config, const char *config_path, const struct config_flags *flags)
{
	struct supervisor sup = {
		.config_path = config_path,
		.flags = flags,
		.scratch_lock = -1,
		.started_wall_us = clock_wall_us(),
	};
	struct err err = {0};
	uv_loop_t loop;

	log_gather();
	notify_init(&sup.notify);
	job_list_init(&sup.sent);
	job_list_init(&sup.running);
	job_list_init(&sup.publishing);
	job_list_init(&sup.ended);
	(void)signal(SIGPIPE, SIG_IGN);
	/* a dump of this process would hold Redis' password and the engines' keys */
	(void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	use_all_descriptors();
	if (uv_loop_init(&loop) < 0) {
		config_destroy(config);
		return EX_OSERR;
	}
	sup.loop = &loop;
	sup.catalog = catalog_create(config);
	if (!sup.catalog) {
		(void)err_set(&err, -ENOMEM, "out of memory");
		sup.exit_status = EX_OSERR;
	} else if (name_worker(&sup) < 0 || load_find_executor(sup.executor, &err) < 0) {
		sup.exit_status = EX_OSERR;
	} else if (open_store(&sup, &err) < 0) {
		sup.exit_status = EX_CONFIG;
	} else if (start_handles(&sup) < 0 || connect_open(&sup, &err) < 0 ||
		load_begin(&loop, sup.executor, NULL, sup.catalog, SCAN_ALL, on_loaded, &sup,
			&sup.loading) < 0) {
		leave_close(&sup, EX_OSERR);
	} else {
		(void)uv_timer_start(&sup.deadline, on_connect_deadline,
			(uint64_t)config->redis.connect_timeout_ms, 0);
	}
	if (err.text[0] != '\0') {
		log_error("cannot start", LOG_S("why", err.text));
	}
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	finish(&sup);
	(void)uv_loop_close(&loop);
	if (sup.exit_status == EX_OK) {
		log_info("stopped", LOG_I("done", sup.done_count),
			LOG_I("failed", sup.failed_count));
	}
	log_flush();
	return sup.exit_status;
}
