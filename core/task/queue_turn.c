#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "redis/link.h"
#include "task/args.h"
#include "task/queue.h"
#include "task/queue_request.h"
#include "task/scripts.h"

#define CHECK_MS 1000

void queue_add_modes(struct args *args, const struct queue_mode *modes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		args_add_text(args, modes[i].name);
		args_add_number(args, modes[i].room);
		args_add_number(args, modes[i].limit);
	}
}

/* Nothing for a time that is not known. */
static void add_created(struct args *args, int64_t created_ms)
{
	if (created_ms > 0) {
		args_add_number(args, created_ms);
	} else {
		args_add_text(args, "");
	}
}

static void add_failure(struct args *args, const struct queue_outcome *outcome)
{
	static const char *const verdicts[] = {
		[QUEUE_FAILED] = "failed",
		[QUEUE_RETRY] = "retry",
		[QUEUE_LATER] = "later",
		[QUEUE_CRASHED] = "crashed",
		[QUEUE_CANCELLED] = "cancelled",
		[QUEUE_LEFT] = "left",
	};

	args_add_text(args, outcome->id);
	args_add_text(args, outcome->token);
	args_add_number(args, outcome->attempt);
	args_add_text(args, verdicts[outcome->verdict]);
	args_add_text(args, outcome->json);
	args_add_number(args, outcome->retry_delay_ms);
	args_add_seconds(args, outcome->processing_us);
	add_created(args, outcome->created_ms);
}

static bool same_token(const struct queue_outcome *a, const struct queue_outcome *b)
{
	return strcmp(a->token, b->token) == 0;
}

/* How many of the outcomes from the i-th on were claimed together. */
static size_t run_length(const struct queue_turn *turn, const unsigned char order[LIMIT_BATCH],
	size_t i, size_t done)
{
	size_t end = i + 1;

	while (end < done && same_token(&turn->outcomes[order[i]], &turn->outcomes[order[end]])) {
		end++;
	}
	return end - i;
}

static void add_tokens(struct args *args, const struct queue_turn *turn,
	const unsigned char order[LIMIT_BATCH], size_t done)
{
	size_t runs = 0;

	for (size_t i = 0; i < done; i += run_length(turn, order, i, done)) {
		runs++;
	}
	args_add_number(args, (int64_t)runs);
	for (size_t i = 0, count; i < done; i += count) {
		count = run_length(turn, order, i, done);
		args_add_text(args, turn->outcomes[order[i]].token);
		args_add_number(args, (int64_t)count);
	}
}

/* Successes go in columns, and what they have in common once: the script has less to do with them.
 * steps: room that lives until the script is sent. */
static void add_outcomes(struct args *args, const struct queue_turn *turn,
	const unsigned char order[LIMIT_BATCH], size_t done, char steps[LIMIT_BATCH + 1])
{
	for (size_t i = 0; i < done; i++) {
		args_add_text(args, turn->outcomes[order[i]].id);
	}
	add_tokens(args, turn, order, done);
	for (size_t i = 0; i < done; i++) {
		add_created(args, turn->outcomes[order[i]].created_ms);
	}
	for (size_t i = 0; i < done; i++) {
		args_add_seconds(args, turn->outcomes[order[i]].processing_us);
	}
	for (size_t i = 0; i < done; i++) {
		steps[i] = turn->outcomes[order[i]].told_step ? '1' : '0';
	}
	steps[done] = '\0';
	args_add_text(args, steps);
	for (size_t i = 0; i < done; i++) {
		args_add_text(args, turn->outcomes[order[i]].json);
	}
	for (size_t i = done; i < turn->outcome_count; i++) {
		add_failure(args, &turn->outcomes[order[i]]);
	}
}

/* The script takes successes first, those that were claimed together one after another: order[i] is
 * the index of the i-th that it gets. Returns how many they are. */
static size_t put_done_first(const struct queue_turn *turn, unsigned char order[LIMIT_BATCH])
{
	bool taken[LIMIT_BATCH] = {false};
	size_t count = 0;
	size_t done;

	for (size_t i = 0; i < turn->outcome_count; i++) {
		const struct queue_outcome *first = &turn->outcomes[i];

		for (size_t k = i;
			first->verdict == QUEUE_DONE && !taken[i] && k < turn->outcome_count; k++) {
			const struct queue_outcome *other = &turn->outcomes[k];

			if (other->verdict == QUEUE_DONE && same_token(first, other)) {
				taken[k] = k > i;
				order[count++] = (unsigned char)k;
			}
		}
	}
	done = count;
	for (size_t i = 0; i < turn->outcome_count; i++) {
		if (turn->outcomes[i].verdict != QUEUE_DONE) {
			order[count++] = (unsigned char)i;
		}
	}
	return done;
}

/* Once in a while a turn begins with a look at all keys. A key that is broken in between fails a
 * turn half-way, and the next one looks: what such a turn claimed comes back by its lease. */
static bool is_check_due(struct queue *queue)
{
	uint64_t now = clock_mono_ms();
	bool due = queue->checked_ms == 0 || now - queue->checked_ms >= CHECK_MS;

	if (due) {
		queue->checked_ms = now;
	}
	return due;
}

int queue_turn(struct queue *queue, const struct queue_turn *turn, queue_turn_fn *cb, void *arg)
{
	struct queue_request request = {
		.kind = REQUEST_TURN,
		.cb.turn = cb,
		.arg = arg,
		.outcome_count = turn->outcome_count,
	};
	char steps[LIMIT_BATCH + 1];
	struct args args;
	size_t done;
	int result;

	if (turn->outcome_count > LIMIT_BATCH || turn->want > LIMIT_BATCH) {
		return -EINVAL;
	}
	done = put_done_first(turn, request.order);
	result = args_init(&args, 16 + 3 * turn->mode_count + 8 * turn->outcome_count);
	if (result < 0) {
		return result;
	}
	args_add_text(&args, queue->worker);
	args_add_number(&args, queue->lease_ms);
	args_add_number(&args, queue->policy.retention_s);
	args_add_number(&args, turn->want);
	args_add_number(&args, is_check_due(queue));
	args_add_text(&args, turn->token);
	args_add_number(&args, LIMIT_TASK_DATA);
	args_add_number(&args, queue->policy.user_limit);
	args_add_number(&args, queue->policy.fair_share);
	args_add_number(&args, (int64_t)queue->claimed);
	args_add_number(&args, queue->policy.grace_ms);
	args_add_number(&args, (int64_t)turn->mode_count);
	args_add_number(&args, (int64_t)turn->outcome_count);
	args_add_number(&args, (int64_t)done);
	queue_add_modes(&args, turn->modes, turn->mode_count);
	add_outcomes(&args, turn, request.order, done, steps);
	result = queue_request_send(queue, &script_turn, &args, &request);
	args_finish(&args);
	return result;
}
