/* What went wrong with an exchange, as far as it decides what happens to the task.
 *
 * The classes are about money: what surely was not accepted may be sent again, what may have been
 * accepted never is by itself. */
#ifndef FORMY_ENGINES_FAULT_H
#define FORMY_ENGINES_FAULT_H

#include "http/http.h"

enum fault {
	FAULT_NONE,
	FAULT_NOT_SENT, /* surely not accepted: the engine is down until it answers again */
	FAULT_UNKNOWN,  /* perhaps accepted: not sent again, a person decides */
	FAULT_CAPACITY, /* come back later, that costs no attempt */
	FAULT_CONTENT,  /* refused for what is in the picture or the prompt */
	FAULT_AUTH,     /* the key is not taken: the engine is down until it is */
	FAULT_MONEY,    /* there is no credit left: the same */
	FAULT_REQUEST,  /* the service does not take what was asked: a wrong configuration */
	FAULT_SERVER,   /* the service failed, and accepted nothing: another attempt */
	FAULT_ANSWER,   /* the answer makes no sense */
	FAULT_STOPPED,  /* the task was cancelled */
	FAULT_LATE,     /* its time is over */
	FAULT_NO_MEMORY,
	FAULTS
};

/* By what HTTP itself says, for a request that the service acts on once it has accepted it. */
enum fault fault_of(const struct http_answer *answer);

/* Appends why, for a person: "it answered 503: busy", "Connection refused". At most one line of
 * what the server said. */
void fault_explain(const struct http_answer *answer, struct buf *out);

#endif
