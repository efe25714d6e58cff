/* Requests that cost money are sent once. Whoever comes after a crash finds in the memo whether one
 * was sent, and what the service called it; what is not known is told, never repeated. */
#ifndef FORMY_ENGINES_ONCE_H
#define FORMY_ENGINES_ONCE_H

#include "http/job.h"

#define ONCE_ID_SIZE 960 /* a memo has 1024 */

/* What an earlier attempt left: FORMY_OK with id "" (nothing was sent) or the service's id. A
 * status when something was sent and its id is not known: the task has failed with it. */
formy_status once_recall(struct job *job, char id[ONCE_ID_SIZE]);

/* Notes that a request is about to be sent, then the id that it was given. */
formy_status once_sending(struct job *job);
formy_status once_sent(struct job *job, const char *id);

/* Surely nothing runs at the service any more. */
void once_forget(struct job *job);

/* Fails a task of which it is not known whether the service works on it; forgets it, so that a
 * person can try it again. */
formy_status once_unknown(struct job *job, const char *details);

#endif
