/* One process in which a plugin is tried: a real formy-executor, given jobs as a worker does. */
#ifndef FORMY_CLI_CHECK_CASE_H
#define FORMY_CLI_CHECK_CASE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/limits.h"

struct control_page;
struct descriptor_mode;

/* What is tried, and with what. */
struct check_target {
	const char *executor;
	const char *plugin;        /* absolute path */
	const char *mode_config;   /* JSON object */
	const char *engine;        /* absolute path of an engine's plugin; NULL: none */
	const char *engine_type;   /* set if engine is */
	const char *engine_config; /* JSON object; set if engine is */
	uint64_t needs;            /* what is granted */
	uint64_t timeout_ms;       /* for a task */
	bool valgrind;
	bool show_output;
};

enum check_cancel { CHECK_GOES_ON, CHECK_CANCEL_BEFORE, CHECK_CANCEL_DURING };

struct check_job {
	const char *config; /* JSON object */
	struct {
		const char *role;
		const void *data;
		size_t len;
	} pictures[LIMIT_TASK_INPUTS];
	size_t count;
	enum check_cancel cancel;
	bool check;        /* no task, but the engine's check() */
	bool engine_fails; /* the mode's engine does: then it is nobody's fault but the engine's */
	int64_t engine_status; /* what it returns then */
};

struct check_case {
	const struct check_target *target;
	pid_t pid;
	int channel;
	int control_fd;
	int output; /* what it prints */
	struct control_page *control;
	char scratch[64];
	uint64_t jobs;
	unsigned lines;
	unsigned called;                       /* how often it called its fake engine */
	bool refused;                          /* it did not open, and said why */
	int64_t status;                        /* of the last job: formy_status */
	char code[64];                         /* of the last job; "" when it went well */
	char message[LIMIT_ERROR_MESSAGE + 1]; /* and its words */
	char details[LIMIT_ERROR_DETAILS + 1];
	char output_file[128]; /* of the last job, in scratch; "" when it made none */
	struct err problem;    /* the first thing that was wrong; "" when nothing was */
};

/* Starts a process for a mode and waits until it has opened. False: problem says why not. End the
 * case in either case. */
bool check_begin(struct check_case *one, const struct check_target *target, const char *mode);

/* Gives it a job. True when the plugin kept the rules, however the task ended; else problem says
 * what it did, and the process may be gone. */
bool check_run(struct check_case *one, const struct check_job *job);

/* Ends the process, and removes what it left. False when something was wrong, then or before. */
bool check_end(struct check_case *one);

/* Told of each case as it ends: of which mode or engine, and what was wrong, NULL when nothing was. */
struct check_voice {
	void (*told)(void *arg, const char *of, const char *name, const char *problem);
	void *arg;
};

/* One job in a process of its own, and its end is told. Returns whether all was well. */
bool check_try(const struct check_target *target, const char *mode, const struct check_job *job,
	const struct check_voice *voice, const char *of, const char *name);

#endif
