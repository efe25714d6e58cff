#include "executor/progress.h"

#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "executor/speak.h"
#include "executor/text.h"
#include "wire/msg.h"

#define INTERVAL_MS 100
#define WHOLE 1000

int progress_init(struct progress *progress, int channel)
{
	*progress = (struct progress){.channel = channel, .to = WHOLE};
	return -pthread_mutex_init(&progress->lock, NULL);
}

void progress_finish(struct progress *progress)
{
	(void)pthread_mutex_destroy(&progress->lock);
}

void progress_begin(struct progress *progress, uint64_t job)
{
	(void)pthread_mutex_lock(&progress->lock);
	progress->job = job;
	progress->sent_ms = 0;
	progress->permille = 0;
	progress->sent_permille = 0;
	progress->from = 0;
	progress->to = WHOLE;
	progress->part = MSG_PART_MODE;
	progress->step[0] = '\0';
	progress->sent_step[0] = '\0';
	(void)pthread_mutex_unlock(&progress->lock);
}

void progress_map(struct progress *progress, uint32_t from, uint32_t to)
{
	(void)pthread_mutex_lock(&progress->lock);
	progress->to = to < WHOLE ? to : WHOLE;
	progress->from = from < progress->to ? from : progress->to;
	(void)pthread_mutex_unlock(&progress->lock);
}

/* With the lock held. */
static bool is_due(const struct progress *progress, uint64_t now)
{
	if (progress->permille == progress->sent_permille &&
		strcmp(progress->step, progress->sent_step) == 0) {
		return false;
	}
	return progress->sent_ms == 0 || now - progress->sent_ms >= INTERVAL_MS;
}

/* With the lock held. */
static int send(struct progress *progress)
{
	struct msg msg = {.type = MSG_PROGRESS};

	msg.progress = (struct msg_progress){
		.job = progress->job,
		.permille = progress->permille,
		.step = progress->step[0] ? progress->step : NULL,
		.part = progress->part,
	};
	return speak(progress->channel, &msg);
}

void progress_enter(struct progress *progress, uint32_t part)
{
	(void)pthread_mutex_lock(&progress->lock);
	progress->part = part;
	if (progress->job != 0) {
		/* what is due as a report is due all the same */
		(void)send(progress);
	}
	(void)pthread_mutex_unlock(&progress->lock);
}

void progress_report(struct progress *progress, int32_t permille, const char *step)
{
	uint32_t part = permille < 0 ? 0 : permille > WHOLE ? WHOLE : (uint32_t)permille;
	uint64_t now = clock_mono_ms();
	uint32_t whole;

	(void)pthread_mutex_lock(&progress->lock);
	whole = progress->from + part * (progress->to - progress->from) / WHOLE;
	if (whole > progress->permille) {
		progress->permille = whole;
	}
	if (step) {
		text_clean(progress->step, sizeof(progress->step), step);
	}
	if (progress->job != 0 && is_due(progress, now) && send(progress) == 0) {
		progress->sent_ms = now;
		progress->sent_permille = progress->permille;
		memcpy(progress->sent_step, progress->step, sizeof(progress->step));
	}
	(void)pthread_mutex_unlock(&progress->lock);
}
