/* The pictures on disk: uploads/<kind>/<id>.<extension> and results/<task id>_<role>.<extension>.
 *
 * An id or a result's name is checked before it becomes a part of a path, and no symbolic link is
 * followed below the two folders. A file appears under its final name whole or not at all. A full
 * disk is always -ENOSPC or -EDQUOT: see store_is_full(). Nothing here keeps state: any thread may
 * call, and calls may block on the disk. */
#ifndef FORMY_IMAGE_STORE_H
#define FORMY_IMAGE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/ident.h"
#include "base/limits.h"
#include "image/sniff.h"

struct err;

#define STORE_NAME_SIZE (LIMIT_TASK_ID + 32) /* a file's name, with its NUL */
#define STORE_PATH_SIZE 4096

/* Owned by the caller, who keeps the two strings alive. */
struct store_config {
	const char *uploads;      /* folder with source, reference and other in it */
	const char *results;      /* folder of the results; .scratch in it */
	uint64_t max_upload_size; /* bytes */
	uint64_t max_pixels;      /* width times height */
};

enum store_kind { STORE_SOURCE, STORE_REFERENCE, STORE_OTHER };

enum store_role { STORE_OUTPUT, STORE_THUMB, STORE_COMPARISON };

/* A finished file in a scratch folder, synced by whoever wrote it. */
struct store_file {
	enum store_role role;
	enum image_type type;
	const char *name; /* in the scratch folder */
};

/* The final names of what was published; "" for a role that there was not. */
struct store_published {
	char output[STORE_NAME_SIZE];
	char thumb[STORE_NAME_SIZE];
	char comparison[STORE_NAME_SIZE];
	uint64_t output_size; /* bytes */
};

/* True for -ENOSPC and -EDQUOT: the error is STORAGE_FULL. */
bool store_is_full(int result);

/* Makes the folders that are missing. 0 or a negative errno. */
int store_prepare(const struct store_config *store, struct err *err);

/* Finds and opens an upload by its id, for reading. Returns 0, -EINVAL when id is no image id,
 * -ENOENT when there is none, -EFBIG when it is larger than an upload may be, -ELOOP or -EACCES
 * when what lies there is no regular file or may not be read, or another negative errno. */
int store_open_input(
	const struct store_config *store, const char *id, struct err *err, int *ret_fd);

/* Stores a copy of a file as an upload, under an id made for it. Returns 0, -EINVAL when it is no
 * picture of an accepted type, -EBADMSG when its header is damaged, -EFBIG above the limit of bytes
 * or pixels, or another negative errno. */
int store_put_file(const struct store_config *store, const char *path, enum store_kind kind,
	struct err *err, char ret_id[IDENT_ID_SIZE]);

/* The same from an open regular file, read from its start. what: its name in messages. */
int store_put_fd(const struct store_config *store, int fd, const char *what, enum store_kind kind,
	struct err *err, char ret_id[IDENT_ID_SIZE]);

/* An upload that was neither made nor used lately. */
struct store_old {
	char id[LIMIT_IMAGE_ID + 1];
	char file[LIMIT_IMAGE_ID + 8];
	const char *folder; /* static */
};

/* Finds up to `max` uploads whose file is older than that time (seconds since 1970). */
size_t store_find_old(
	const struct store_config *store, int64_t before_s, struct store_old *to, size_t max);

/* Removes it, if it still is that old; or, when it is needed, makes it as new. */
void store_settle_old(const struct store_config *store, int64_t before_s,
	const struct store_old *old, bool needed);

/* An upload is used: it is as new, as far as its owner allows. */
void store_note_use(int fd);

/* True for the name of a task's result: <task id>_output.png and its like. */
bool store_is_result_name(const char *name);

/* Opens an upload by its id or a result by its name, with or without "/results/" before it.
 * Returns as store_open_input; there is no limit to the size of a result. */
int store_open_image(
	const struct store_config *store, const char *name, struct err *err, int *ret_fd);

/* Moves a task's files from its scratch folder to the results, replacing those of an earlier
 * attempt, an output of another type too, and syncs the folder. Each is checked to be a regular
 * file of its type. On failure nothing is left of the task. 0 or a negative errno. */
int store_publish(const struct store_config *store, const char *scratch, const char *task_id,
	const struct store_file *files, size_t count, struct err *err,
	struct store_published *ret_published);

/* The name by which clients know a result: "/results/<name>". */
int store_result_path(const char *name, char *to, size_t size);

/* Removes all results of a task. 0 when there are none at the end, or a negative errno. */
int store_remove_results(const struct store_config *store, const char *task_id, struct err *err);

/* Scratch folders: <results>/.scratch/<worker>/<slot>, so that a rename can publish.
 *
 * A worker opens the scratch once and keeps *ret_lock open for as long as it runs (it is closed on
 * exec): what nobody holds is swept by the next worker to start. Its own folder is empty then, but
 * for the files of outcomes/: those of workers that are no more are moved into its own. */
int store_scratch_open(
	const struct store_config *store, const char *worker, struct err *err, int *ret_lock);

/* Makes the folder of a slot, mode 0700, empty, and writes its path. */
int store_scratch_dir(const struct store_config *store, const char *worker, unsigned slot,
	struct err *err, char ret_path[STORE_PATH_SIZE]);

/* The path of the worker's outcomes, <results>/.scratch/<worker>/outcomes, which need not be there:
 * its files outlive the worker. 0 or a negative errno. */
int store_scratch_outcomes(
	const struct store_config *store, const char *worker, char ret_path[STORE_PATH_SIZE]);

/* Empties a slot's folder, which stays. */
int store_scratch_clear(const char *path);

/* The same where it was used: *seen is the folder's time when it was last emptied so, zeroed at
 * first. Costs one look where it was not. */
void store_scratch_tidy(const char *path, struct timespec *seen);

/* Whether nothing was written there since. */
bool store_scratch_is_clean(const char *path, const struct timespec *seen);

/* Removes the worker's scratch, but for outcomes, and gives it up. */
void store_scratch_close(const struct store_config *store, const char *worker, int lock);

/* Removes the scratch folders that no live worker holds, but for outcomes in them. */
void store_scratch_sweep(const struct store_config *store);

#endif
