/* formyd --check-engine: whether one engine of the configuration can work, for each mode that has it.
 * Needs no Redis and no running worker. */
#ifndef FORMY_DAEMON_ENGINE_CHECK_H
#define FORMY_DAEMON_ENGINE_CHECK_H

struct config;

/* Tries the engine and prints one JSON object to standard output:
 *	engine, type, file, line	which one it is
 *	ok				a mode has it, and it can work for all that have it
 *	modes		a list: mode, role (main, fallback, allowed, helper), result (trial_end_name(),
 *			or "unserved": the mode has no plugin), code, message, details, hint (what to
 *			do), report (what the check told), lines (what the plugin printed or warned
 *			of), ms
 *	not_enabled	modes that name it, and that no section enables
 * check_ms is how long a check may take. Takes over the configuration. Returns an exit code of
 * sysexits: EX_OK, EX_UNAVAILABLE when it is not ok, EX_USAGE when there is no such engine. */
int engine_check_run(struct config *config, const char *name, unsigned check_ms);

#endif
