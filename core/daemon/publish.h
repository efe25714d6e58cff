/* Results into the store: from the slot's scratch folder under their final names, before Redis
 * says "done".
 *
 * It happens on a thread of libuv's pool, as a disk may be slow and leases must be renewed
 * meanwhile. The place takes no other job until its scratch folder is free again. */
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

#endif
