/* formy/extensions.h - further functions of the host, for engines that work elsewhere.
 *
 * Some engines talk for minutes to something slow, far away and paid. What they need beside
 * formy/plugin.h is asked for by its id and may be absent:
 *
 *	const formy_memo *memo = (const formy_memo *)host->extension(FORMY_MEMO_ID);
 *
 * The tables live as long as the process and grow as all structs of the ABI do. All functions may
 * be called from an engine's run() only, on its thread; places also from check(). The rules of
 * formy/plugin.h for ownership and strings hold here too. */
#ifndef FORMY_EXTENSIONS_H
#define FORMY_EXTENSIONS_H

#include <formy/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ----------------------------------------------------------------------------------- memo --- */

#define FORMY_MEMO_ID "formy.memo/1"
#define FORMY_MEMO_LIMIT 1024 /* bytes of a memo, without its end */

/* A few bytes for a task that survive the executor, the worker and the machine: the number of the
 * job at the service and which server has it. Set it before that job is submitted, and look at it
 * first: an attempt that finds a memo asks what became of that job and does not submit it again.
 * It is handed to the attempts that follow, which are given to the same engine, wherever they run,
 * and ends with the task. While it stands, no other engine gets the task: if the operator takes this
 * engine from the mode, the task fails. So clear it (set NULL) as soon as it is sure that nothing
 * was, or will be, done under it: above all before retry_after() or down() of a job that the service
 * has refused. Leave it where the service has the job and the next attempt is to look again. */
typedef struct formy_memo {
	uint32_t size;
	uint32_t reserved;

	/* The memo, or NULL when there is none. */
	const char *(*get)(formy_task *task);

	/* Replaces it (NULL: removes it) and waits until Redis has it: only then go on to submit.
	 * FORMY_OK; FORMY_E_UNREACHABLE when that could not be had in time (the words are set:
	 * return it, and nothing has been submitted); FORMY_E_CANCELLED when the task is to stop or
	 * is not this worker's any more; FORMY_E_PARAMS when it is longer than FORMY_MEMO_LIMIT or
	 * no UTF-8. */
	formy_status (*set)(formy_task *task, const char *text);
} formy_memo;

/* ---------------------------------------------------------------------------------- later --- */

#define FORMY_LATER_ID "formy.later/1"

/* "Not now" in its two forms. Neither spends one of the task's attempts. */
typedef struct formy_later {
	uint32_t size;
	uint32_t reserved;

	/* The service has no room for this task now: it comes back in so many seconds (1 to 3600),
	 * to whichever worker; to this engine if it has a memo, else maybe to the mode's fallback.
	 * Returns FORMY_E_BUSY: return that. code, message and details as in fail(). */
	formy_status (*retry_after)(formy_task *task, uint32_t seconds, const char *code,
		const char *message, const char *details);

	/* The engine cannot work for anybody: no server answers, the key is refused, the account is
	 * empty. The worker says so loudly, gives it no more tasks, and calls check() until that
	 * says otherwise. code: ENGINE_AUTH_FAILED, INSUFFICIENT_CREDITS, ... or NULL; reason: one
	 * sentence. Returns FORMY_E_BUSY: return that, and the task waits; or return what fail()
	 * gives, when it is not known what became of the task, and the task ends so. */
	formy_status (*down)(formy_task *task, const char *code, const char *reason);
} formy_later;

/* --------------------------------------------------------------------------------- places --- */

#define FORMY_PLACES_ID "formy.places/1"
#define FORMY_PLACES_LIMIT 256 /* places of one resource */

/* Places that all executors of this worker share which use the same engine: how many jobs a server
 * gets at once, by any of them. A process that ends, in whatever way, gives its places back; so
 * does the end of a task. */
typedef struct formy_places {
	uint32_t size;
	uint32_t reserved;

	/* Takes one of `limit` places of a resource, which is any name ("http://gpu1:8188"). 1 when
	 * this task has one now (or had one before), 0 when all are taken. Does not wait. */
	int32_t (*take)(formy_task *task, const char *resource, uint32_t limit);

	/* Gives it back; does nothing when this task has none. */
	void (*give)(formy_task *task, const char *resource);

	/* How many are taken, by whomever, as of now. */
	uint32_t (*taken)(formy_task *task, const char *resource);
} formy_places;

#ifdef __cplusplus
}
#endif

#endif
