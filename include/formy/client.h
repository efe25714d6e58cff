/* formy/client.h - libformy, for programs that give tasks to Formy and fetch what comes of them.
 *
 *	formy_client *client;
 *	formy_client_options options = {sizeof(options)};
 *	formy_submission task = {sizeof(task)};
 *	char error[FORMY_ERROR_SIZE], image[FORMY_ID_SIZE], id[FORMY_ID_SIZE];
 *	formy_task_info *info;
 *
 *	if (formy_client_open(&options, error, &client) < 0) { ... error says why ... }
 *	if (formy_image_put(client, "photo.jpg", FORMY_IMAGE_SOURCE, image) < 0) { ... }
 *	task.mode = "BACKGROUND_CHANGE";
 *	task.source = image;
 *	task.config = "{\"background_type\": \"remove\"}";
 *	if (formy_submit(client, &task, id) < 0) { ... formy_client_error(client) ... }
 *	if (formy_wait(client, id, 60000, NULL, NULL, &info) == 0 && info->output_image) {
 *		formy_image_get(client, info->output_image, "cut.png");
 *	}
 *	formy_task_free(info);
 *	formy_client_close(client);
 *
 * A client speaks to the Redis server that the workers use, and reads and writes the two folders of
 * pictures, which it must share with them. It needs no running worker.
 *
 * THREADS. A handle is one connection and belongs to one thread at a time. Different handles know
 * nothing of each other; open one for each thread. A watch is a connection of its own, and may be
 * used by another thread than its client once it is open. Nothing in the library is global.
 *
 * ERRORS. A function that can fail returns an int: 0 (FORMY_CLIENT_OK) or one of the negative
 * numbers below; unknown negative numbers are failures too. formy_client_error() then has the
 * sentence for a person. Results come by the last arguments and are untouched on failure. A
 * connection that broke is made anew by the next call; a call that changes something and whose
 * reply was lost says so, as it may have been carried out.
 *
 * OWNERSHIP. What the library returns by pointer to pointer is the caller's, and is freed by the
 * one function named there, with all in it; each of those takes NULL. What goes in is copied
 * before the call returns, but for the arguments of callbacks.
 *
 * UNITS. Times are microseconds since 1970-01-01 UTC, 0 when there is none; waiting is in
 * milliseconds; sizes are in bytes. Texts are UTF-8, end with a NUL, and are NULL when absent. They
 * come from Redis, where anybody may have put them: escape them before a terminal sees them. In
 * JSON, times are texts that end in Z, and strings are as little checked.
 *
 * GROWTH. A struct that the caller fills begins with its size: set it by sizeof, and all else to
 * zero for the defaults. Fields are only appended. Structs that the library fills grow likewise, so
 * use them by the pointers that it returns and never copy them by value.
 *
 * SIGNALS. The library installs no handler, and a server that goes away raises no SIGPIPE.
 *
 * The header is C99 and C++11, and needs nothing but the two standard headers below. */
#ifndef FORMY_CLIENT_H
#define FORMY_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define FORMY_API __attribute__((visibility("default")))
#else
#define FORMY_API
#endif

#define FORMY_ID_SIZE 129    /* the id of a task or an image, with its NUL */
#define FORMY_ERROR_SIZE 512 /* a sentence about a failure, with its NUL */

enum {
	FORMY_CLIENT_OK = 0,
	FORMY_CLIENT_E_ARGUMENT = -1,  /* what the caller passed cannot be right */
	FORMY_CLIENT_E_NOT_FOUND = -2, /* no such task, image or result */
	FORMY_CLIENT_E_STATE = -3,     /* the task's state does not allow it */
	FORMY_CLIENT_E_EXISTS = -4,    /* a task of that id is there already */
	FORMY_CLIENT_E_REDIS = -5,     /* Redis is not there, or did not answer in time */
	FORMY_CLIENT_E_REFUSED = -6,   /* Redis refused: password, rights, memory, version */
	FORMY_CLIENT_E_DATA = -7,      /* what stands in Redis cannot be understood */
	FORMY_CLIENT_E_IMAGE = -8,     /* not a picture that Formy takes, or too large */
	FORMY_CLIENT_E_STORAGE = -9,   /* a file cannot be read or written */
	FORMY_CLIENT_E_MEMORY = -10,   /* out of memory */
	FORMY_CLIENT_E_TIMEOUT = -11,  /* the time that the caller gave is over */
	FORMY_CLIENT_E_STOPPED = -12   /* the caller's callback wanted no more */
};

