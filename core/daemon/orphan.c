#include "daemon/orphan.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/catalog.h"
#include "daemon/memo.h"
#include "daemon/results.h"
#include "daemon/supervisor.h"
#include "formy/plugin.h"
#include "task/outcome.h"

#define AGAIN_MS 5000 /* until the next worker may look */
#define GAP_MS 60000  /* it is met so often at least, while it is nobody's */

uint64_t orphans_meet(struct orphans *orphans, const char *id, uint64_t now_ms, uint64_t gap_ms)
{
	struct orphan *oldest = &orphans->items[0];

	for (size_t i = 0; i < ORPHANS; i++) {
		struct orphan *one = &orphans->items[i];

		if (one->last_ms > 0 && strcmp(one->id, id) == 0) {
			if (now_ms - one->last_ms > gap_ms) {
				one->first_ms = now_ms;
			}
			one->last_ms = now_ms;
			return one->first_ms;
		}
		if (one->last_ms < oldest->last_ms) {
			oldest = one;
		}
	}
	(void)text_copy(oldest->id, sizeof(oldest->id), id);
	oldest->first_ms = now_ms;
	oldest->last_ms = now_ms;
	return now_ms;
}

void orphans_forget(struct orphans *orphans, const char *id)
{
	for (size_t i = 0; i < ORPHANS; i++) {
		if (strcmp(orphans->items[i].id, id) == 0) {
			orphans->items[i] = (struct orphan){0};
		}
	}
}

void orphan_take(struct supervisor *sup, struct job *job)
{
	const uint64_t now = clock_mono_ms();
	const uint64_t most = (uint64_t)job->mode->config->timeout_ms;
	const uint64_t waited = now - orphans_meet(&sup->orphans, job->id, now, GAP_MS);
	char engine[LIMIT_ENGINE_NAME + 1];
	char message[LIMIT_ERROR_MESSAGE + 1];
	const struct outcome outcome = {
		.status = FORMY_E_ENGINE,
		.code = "ENGINE_NOT_AVAILABLE",
		.message = message,
		.details = job->memo,
	};

	if (waited < most) {
		results_put_off(sup, job, most - waited < AGAIN_MS ? most - waited : AGAIN_MS,
			"an engine has it that its mode has not here");
		return;
	}
	orphans_forget(&sup->orphans, job->id);
	(void)memo_engine(job, engine);
	(void)snprintf(message, sizeof(message),
		"The engine \"%s\" was given this task, and mode %s does not have that engine any "
		"more. Retried, the task is run anew.",
		engine, job->mode->name);
	results_fail(sup, job, &outcome, false);
}
