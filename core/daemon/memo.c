#include "daemon/memo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/catalog.h"
#include "daemon/job.h"
#include "daemon/supervisor.h"
#include "task/queue.h"

/* A call under way. The place may have another job, or another process, when it is answered. */
struct keeping {
	struct supervisor *sup;
	struct place *place;
	uint64_t number;
	char token[IDENT_RANDOM_SIZE];
	char id[LIMIT_TASK_ID + 1];
};

static struct job *job_of(struct place *place)
{
	return place->slot.job;
}

static bool is_same(const struct keeping *keeping)
{
	const struct job *job = job_of(keeping->place);

	return job && keeping->place->memo_number == keeping->number &&
		strcmp(job->token, keeping->token) == 0 && strcmp(job->id, keeping->id) == 0;
}

static void answer(struct supervisor *sup, struct place *place, int result)
{
	slot_kept(&place->slot, place->memo_number, result, &sup->room);
	place->memo_number = 0;
}

static void on_kept(int result, const char *why, const struct queue_count_reply *reply, void *arg)
{
	struct keeping *keeping = arg;
	struct place *place = keeping->place;

	if (result != -ECANCELED && is_same(keeping)) {
		place->memo_sent = false;
		if (result == 0) {
			answer(keeping->sup, place, reply->count > 0 ? 0 : -ESTALE);
		} else {
			/* the next beat that is answered sends it again; the executor waits */
			log_warning("Redis did not take what an engine noted; it waits",
				LOG_S("task", keeping->id), LOG_S("why", why));
		}
	}
	free(keeping);
}

static void send_memo(struct supervisor *sup, struct place *place)
{
	struct keeping *keeping = calloc(1, sizeof(*keeping));
	const struct job *job = job_of(place);

	if (!keeping) {
		answer(sup, place, -ENOMEM);
		return;
	}
	keeping->sup = sup;
	keeping->place = place;
	keeping->number = place->memo_number;
	memcpy(keeping->token, job->token, sizeof(keeping->token));
	memcpy(keeping->id, job->id, sizeof(keeping->id));
	place->memo_sent =
		queue_memo(sup->queue, job->id, job->token, job->memo, on_kept, keeping) == 0;
	if (!place->memo_sent) {
		free(keeping);
	}
}

/* The engine's name stands before its words: another engine cannot read them. */
static int set_text(struct job *job, const char *text)
{
	struct buf whole = {0};

	if (text) {
		buf_printf(&whole, "%s %s", job_engine(job), text);
		(void)buf_cstr(&whole);
		if (buf_failed(&whole)) {
			buf_finish(&whole);
			return -ENOMEM;
		}
	}
	free(job->memo);
	job->memo = whole.data;
	return 0;
}

void memo_take(struct supervisor *sup, struct place *place, const struct msg_memo *memo)
{
	struct job *job = job_of(place);

	place->memo_number = memo->number;
	if (job->check || !job_engine(job) || (memo->text && strlen(memo->text) > LIMIT_MEMO)) {
		answer(sup, place, -EINVAL);
	} else if (set_text(job, memo->text) < 0) {
		answer(sup, place, -ENOMEM);
	} else {
		send_memo(sup, place);
	}
}

void memo_go_on(struct supervisor *sup)
{
	for (unsigned i = 0; i < sup->place_count; i++) {
		struct place *place = &sup->places[i];

		if (!job_of(place)) {
			place->memo_number = 0;
		} else if (place->memo_number > 0 && !place->memo_sent) {
			send_memo(sup, place);
		}
	}
}

bool memo_engine(const struct job *job, char engine[LIMIT_ENGINE_NAME + 1])
{
	size_t len = job->memo ? strcspn(job->memo, " ") : 0;

	if (len == 0 || len > LIMIT_ENGINE_NAME) {
		return false;
	}
	memcpy(engine, job->memo, len);
	engine[len] = '\0';
	return true;
}

const char *memo_text(const struct job *job)
{
	char wrote[LIMIT_ENGINE_NAME + 1];
	const char *engine = job_engine(job);

	if (!engine || !memo_engine(job, wrote) || strcmp(engine, wrote) != 0 ||
		job->memo[strlen(wrote)] != ' ') {
		return NULL;
	}
	return job->memo + strlen(wrote) + 1;
}