/* ------------------------------------------------------------------------------ the client --- */

typedef struct formy_client formy_client;

/* Where Redis and the pictures are, and how much is taken. Zero and NULL mean the default. */
typedef struct formy_client_options {
	uint32_t size;  /* sizeof(formy_client_options) */
	uint32_t flags; /* 0 */

	const char *host;        /* "localhost" */
	const char *unix_socket; /* a path: host and port do not count then */
	const char *username;    /* none: the default user */
	const char *password;    /* none */
	const char *key_prefix;  /* "formy" */
	int32_t port;            /* 6379 */
	int32_t db;              /* 0 */

	uint32_t connect_timeout_ms; /* 5000 */
	uint32_t command_timeout_ms; /* 5000 */

	const char *uploads;      /* "/var/lib/formy/uploads" */
	const char *results;      /* "/var/lib/formy/results" */
	uint64_t max_upload_size; /* bytes; 10 MiB */
	uint64_t max_pixels;      /* 50 million */

	uint32_t retention_s; /* how long a task cancelled here is kept: 7 days */
	uint32_t reserved;

	/* With a master's name, Redis Sentinel says where the server is: host, port and unix_socket
	 * do not count. */
	const char *sentinel_master;   /* none */
	const char *sentinel_hosts;    /* "host:port,host:port" */
	const char *sentinel_username; /* of the sentinels themselves; none: the default user */
	const char *sentinel_password; /* none */
} formy_client_options;

/* Makes a client. Connects to nothing: the first call that needs Redis does. On failure the
 * sentence goes to error, which may be NULL. Freed by formy_client_close. */
FORMY_API int formy_client_open(const formy_client_options *options, char error[FORMY_ERROR_SIZE],
	formy_client **ret_client);

/* Ends the connection. Watches of the client live on. Takes NULL. */
FORMY_API void formy_client_close(formy_client *client);

/* The sentence about the last call that failed; valid until the next call. Never NULL. */
FORMY_API const char *formy_client_error(const formy_client *client);

/* Connects, unless that is done, and asks Redis for a sign of life. */
FORMY_API int formy_client_ping(formy_client *client);

/* What a Redis server says of itself, as far as tasks depend on it. */
typedef struct formy_server {
	const char *version;
	const char *maxmemory_policy; /* anything but "noeviction" may throw tasks away ... */
	uint64_t maxmemory;           /* ... at so many bytes; 0: no limit */
	int32_t saves;                /* 0: its restart loses all tasks */
} formy_server;

/* Freed by formy_server_free. */
FORMY_API int formy_server_get(formy_client *client, formy_server **ret_server);
FORMY_API void formy_server_free(formy_server *server);

/* The version of the library, such as "0.1.0". */
FORMY_API const char *formy_client_version(void);

/* ----------------------------------------------------------------------------------- tasks --- */

typedef enum formy_task_status {
	FORMY_TASK_UNKNOWN = 0, /* a text in Redis that is none of these */
	FORMY_TASK_PENDING = 1,
	FORMY_TASK_PROCESSING = 2,
	FORMY_TASK_DONE = 3,
	FORMY_TASK_FAILED = 4,
	FORMY_TASK_CANCELLED = 5,
	FORMY_TASK_DELETED = 6 /* only in events: the task is no more */
} formy_task_status;

typedef enum formy_priority {
	FORMY_PRIORITY_NORMAL = 0,
	FORMY_PRIORITY_HIGH = 1,
	FORMY_PRIORITY_LOW = 2
} formy_priority;

