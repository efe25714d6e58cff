/* Results into the store: from the slot's scratch folder under their final names, before Redis
 * says "done".
 *
 * It happens on a thread of libuv's pool, as a disk may be slow and leases must be renewed
 * meanwhile. The place takes no other job until its scratch folder is free again.
 *
 * A worker that was stopped for longer than a lease asks Redis first: somebody else may have done
 * the task meanwhile, and the files under these names are that result's. */
#ifndef FORMY_DAEMON_PUBLISH_H
#define FORMY_DAEMON_PUBLISH_H

struct job;
struct msg_outcome;
struct place;
struct supervisor;

/* Begins for a job that is in no list; results_published() follows, never from within this call.
 * 0, or -EINVAL when the names are none that an executor may give, or -ENOMEM. */
int publish_begin(struct supervisor *sup, struct place *place, struct job *job,
	const struct msg_outcome *answer);

/* A beat was answered, or there is nobody to answer it: moves what waited for that, but for files
 * of tasks that are lost. */
void publish_go_on(struct supervisor *sup);

#endif
