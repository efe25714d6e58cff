/* How a task ends badly: the one place where a status becomes what Redis and people see.
 *
 * A formy_status (formy/plugin.h) says which kind of failure it is; the code, the message and the
 * details are the contract's. Strings are borrowed. */
#ifndef FORMY_TASK_OUTCOME_H
#define FORMY_TASK_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct json_object;

struct outcome {
	int32_t status;      /* FORMY_E_*; a number of a class unknown here counts as -302 */
	const char *code;    /* NULL or not the contract's: the one that goes with the status */
	const char *message; /* NULL: a sentence that goes with the status */
	const char *details; /* NULL: none */
	struct json_object *context; /* an object with the same facts for programs, or NULL */
};

/* One of the contract's error codes (section 4)? */
bool outcome_is_code(const char *text);

/* The contract's codes, one after another; NULL past the last. */
const char *outcome_code_at(unsigned index);

/* The code that a failure is reported with, and the words for one that came without. */
const char *outcome_code(const struct outcome *outcome);
const char *outcome_message(const struct outcome *outcome);

/* True when the same task may well succeed later: class -2xx. */
bool outcome_is_passing(int32_t status);

/* Milliseconds until attempt + 1: `delay_ms` doubled with every attempt made (the first is 1), at
 * most an hour, plus or minus a quarter by `chance` (any number). */
uint32_t outcome_retry_delay_ms(uint32_t delay_ms, unsigned attempt, uint32_t chance);

/* Appends the hash field `error`; message and details are cut to their limits at the border of a
 * character, and made valid UTF-8. Check buf_failed(). */
void outcome_add_error(struct buf *out, const struct outcome *outcome);

#endif