/* "pending", ...; "unknown" for a number that is none of them. And back: FORMY_TASK_UNKNOWN for
 * NULL or another text. */
FORMY_API const char *formy_task_status_name(formy_task_status status);
FORMY_API formy_task_status formy_task_status_of(const char *name);

/* A task as it was when it was read. */
typedef struct formy_task_info {
	const char *id;
	formy_task_status status;
	int32_t progress;         /* 0 to 100 */
	const char *current_step; /* short text for a person */
	const char *mode;
	const char *source_image;
	const char *reference_image;
	const char *user;
	const char *worker; /* who holds or held it: "host:pid" */
	int64_t attempts;   /* times that a worker has started it */
	int64_t created_us;
	int64_t updated_us;
	int64_t started_us;
	int64_t completed_us;
	int64_t failed_us;
	int64_t cancelled_us;
	double processing_seconds; /* negative when it is not known */

	/* When it is done. The images are names for formy_image_get. */
	const char *output_image;
	const char *thumbnail;
	const char *comparison_image;
	int64_t width; /* of the output; 0 when it is not known */
	int64_t height;
	int64_t output_size; /* bytes */
	const char *output_format;

	/* When it has failed. */
	const char *error_code; /* such as "INVALID_SOURCE_IMAGE" */
	const char *error_message;
	const char *error_details;

	/* All of the above and what more Redis holds of it, as a JSON object. */
	const char *json;
} formy_task_info;

/* A task to be made. */
typedef struct formy_submission {
	uint32_t size;  /* sizeof(formy_submission) */
	uint32_t flags; /* 0 */

	const char *mode;      /* required: [A-Z][A-Z0-9_]{1,63} */
	const char *source;    /* required: the id of an image */
	const char *reference; /* the id of an image */
	const char *config;    /* a JSON object: what the mode is told; none is {} */
	const char *extra; /* a JSON object: further members of the task's data, kept as they are */
	const char *user;  /* whose task it is */
	const char *id;    /* [A-Za-z0-9_.-]{1,128}; none: one is made */
	formy_priority priority;
	int64_t delay_ms; /* it starts no sooner than so long from now, by Redis' clock ... */
	int64_t start_us; /* ... nor before this, in microseconds since 1970; 0: at once */
} formy_submission;

/* Makes a task and puts it into the queue, in one step. Whether a worker serves the mode, whether
 * the images are there and whether config is what the mode expects, is found out by the worker. An
 * id that is taken is no error when its task has the same mode, images and config: the task is left
 * as it is, wherever it has come to. FORMY_CLIENT_E_EXISTS when it has others. */
FORMY_API int formy_submit(
	formy_client *client, const formy_submission *submission, char ret_id[FORMY_ID_SIZE]);

/* Reads a task. Freed by formy_task_free. */
FORMY_API int formy_task_get(formy_client *client, const char *id, formy_task_info **ret_task);
FORMY_API void formy_task_free(formy_task_info *task);

/* Which tasks to list. */
typedef struct formy_task_filter {
	uint32_t size;  /* sizeof(formy_task_filter) */
	uint32_t flags; /* 0 */

	formy_task_status status; /* 0: all */
	const char *mode;         /* NULL: all */
	const char *user;         /* NULL: all */
	uint32_t page;            /* 1 is the first, and the default */
	uint32_t page_size;       /* at most 100; the default is 20 */
} formy_task_filter;

/* A page of tasks, the newest first. */
typedef struct formy_task_page {
	formy_task_info *const *tasks;
	size_t count;
	uint32_t page;
	uint32_t page_size;
	int64_t total;    /* tasks that match, on all pages; -1 when that was not counted */
	int32_t more;     /* not 0: there is a further page */
	const char *json; /* {"tasks": [...], "page": ..., "page_size": ..., "total": ..., ...} */
} formy_task_page;

