/* formyd's supervisor: the one loop that owns Redis, the executors and all tasks between them.
 *
 * Every part is a file with functions on this one struct:
 *	catalog	  what this worker can do: configuration, plugins, modes
 *	slot	  one executor process
 *	claimer	  the turns: outcomes to Redis, tasks from it
 *	dispatch  jobs to slots
 *	behind	  jobs behind others in slots
 *	room	  how many tasks it can take
 *	health	  whether the engines can work
 *	memo	  what engines note of a job
 *	answer	  what executors say of their jobs
 *	results	  how a job ended, its files into the store
 *	spool	  ended jobs on disk, while Redis takes none
 *	lease	  the beat: leases, progress, losses, registration
 *	janitor	  what was kept long enough
 *	status	  what others see of this worker
 *	manager	  what the service manager hears
 *	reload	  the configuration and the plugins again
 *	watch	  the plugin folders
 *	leave	  the end
 *
 * A turn of the loop: whatever came from executors and from Redis is handled, then, once, jobs go
 * out and one script call is made. Loop's thread only. */
#ifndef FORMY_DAEMON_SUPERVISOR_H
#define FORMY_DAEMON_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/notify.h"
#include "config/config.h"
#include "daemon/job.h"
#include "daemon/orphan.h"
#include "daemon/reload.h"
#include "daemon/slot.h"
#include "image/store.h"
#include "redis/address.h"

struct catalog;
struct janitor;
struct link;
struct load;
struct publishing;
struct queue;
struct route;
struct watch;

#define SUPERVISOR_WORKER_SIZE 128

/* A slot and what goes with it. */
struct place {
	struct slot slot;
	struct route *route; /* that its process serves; set while slot.mode is */
	char scratch[STORE_PATH_SIZE];
	struct timespec scratch_seen;    /* its time when it was last empty */
	uint64_t memo_number;            /* of the memo that is on its way to Redis; 0: none */
	bool memo_sent;                  /* and is not answered yet */
	unsigned publishing;             /* jobs whose files are still in its scratch */
	unsigned untidied;               /* jobs that ended since its scratch was last looked at */
	uint64_t line_second;            /* of the last line that it printed ... */
	unsigned lines;                  /* ... and how many there were in it */
	char renew[LIMIT_MODE_NAME + 1]; /* a mode that its next executor is to serve; "": any */
};

/* The file whose locks are the places of an engine. */
struct engine_places {
	char name[LIMIT_ENGINE_NAME + 1];
	int fd;
};

enum supervisor_phase {
	PHASE_STARTING, /* Redis or the plugins are not there yet */
	PHASE_SERVING,
	PHASE_DRAINING, /* no new tasks; what runs may end */
	PHASE_LEAVING,  /* nothing runs; the last outcomes are written */
	PHASE_CLOSING,  /* handles are being closed */
};

struct supervisor {
	uv_loop_t *loop;
	const char *config_path; /* as given; NULL: the default */
	const struct config_flags *flags;
	struct catalog *catalog; /* in force; held */
	struct load *loading;    /* its plugins are being probed; NULL: done */
	bool loaded;
	struct catalog *next_catalog;        /* of a reload under way; held */
	enum reload reloading;               /* what is being read again */
	enum reload reload_wanted;           /* after that */
	struct watch *watch;                 /* NULL: not serving yet */
	char worker[SUPERVISOR_WORKER_SIZE]; /* "<host>:<pid>" */
	char executor[STORE_PATH_SIZE];      /* path of formy-executor */
	char uploads[STORE_PATH_SIZE];
	char results[STORE_PATH_SIZE];
	char outcomes[STORE_PATH_SIZE];
	struct store_config store; /* of these two */
	int scratch_lock;
	char redis_text[REDIS_ADDRESS_TEXT_SIZE];
	bool redis_up;                /* as last told by the link */
	char redis_why[ERR_TEXT_MAX]; /* why it is down, as last said; "" while it is up */
	uint64_t redis_said_ms;
	char refused_why[ERR_TEXT_MAX]; /* why it refuses scripts, as last said; "": it does not */
	uint64_t refused_ms;            /* when it last did */
	uint64_t trouble_since_ms;      /* since when it takes nothing; 0: it does */
	bool spool_said;                /* that outcomes are kept on disk, or cannot be */
	bool spool_failed;
	char key_prefix[LIMIT_KEY_PREFIX + 1];
	enum supervisor_phase phase;
	bool ready; /* was announced */
	int64_t started_wall_us;
	int exit_status;

