/* What a task asks for, checked against its mode's description before any plugin sees it. */
#ifndef FORMY_DAEMON_PREPARE_H
#define FORMY_DAEMON_PREPARE_H

struct err;
struct job;
struct outcome;
struct queue_task;

/* Reads the task's data into the job, which has its mode: config with its defaults, the pictures, the
 * engine that it chooses, its time. 0, or a negative errno: then the outcome is set, and its message
 * lies in err. */
int prepare_job(struct job *job, const struct queue_task *task, struct err *err,
	struct outcome *ret_outcome);

#endif
