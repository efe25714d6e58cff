#include "daemon/claimer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "daemon/connect.h"
#include "daemon/dispatch.h"
#include "daemon/leave.h"
#include "daemon/results.h"
#include "daemon/room.h"
#include "daemon/supervisor.h"
#include "redis/link.h"

#define PAUSE_MS 1000
#define STOP_WAIT_MS 4000 /* for a wait to end that was told to */
#define CALLS_IN_FLIGHT 2
#define GATHER_MS 2 /* that an outcome waits for others at most */

/* One script call under way: what it carries, so that nothing of it is lost with the answer. */
struct turn {
	struct supervisor *sup;
	struct job *jobs[LIMIT_BATCH];
	size_t job_count;
	unsigned want;
	bool is_wait;
	uint64_t sent_ms;
	char token[IDENT_RANDOM_SIZE];
};

static void take_tasks(struct turn *turn, const struct queue_turn_reply *reply)
{
	for (size_t i = 0; i < reply->task_count; i++) {
		dispatch_accept(turn->sup, &reply->tasks[i], turn->token);
	}
}

void claimer_report(const struct queue_problem *problems, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct queue_problem *problem = &problems[i];

		log_warning(
			problem->text, LOG_S("what", problem->what), LOG_S("code", problem->code));
	}
}

static void put_outcomes_back(struct turn *turn)
{
	while (turn->job_count > 0) {
		job_list_push_front(&turn->sup->ended, turn->jobs[--turn->job_count]);
	}
}

/* What a turn with a lost answer claimed is given back when Redis is there again. Out of memory it
 * comes back by its lease. */
static void remember_token(struct supervisor *sup, const char *token)
{
	size_t count = sup->lost_token_count;
	char **tokens = realloc(sup->lost_tokens, (count + 1) * sizeof(*tokens));
	char *copy = strdup(token);

	if (tokens) {
		sup->lost_tokens = tokens;
	}
	if (!tokens || !copy) {
		free(copy);
		return;
	}
	tokens[count] = copy;
	sup->lost_token_count++;
}

static void on_failed_turn(struct turn *turn, int result, const char *why)
{
	struct supervisor *sup = turn->sup;

	put_outcomes_back(turn);
	if (turn->want > 0 && result == -ECONNRESET) {
		remember_token(sup, turn->token);
	}
	if (result != -ECONNRESET && result != -ECANCELED && result != -ENOTCONN) {
		connect_refused(sup, why);
		sup->pause_until_ms = clock_mono_ms() + PAUSE_MS;
	}
	sup->hungry = true;
}

static void on_turn(int result, const char *why, const struct queue_turn_reply *reply, void *arg)
{
	struct turn *turn = arg;
	struct supervisor *sup = turn->sup;

	sup->asked -= turn->want;
	if (turn->is_wait) {
		sup->waiting = false;
		sup->stopping_wait = false;
	} else {
		sup->turns_in_flight--;
	}
	if (result < 0) {
		on_failed_turn(turn, result, why);
	} else {
		connect_accepted(sup);
		for (size_t i = 0; i < turn->job_count; i++) {
			results_written(sup, turn->jobs[i], &reply->answers[i], turn->sent_ms);
		}
		take_tasks(turn, reply);
		claimer_report(reply->problems, reply->problem_count);
		/* a wake-up that came meanwhile still counts */
		sup->hungry = sup->hungry || reply->waiting > 0;
	}
	free(turn);
	leave_check(sup);
}

static struct turn *new_turn(struct supervisor *sup, unsigned want, bool is_wait)
{
	struct turn *turn = calloc(1, sizeof(*turn));

	if (turn) {
		turn->sup = sup;
		turn->want = want;
		turn->is_wait = is_wait;
		turn->sent_ms = clock_mono_ms();
		ident_random(turn->token);
	}
	return turn;
}

static void describe(struct job *job, struct queue_outcome *ret_outcome)
{
	*ret_outcome = (struct queue_outcome){
		.id = job->id,
		.token = job->token,
		.created_ms = job->created_ms,
		.attempt = job->attempt,
		.verdict = job->verdict,
		.json = job->json.len > 0 ? buf_cstr(&job->json) : NULL,
		.retry_delay_ms = job->retry_delay_ms,
		.processing_us = job->processing_us,
		.told_step = job->step[0] != '\0' || job->spooled,
	};
}

/* Writes up to a batch of ended jobs and asks for tasks. */
static void send_turn(struct supervisor *sup, unsigned want)
{
	struct queue_outcome outcomes[LIMIT_BATCH];
	struct queue_mode modes[LIMIT_MODES];
	struct turn *turn = new_turn(sup, want, false);
	struct queue_turn call = {.outcomes = outcomes, .modes = modes, .want = want};
	int result;

	if (!turn) {
		return;
	}
	while (turn->job_count < LIMIT_BATCH && sup->ended.count > 0) {
		struct job *job = job_list_first(&sup->ended);

		job_list_remove(&sup->ended, job);
		describe(job, &outcomes[turn->job_count]);
		turn->jobs[turn->job_count++] = job;
	}
	call.outcome_count = turn->job_count;
	call.mode_count = room_modes(sup, want, modes);
	call.token = turn->token;
	result = queue_turn(sup->queue, &call, on_turn, turn);
	if (result < 0) {
		put_outcomes_back(turn);
		free(turn);
		return;
	}
	sup->turns_in_flight++;
	sup->asked += want;
	sup->hungry = false;
}