	struct place *places;
	unsigned place_count;
	struct orphans orphans;
	struct engine_places *engine_places;
	size_t engine_places_count;

	/* Every job is in exactly one list; those that wait are in their mode's. */
	struct job_list sent;
	struct job_list running;
	struct job_list publishing;
	struct job_list ended;

	/* claimer */
	struct link *link;          /* scripts */
	struct link *waiting_link;  /* BLMOVE, nothing else */
	struct link *channel_link;  /* wake-ups and cancels */
	struct link *sentinel_link; /* where the master is; NULL: no sentinels */
	struct queue *queue;
	uv_prepare_t turn;
	uv_timer_t gather; /* runs while outcomes wait for others */
	bool gathered;     /* they have waited long enough */
	unsigned turns_in_flight;
	unsigned asked;          /* tasks that calls in flight may bring */
	bool hungry;             /* there may be tasks in Redis */
	bool waiting;            /* a queue_wait is under way */
	uint64_t wait_ms;        /* since when */
	bool stopping_wait;      /* and it was told to end ... */
	uint64_t stop_wait_ms;   /* ... at this time */
	bool registered;         /* Redis knows this worker */
	uint64_t pause_until_ms; /* after an error of Redis: no turn before */
	char **lost_tokens;      /* of turns whose answer was lost */
	size_t lost_token_count;

	/* lease */
	uv_timer_t beat;
	bool beat_in_flight;
	bool beat_wanted; /* something is to be told that the last one did not tell */
	bool beat_again;  /* as soon as the one in flight is answered */
	uint64_t last_beat_ms;
	uint64_t sure_ms;          /* when the last beat that was answered was sent */
	struct publishing *unsure; /* files that wait for an answer, or for Redis to be away */
	uint64_t last_registration_ms;
	uint64_t last_reap_ms;

	struct janitor *janitor;

	/* manager */
	struct notify notify;
	uint64_t watchdog_fed_ms;
	char manager_status[160]; /* as last said */

	uv_timer_t overtake; /* runs while jobs are behind others in executors */

	uv_timer_t quota;
	bool quota_busy; /* a look is under way */

	/* leaving */
	uv_timer_t deadline;
	uv_signal_t signals[3];
	bool said_bye;

	struct buf room; /* for encoding, between calls empty */
	uint64_t done_count;
	uint64_t failed_count;
};

/* Runs a worker until it is told to stop; returns the program's exit status. Takes over config,
 * which was read from config_path with flags: a reload reads them again. */
int supervisor_run(
	struct config *config, const char *config_path, const struct config_flags *flags);

/* Jobs of all states, waiting ones included. */
size_t supervisor_job_count(const struct supervisor *sup);

/* A job by its task's id, or NULL. A worker that lost a task and claimed it again may have two: token
 * says which; NULL: any. */
struct job *supervisor_find_job(struct supervisor *sup, const char *id, const char *token);

/* Calls visit for every job; it may end or destroy that job, and no other. */
void supervisor_each_job(struct supervisor *sup,
	void (*visit)(struct supervisor *sup, struct job *job, void *arg), void *arg);

/* Somebody does not want a job any more: a waiting one goes, a running one is stopped. */
void supervisor_stop_job(struct supervisor *sup, struct job *job, enum job_stop stop);

/* Redis and the plugins are there, or one of them is: serves if both are. */
void supervisor_begin(struct supervisor *sup);

/* The worker is registered and serves: says so, once. */
void supervisor_announce(struct supervisor *sup);

#endif