/* filter may be NULL. Freed by formy_task_page_free, the tasks with it. */
FORMY_API int formy_task_list(
	formy_client *client, const formy_task_filter *filter, formy_task_page **ret_page);
FORMY_API void formy_task_page_free(formy_task_page *page);

/* Cancels a task that waits or runs; a running one stops at its next occasion. Success too when it
 * was cancelled already; FORMY_CLIENT_E_STATE when it has ended otherwise. */
FORMY_API int formy_task_cancel(formy_client *client, const char *id);

/* Makes a failed task pending again. FORMY_CLIENT_E_STATE when it has not failed. */
FORMY_API int formy_task_retry(formy_client *client, const char *id);

/* Deletes a task that has ended, and its results. FORMY_CLIENT_E_STATE when it has not ended;
 * FORMY_CLIENT_E_STORAGE when the task is gone but its files could not be removed. */
FORMY_API int formy_task_delete(formy_client *client, const char *id);

/* --------------------------------------------------------------------- waiting and watching --- */

/* Is told of a task while formy_wait waits: at the start, at each change, and about four times a
 * second without one. The task is borrowed for the call. Not 0: wait no longer. */
typedef int (*formy_wait_fn)(void *user, const formy_task_info *task);

/* Waits until a task has ended, however it ends: look at its status. timeout_ms: 0 is for ever.
 * FORMY_CLIENT_E_TIMEOUT when it has not ended by then, FORMY_CLIENT_E_STOPPED when the callback
 * said so, FORMY_CLIENT_E_NOT_FOUND also when it was deleted meanwhile. A connection that breaks
 * is made anew for as long as there is time, or for a minute when there is no limit. callback may
 * be NULL. *ret_task is freed by formy_task_free. */
FORMY_API int formy_wait(formy_client *client, const char *id, uint32_t timeout_ms,
	formy_wait_fn callback, void *user, formy_task_info **ret_task);

/* Something that happened to a task, or how it stood when the watch asked. */
typedef struct formy_event {
	const char *task_id;
	formy_task_status status; /* after it */
	int32_t progress;         /* -1 when the event does not say */
	const char
		*current_step; /* NULL when the event does not say; mode, user, worker likewise */
	const char *mode;
	const char *user;
	const char *worker;
	int64_t time_us;
	int32_t is_state; /* not 0: it is the task's state, told without anything new perhaps */
	uint32_t reserved;
	const char *json; /* the whole event, as a JSON object on one line */
} formy_event;

/* Is told of an event, which is borrowed for the call. Not 0: no more of this dispatch. */
typedef int (*formy_event_fn)(void *user, const formy_event *event);

typedef struct formy_watch formy_watch;

/* Watches one task, or all with id NULL, on connections of its own. It is subscribed when the call
 * returns. With an id the first event is the task's state, read after that, and what a foreign
 * client writes without an event is told as a state within a second or two: nothing that happens
 * after the call is missed, though something may be told twice. Freed by formy_watch_close. */
FORMY_API int formy_watch_open(formy_client *client, const char *id, formy_event_fn callback,
	void *user, formy_watch **ret_watch);

/* A descriptor that is readable when there may be something to dispatch. Dispatch with timeout 0
 * before polling it, and at least every second when one task is watched. It changes when the
 * connection is made anew: ask before each poll. -1 while there is none. */
FORMY_API int formy_watch_fd(const formy_watch *watch);

/* Calls the callback for each event that is there; with none, waits for at most timeout_ms (0: not
 * at all, negative: for ever), or until a signal. A connection that breaks is made anew, and what
 * happened meanwhile is told, as far as Redis has kept it. FORMY_CLIENT_E_REDIS when that fails: a
 * later call tries again. FORMY_CLIENT_E_STOPPED when the callback wanted no more; the events that
 * were left come with the next call. *ret_events, which may be NULL: how often the callback was
 * called. */
FORMY_API int formy_watch_dispatch(formy_watch *watch, int timeout_ms, size_t *ret_events);

