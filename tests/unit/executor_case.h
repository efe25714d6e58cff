/* The real formy-executor, driven as the supervisor drives it: a channel, a control page, frames.
 *
 * Every wait ends, at the latest after EXECUTOR_PATIENCE_MS, with a failed test. */
#ifndef FORMY_TESTS_EXECUTOR_CASE_H
#define FORMY_TESTS_EXECUTOR_CASE_H

#include <stdint.h>
#include <sys/types.h>

#include "base/limits.h"
#include "wire/control.h"
#include "wire/msg.h"

#define EXECUTOR_PATIENCE_MS 20000

struct executor_case {
	pid_t pid; /* 0: it has been waited for */
	int channel;
	struct control_page *control;
	char scratch[256];
	unsigned char packet[LIMIT_FRAME]; /* what the last message's texts point into */
	struct msg msg;                    /* the last one received */
	unsigned logs;                     /* and how many of these came before it */
	unsigned progresses;
	uint64_t permille;
	uint64_t first_permille;             /* that was not 0 */
	uint64_t part;                       /* of the last one */
	char log[LIMIT_PLUGIN_LOG_LINE + 1]; /* the last line */
	uint64_t jobs;
};

/* Starts the program; probe is a file to probe, or NULL to serve. */
void executor_start(struct executor_case *run, const char *probe);

/* Sends SETUP for a mode of a plugin file; the engine's file and type may be NULL. */
void executor_setup(struct executor_case *run, const char *mode, const char *plugin,
	const char *engine_type, const char *engine);

/* executor_start and executor_setup; then waits for READY. */
void executor_open(struct executor_case *run, const char *mode, const char *plugin);

void executor_send(struct executor_case *run, const struct msg *msg, const int *fds, size_t count);

/* Sends the next job; roles go with the descriptors, which are closed. */
void executor_job(struct executor_case *run, const char *config, const char *roles, const int *fds,
	size_t count);

/* Receives up to the next message that is neither LOG nor PROGRESS. Returns its type, or 0 at the
 * end of the channel. Fails the test for a packet that is no message. */
int executor_receive(struct executor_case *run);

/* executor_receive, which must be an outcome of the last job with this status. */
void executor_expect(struct executor_case *run, int64_t status);

/* Waits for the process to end, and returns its wait status. */
int executor_wait(struct executor_case *run);

/* Closes the channel, and expects the process to end with status 0. */
void executor_close(struct executor_case *run);

/* Kills what is left, whatever the state. */
void executor_finish(struct executor_case *run);

#endif
