/* What an executor's answer, or its death, means for the job that it had. Loop's thread only. */
#ifndef FORMY_DAEMON_ANSWER_H
#define FORMY_DAEMON_ANSWER_H

struct job;
struct msg_outcome;
struct place;
struct slot_exit;
struct supervisor;

/* The executor answered. The job leaves the running ones. */
void answer_came(struct supervisor *sup, struct place *place, struct job *job,
	const struct msg_outcome *answer);

/* The executor died with it. */
void answer_lost(struct supervisor *sup, struct job *job, const struct slot_exit *end);

#endif