/* As formy_client_error, for the calls on a watch. */
FORMY_API const char *formy_watch_error(const formy_watch *watch);

/* Takes NULL. */
FORMY_API void formy_watch_close(formy_watch *watch);

/* ------------------------------------------------------------------- the service as a whole --- */

/* A mode's share. Done and failed: for as long as Redis keeps those tasks. */
typedef struct formy_mode_stats {
	const char *name;
	int64_t waiting;
	int64_t processing;
	int64_t done;
	int64_t failed;
	int64_t workers; /* that are alive and serve it */
} formy_mode_stats;

typedef struct formy_worker_stats {
	const char *name;
	int64_t processing;
} formy_worker_stats;

typedef struct formy_stats {
	int64_t pending; /* those that wait for their time too */
	int64_t processing;
	int64_t done;
	int64_t failed;
	int64_t cancelled;
	int64_t total_tasks;
	int64_t delayed; /* of the pending ones: those that wait for a retry, or a later start */
	const formy_mode_stats *modes;
	size_t mode_count;
	const formy_worker_stats *workers;
	size_t worker_count;
	const char *json;
} formy_stats;

/* Counts. Freed by formy_stats_free. */
FORMY_API int formy_stats_get(formy_client *client, formy_stats **ret_stats);
FORMY_API void formy_stats_free(formy_stats *stats);

/* A plugin as a worker has found it. */
typedef struct formy_worker_plugin {
	const char *file;
	const char *id;      /* NULL when the file could not be read as a plugin */
	const char *version; /* likewise */
	const char *state;   /* "ready", or why it does not serve, in a word: "refused", ... */
	const char *reason;  /* the same as a sentence, or NULL */
	const char *const *modes;
	size_t mode_count;
	const char *const *engines;
	size_t engine_count;
	const char *sandbox; /* what confines it, for people; NULL: it has not run yet */
} formy_worker_plugin;

typedef struct formy_worker {
	const char *name; /* "host:pid" */
	const char *host;
	int64_t pid;
	const char *version;
	int64_t started_us;
	int64_t executors;
	int64_t running; /* tasks */
	const char *const *modes;
	size_t mode_count;
	const formy_worker_plugin *plugins;
	size_t plugin_count;
} formy_worker;

typedef struct formy_workers {
	const formy_worker *workers; /* by name */
	size_t count;
	const char *json; /* an array */
} formy_workers;

/* The workers that are alive. Freed by formy_workers_free. */
FORMY_API int formy_workers_get(formy_client *client, formy_workers **ret_workers);
FORMY_API void formy_workers_free(formy_workers *workers);

/* Tells all workers to end the quarantine of a plugin, by its id, and to serve it again. Whether one
 * had it in quarantine shows in formy_workers_get: some seconds before, and after. */
FORMY_API int formy_plugin_release(formy_client *client, const char *id);

/* -------------------------------------------------------------------------------- pictures --- */

typedef enum formy_image_kind {
	FORMY_IMAGE_SOURCE = 0,
	FORMY_IMAGE_REFERENCE = 1,
	FORMY_IMAGE_OTHER = 2
} formy_image_kind;

/* Stores a copy of a JPEG, PNG or WebP file under an id made for it. FORMY_CLIENT_E_IMAGE when it
 * is none of these, damaged, or above the limits. Needs no Redis. */
FORMY_API int formy_image_put(
	formy_client *client, const char *path, formy_image_kind kind, char ret_id[FORMY_ID_SIZE]);

/* Opens a picture for reading: an uploaded one by its id, or a result by the name that the task
 * has for it ("/results/..."). The descriptor is the caller's, and closed on exec. No Redis. */
FORMY_API int formy_image_open(formy_client *client, const char *name, int *ret_fd);

/* Copies a picture to a file, which appears whole or not at all, and replaces one that is there.
 * Names are as for formy_image_open. No Redis. */
FORMY_API int formy_image_get(formy_client *client, const char *name, const char *path);

#ifdef __cplusplus
}
#endif

#endif
