#include "task/queue_reply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "task/reply.h"

int queue_reply_problems(
	const struct redisReply *list, const struct queue_problem **ret_problems, size_t *ret_count)
{
	struct queue_problem *problems = calloc(list->elements + 1, sizeof(*problems));

	if (!problems) {
		return -ENOMEM;
	}
	*ret_problems = problems;
	for (size_t i = 0; i < list->elements; i++) {
		const redisReply *row = list->element[i];
		const char *code;

		if (!reply_has(row, 3) || !reply_text(row, 0) || !reply_text(row, 2)) {
			return -EPROTO;
		}
		code = reply_text(row, 1);
		problems[i].what = reply_text(row, 0);
		problems[i].code = code && code[0] != '\0' ? code : NULL;
		problems[i].text = reply_text(row, 2);
		*ret_count = i + 1;
	}
	return 0;
}

static int read_lost(const redisReply *row, struct queue_lost *lost)
{
	const char *loss;

	if (!reply_has(row, 3) || !reply_text(row, 0) || !reply_text(row, 1) ||
		!reply_text(row, 2)) {
		return -EPROTO;
	}
	lost->id = reply_text(row, 0);
	lost->token = reply_text(row, 1);
	loss = reply_text(row, 2);
	lost->loss = QUEUE_LOST_TAKEN;
	if (strcmp(loss, "cancelled") == 0) {
		lost->loss = QUEUE_LOST_CANCELLED;
	} else if (strcmp(loss, "gone") == 0) {
		lost->loss = QUEUE_LOST_GONE;
	}
	return 0;
}

int queue_reply_beat(const struct redisReply *reply, struct queue_beat_reply *ret_beat)
{
	struct queue_beat_reply beat = {0};
	struct queue_lost *lost;
	long long due_ms;
	int result;

	if (!reply_has(reply, 5) || !reply_is_list(reply->element[0]) ||
		!reply_is_list(reply->element[4])) {
		return -EPROTO;
	}
	result = queue_reply_problems(reply->element[4], &beat.problems, &beat.problem_count);
	if (result < 0) {
		queue_reply_beat_finish(&beat);
		return result;
	}
	lost = calloc(reply->element[0]->elements + 1, sizeof(*lost));
	if (!lost) {
		queue_reply_beat_finish(&beat);
		return -ENOMEM;
	}
	beat.lost = lost;
	for (; beat.lost_count < reply->element[0]->elements; beat.lost_count++) {
		result = read_lost(
			reply->element[0]->element[beat.lost_count], &lost[beat.lost_count]);

		if (result < 0) {
			queue_reply_beat_finish(&beat);
			return result;
		}
	}
	due_ms = reply_number(reply, 3);
	beat.promoted = (unsigned)reply_number(reply, 1);
	beat.waiting = (unsigned)reply_number(reply, 2);
	beat.next_due_ms = due_ms > 0 ? (uint64_t)due_ms : 0;
	*ret_beat = beat;
	return 0;
}

void queue_reply_beat_finish(struct queue_beat_reply *beat)
{
	free((void *)beat->lost);
	free((void *)beat->problems);
	*beat = (struct queue_beat_reply){0};
}

static int read_texts(const redisReply *list, const char *const **ret_texts, size_t *ret_count)
{
	const char **texts = calloc(list->elements + 1, sizeof(*texts));

	if (!texts) {
		return -ENOMEM;
	}
	*ret_texts = texts;
	for (size_t i = 0; i < list->elements; i++) {
		texts[i] = reply_text(list, i);
		if (!texts[i]) {
			return -EPROTO;
		}
	}
	*ret_count = list->elements;
	return 0;
}

int queue_reply_clean(const struct redisReply *reply, struct queue_clean_reply *ret_clean)
{
	struct queue_clean_reply clean = {0};
	int result;

	if (!reply_has(reply, 5) || !reply_is_list(reply->element[1]) || !reply_text(reply, 3) ||
		!reply_is_list(reply->element[4])) {
		return -EPROTO;
	}
	clean.mine = reply_number(reply, 0) == 1;
	clean.offset = reply_number(reply, 2);
	clean.cursor = reply_text(reply, 3);
	result = read_texts(reply->element[1], &clean.gone, &clean.gone_count);
	if (result == 0) {
		result = read_texts(reply->element[4], &clean.needed, &clean.needed_count);
	}
	if (result < 0) {
		queue_reply_clean_finish(&clean);
		return result;
	}
	*ret_clean = clean;
	return 0;
}

void queue_reply_clean_finish(struct queue_clean_reply *clean)
{
	free((void *)clean->gone);
	free((void *)clean->needed);
	*clean = (struct queue_clean_reply){0};
}

int queue_reply_count(const struct redisReply *reply, struct queue_count_reply *ret_count)
{
	struct queue_count_reply count = {0};

	if (reply->type == REDIS_REPLY_INTEGER) {
		count.count = (unsigned)reply->integer;
	} else if (reply_has(reply, 4)) {
		count.count = (unsigned)reply_number(reply, 0);
		count.failed = (unsigned)reply_number(reply, 1);
		count.workers = (unsigned)reply_number(reply, 2);
		count.more = reply_number(reply, 3) != 0;
	} else {
		return -EPROTO;
	}
	*ret_count = count;
	return 0;
}
