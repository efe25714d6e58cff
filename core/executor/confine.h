/* The walls around a plugin: rlimits, capabilities, Landlock and seccomp, put up when it is known
 * which plugin it is and before any of its code runs. docs/sandbox.md is the page about them. */
#ifndef FORMY_EXECUTOR_CONFINE_H
#define FORMY_EXECUTOR_CONFINE_H

#include <stdint.h>

#include "base/sandbox.h"

struct buf;
struct err;

struct confinement {
	enum sandbox_profile profile;
	uint32_t granted;       /* enum sandbox_grant */
	const char *plugins[4]; /* files whose folders may be read, ended by NULL */
	const char *configs[4]; /* JSON objects: the absolute paths in them may be read */
	const char *scratch;    /* the one folder that may be written to; NULL: none */
	uint64_t memory;        /* bytes of address space; 0: no limit */
	uint64_t file_size;     /* bytes of one file; 0: no limit */
	uint64_t processor_s;   /* seconds of processor time, for the whole process; 0: no limit */
};

/* Confines this process for ever. in_force gets a line that says how, for people; lacks what the
 * kernel has not and the profile wants, "" when it has all. With SANDBOX_STRICT that is a failure.
 * 0, or a negative errno with a sentence: then run nothing of a plugin. */
int confine(
	const struct confinement *how, struct buf *in_force, struct buf *lacks, struct err *err);

/* For the next task, which may take so long on each of so many processors: a limit of processor time
 * beside what has been used, or a little more, as it is not set anew for every short task. SIGXCPU
 * then ends the process, should nobody else do it. */
void confine_processor_time(uint64_t time_ms, uint64_t processors);

#endif