static void send_wait(struct supervisor *sup)
{
	struct queue_mode modes[LIMIT_MODES];
	struct turn *turn = new_turn(sup, 1, true);
	struct queue_turn call = {.modes = modes, .want = 1};

	if (!turn) {
		return;
	}
	call.mode_count = room_modes(sup, 1, modes);
	call.token = turn->token;
	if (queue_wait(sup->queue, sup->waiting_link, &call, on_turn, turn) < 0) {
		free(turn);
		return;
	}
	sup->waiting = true;
	sup->wait_ms = clock_mono_ms();
	sup->asked++;
}

static void stop_wait(struct supervisor *sup)
{
	if (sup->waiting && !sup->stopping_wait) {
		sup->stopping_wait = queue_stop_waiting(sup->queue, sup->waiting_link) == 0;
		sup->stop_wait_ms = clock_mono_ms();
	}
}

/* Half open: nobody at the other end hears us. */
static void watch_wait(struct supervisor *sup)
{
	uint64_t now = clock_mono_ms();

	if (sup->waiting &&
		(now - sup->wait_ms > QUEUE_WAIT_S * 1000 + STOP_WAIT_MS ||
			(sup->stopping_wait && now - sup->stop_wait_ms > STOP_WAIT_MS))) {
		link_reset(sup->waiting_link, "the waiting connection to Redis does not answer");
	}
}

static bool may_call(const struct supervisor *sup)
{
	if (!sup->registered || !link_is_up(sup->link) || clock_mono_ms() < sup->pause_until_ms) {
		return false;
	}
	if (sup->turns_in_flight == 0) {
		return true;
	}
	return sup->turns_in_flight < CALLS_IN_FLIGHT && sup->ended.count >= LIMIT_BATCH;
}

static void on_gathered(uv_timer_t *timer)
{
	struct supervisor *sup = timer->data;

	sup->gathered = true;
}

/* While the executors have work in hand, outcomes gather to a batch: a call of few tasks costs Redis
 * nearly as much as one of many. */
static bool is_gathering(struct supervisor *sup)
{
	size_t ended = sup->ended.count;
	bool gathers = sup->phase == PHASE_SERVING && ended > 0 && ended < LIMIT_BATCH &&
		ended + room_count_waiting(sup) >= LIMIT_BATCH && !sup->gathered;

	if (!gathers) {
		sup->gathered = false;
		(void)uv_timer_stop(&sup->gather);
	} else if (!uv_is_active((uv_handle_t *)&sup->gather)) {
		(void)uv_timer_start(&sup->gather, on_gathered, GATHER_MS, 0);
	}
	return gathers;
}

void claimer_turn(struct supervisor *sup)
{
	int spare = room_left(sup) - (int)sup->asked;
	unsigned want = spare > 0 ? room_want(sup, (unsigned)spare) : 0;

	/* without room another worker shall have what is pushed next; and a wait that holds the last
	 * place must not keep this worker from the other queues */
	watch_wait(sup);
	if (sup->waiting && (spare < 0 || (spare == 0 && sup->hungry))) {
		stop_wait(sup);
	}
	if (may_call(sup) && (sup->ended.count > 0 || (want > 0 && sup->hungry))) {
		if (!is_gathering(sup)) {
			send_turn(sup, want);
		}
	} else if (want > 0 && !sup->hungry && !sup->waiting && sup->registered &&
		link_is_up(sup->waiting_link) && sup->turns_in_flight == 0) {
		send_wait(sup);
	}
}

int claimer_init(struct supervisor *sup)
{
	sup->gather.data = sup;
	return uv_timer_init(sup->loop, &sup->gather);
}

void claimer_wake(struct supervisor *sup)
{
	sup->hungry = true;
}

void claimer_stop(struct supervisor *sup)
{
	stop_wait(sup);
}

bool claimer_is_quiet(const struct supervisor *sup)
{
	return sup->ended.count == 0 && sup->turns_in_flight == 0 && !sup->waiting;
}

static void on_returned(
	int result, const char *why, const struct queue_count_reply *reply, void *arg)
{
	struct supervisor *sup = arg;

	(void)why;
	if (result == 0 && reply->count > 0) {
		log_info("tasks given back whose claim was never heard of",
			LOG_I("tasks", reply->count));
	}
	sup->hungry = true;
}

void claimer_recover(struct supervisor *sup)
{
	while (sup->lost_token_count > 0) {
		char *token = sup->lost_tokens[sup->lost_token_count - 1];

		if (queue_release_token(sup->queue, token, on_returned, sup) < 0) {
			return;
		}
		free(token);
		sup->lost_token_count--;
	}
}
