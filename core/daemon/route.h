/* The ways in which a mode's tasks can be carried out: a route is a mode with one of its engines.
 *
 * The first is the mode's own engine (or none); the others are its fallback and those that a task
 * may choose. An executor serves one route. Each route knows whether its engine can work: what is
 * not known, or down, gets no task, so that none spends an attempt on it. Routes are a part of
 * their mode and live as long. Loop's thread only. */
#ifndef FORMY_DAEMON_ROUTE_H
#define FORMY_DAEMON_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"

struct buf;
struct config_engine;
struct err;
struct job;
struct mode;
struct plugin_file;

#define ROUTE_CODE_SIZE 48

enum route_health {
	ROUTE_UNKNOWN, /* its engine's check() is still to come */
	ROUTE_UP,
	ROUTE_DOWN,
};

struct route {
	struct mode *mode;
	const struct config_engine *engine;      /* NULL: the mode has none */
	const struct plugin_file *engine_plugin; /* set if engine is */
	bool has_check;
	bool whole_config; /* its engine takes members of config that the mode does not know */
	bool wanted;       /* there was reason to know its health */
	bool fallback;     /* it is the mode's */

	enum route_health health;
	uint64_t since_ms;
	char code[ROUTE_CODE_SIZE]; /* why it is, or was last, down; "": it never was */
	char reason[LIMIT_ERROR_MESSAGE + 1];
	char report[LIMIT_ENGINE_REPORT + 1]; /* JSON object of the last check; "": none */
	uint64_t next_check_ms;               /* while it is down, or up and idle */
	uint64_t checked_ms;                  /* when the last check ended; 0: none has */
	unsigned checks;                      /* in all */
	unsigned failures;                    /* of them in a row, the last ones */
	uint64_t busy_since_ms;               /* it refuses for capacity; 0: it does not */
	uint64_t try_again_ms;                /* while it is busy and another takes its tasks */
	unsigned running;                     /* tasks in executors */
	struct job *check;                    /* under way; NULL: none */
};

/* Makes one of the mode's routes. engine may be NULL. */
void route_init(struct route *route, struct mode *mode, const struct config_engine *engine,
	const struct plugin_file *engine_plugin);

/* Writes the SETUP packet of an executor of this route; it may hold a key. 0, or a negative errno
 * with a sentence. */
int route_setup(const struct route *route, const char *scratch, struct err *err, struct buf *out);

/* The descriptors that go with that packet: copies of its plugins, which stay theirs, and the file of
 * the engine's places, if there is one (not negative). How many. */
#define ROUTE_FILES 4
size_t route_files(const struct route *route, int places_fd, int ret_fds[ROUTE_FILES]);

/* True when an executor of one serves the other just as well. */
bool route_same(const struct route *a, const struct route *b);

/* What is known of one goes for the other, which is the same after a reload. */
void route_inherit(struct route *to, const struct route *from);

/* The mode's route by an engine's name; NULL when it has none. */
struct route *route_find(struct mode *mode, const char *engine);

/* Where a job can go now; NULL: nowhere, it has to wait. Notes what it waits for as wanted. */
struct route *route_choose(struct mode *mode, const struct job *job);

/* Whether an engine has it that the mode has not here: daemon/orphan.h. */
bool route_is_orphan(struct mode *mode, const struct job *job);

/* Whether the job, which can go nowhere, may wait here: its engine's first check is on its way. */
bool route_is_awaited(struct mode *mode, const struct job *job);

/* Whether tasks of the mode can be claimed: those that choose nothing can go somewhere. */
bool route_mode_is_open(struct mode *mode);

/* Waiting jobs of the mode that go this way. */
unsigned route_count_waiting(struct route *route);

/* Its health changed; said in the log, loudly where a person has to do something. */
void route_set_up(struct route *route);
void route_set_down(struct route *route, const char *code, const char *reason);

/* A task of it was refused for capacity, or was not. */
void route_note_busy(struct route *route);
void route_note_answer(struct route *route);

const char *route_engine_name(const struct route *route); /* NULL: none */
const char *route_health_name(const struct route *route);

#endif
