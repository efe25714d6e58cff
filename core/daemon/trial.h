/* A trial: one executor of a route is started outside of any service, to see whether it opens its
 * plugins and, if that is asked, what its engine's check says. For formyd -t and --check-engine. The
 * process is confined and ended as in the service, so that one that hangs or crashes costs its time. */
#ifndef FORMY_DAEMON_TRIAL_H
#define FORMY_DAEMON_TRIAL_H

#include <uv.h>

#include "base/limits.h"
#include "daemon/route.h"

struct catalog;
struct json_object;
struct mode;

enum trial_end {
	TRIAL_OPENED,  /* it opened its plugins; no check was made */
	TRIAL_PASSED,  /* the check says that the engine can work */
	TRIAL_FAILED,  /* the check says that it cannot */
	TRIAL_REFUSED, /* it cannot open its plugins: settings, files, models */
	TRIAL_CRASHED, /* its process ended */
	TRIAL_LATE,    /* it took too long, and was ended */
};

struct trial {
	enum trial_end end;
	bool checking;                         /* the check had begun */
	char code[ROUTE_CODE_SIZE];            /* the contract's; "" where all is well */
	char message[LIMIT_ERROR_MESSAGE + 1]; /* a sentence; "" where all is well */
	char details[LIMIT_ERROR_DETAILS + 1]; /* "": none */
	char report[LIMIT_ENGINE_REPORT + 1];  /* JSON object of the check; "": none */
	struct json_object *lines;             /* an array: what it printed or warned of; or NULL */
	uint64_t took_ms;
};

/* Makes one, while it runs the loop, which must have nothing else to do. scratch: a folder that is
 * there. check_ms: how long the check may take; 0: none is made. 0, or a negative errno when it
 * could not be made; finish the trial in either case. */
int trial_run(uv_loop_t *loop, const char *program, const char *scratch, struct route *route,
	uint64_t check_ms, struct trial *ret_trial);
void trial_finish(struct trial *trial);

/* "ok", "failed", ... */
const char *trial_end_name(enum trial_end end);

/* A mode whose executor does not get ready, and why. */
typedef void trial_problem_fn(const struct mode *mode, const char *why, void *arg);

/* Tries all modes, one after another, as trial_run() without a check. 0 or a negative errno. */
int trial_run_all(uv_loop_t *loop, const char *program, struct catalog *catalog,
	trial_problem_fn *problem, void *arg);

#endif
