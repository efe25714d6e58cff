/* Results into the store: from the slot's scratch folder under their final names, before Redis
 * says "done".
 *
 * It happens on a thread of libuv's pool, as a disk may be slow and leases must be renewed
 * meanwhile. The place takes no other job until its scratch folder is free again.
 *
 * A worker that was stopped for longer than a lease asks Redis first: somebody else may have done
 * the task meanwhile, and the files under these names are that result's. Where Redis cannot be
 * reached it is done all the same. Before anything gets its name a file is written beside the kept
 * outcomes (spool_mark()), which is there until Redis has answered to the outcome: whatever this
 * process is killed between, somebody knows that there may be files. */
#ifndef FORMY_DAEMON_PUBLISH_H
#define FORMY_DAEMON_PUBLISH_H

struct job;
struct msg_outcome;
struct place;
struct supervisor;

/* Begins for a job that is in no list; results_published() or results_unpublished() follows, never from within
 * this call, as it is wanted.
 * 0, or -EINVAL when the names are none that an executor may give, or -ENOMEM. */
int publish_begin(struct supervisor *sup, struct place *place, struct job *job,
	const struct msg_outcome *answer);

/* A beat was answered, or refused, or Redis cannot be reached, or not in time: moves what waited for that, but for files
 * of tasks that are lost. */
void publish_go_on(struct supervisor *sup);

#endif
