#include "task/queue_reply.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define TASK_ELEMENTS 3 /* id, data, created_at */
#define KIND_ELEMENTS 3 /* how many tasks, counts, "<mode> <priority> <user>" */
#define CREATED_MAX_US INT64_C(10000000000000000) /* the indexes have 13 digits of ms */

static bool is_array(const redisReply *reply, size_t elements)
{
	return reply->type == REDIS_REPLY_ARRAY && reply->elements >= elements;
}

static bool is_list(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_ARRAY;
}

/* NULL when it is not a text. */
static const char *text_at(const redisReply *array, size_t index)
{
	const redisReply *reply = array->element[index];

	return reply->type == REDIS_REPLY_STRING ? reply->str : NULL;
}

static const char *text_or_null(const redisReply *array, size_t index)
{
	const char *text = text_at(array, index);

	return text && text[0] ? text : NULL;
}

static long long number_at(const redisReply *array, size_t index)
{
	const redisReply *reply = array->element[index];

	return reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;
}

/* The reply names only outcomes that were not written, by their numbers from 1. */
static int read_answers(const redisReply *list, const unsigned char *order, size_t count,
	struct queue_turn_reply *turn)
{
	static const char refused[] = "refused ";
	struct queue_answer *answers = calloc(count + 1, sizeof(*answers));

	if (!answers) {
		return -ENOMEM;
	}
	turn->answers = answers;
	turn->answer_count = count;
	for (size_t i = 0; i + 1 < list->elements; i += 2) {
		long long number = number_at(list, i);
		const char *text = text_at(list, i + 1);
		size_t at;

		if (!text || number < 1 || (size_t)number > count) {
			return -EPROTO;
		}
		at = order[number - 1];
		if (strcmp(text, "already") == 0) {
			answers[at].fate = QUEUE_ALREADY;
		} else if (strncmp(text, refused, sizeof(refused) - 1) == 0) {
			answers[at].fate = QUEUE_REFUSED;
			answers[at].reason = text + sizeof(refused) - 1;
		} else {
			return -EPROTO;
		}
	}
	return 0;
}

/* Cuts the first word off a text of the reply, which is ours to change. NULL: there is none. */
static char *next_word(char **text)
{
	char *word = *text;
	char *end = word ? strchr(word, ' ') : NULL;

	if (!end) {
		return NULL;
	}
	*end = '\0';
	*text = end + 1;
	return word;
}

/* "<attempt> <tries> <crashes>" */
static int read_counts(const char *text, struct queue_task *task)
{
	char *rest;

	task->attempt = (unsigned)strtoul(text, &rest, 10);
	task->tries = (unsigned)strtoul(rest, &rest, 10);
	task->crashes = (unsigned)strtoul(rest, &rest, 10);
	return *rest == '\0' ? 0 : -EPROTO;
}

/* What tasks that were claimed alike have in common. *ret_count: how many they are. */
static int read_kind(
	const redisReply *kinds, size_t at, size_t *ret_count, struct queue_task *ret_common)
{
	const char *counts;
	const char *priority;
	long long count;
	char *group;

	if (at + KIND_ELEMENTS > kinds->elements) {
		return -EPROTO;
	}
	count = number_at(kinds, at);
	counts = text_at(kinds, at + 1);
	group = text_at(kinds, at + 2) ? kinds->element[at + 2]->str : NULL;
	ret_common->mode = next_word(&group);
	priority = next_word(&group);
	if (count < 1 || !counts || !ret_common->mode || !priority ||
		task_priority_parse(priority, &ret_common->priority) < 0) {
		return -EPROTO;
	}
	ret_common->user_id = group[0] != '\0' ? group : NULL;
	*ret_count = (size_t)count;
	return read_counts(counts, ret_common);
}

static int read_task(const redisReply *list, size_t at, struct queue_task *task)
{
	int64_t created_us;

	task->id = text_at(list, at);
	if (!task->id || !text_at(list, at + 1) || !text_at(list, at + 2)) {
		return -EPROTO;
	}
	if (clock_parse(text_at(list, at + 2), &created_us) == 0 && created_us < CREATED_MAX_US) {
		task->created_ms = created_us / 1000;
	}
	task->data = (struct str){list->element[at + 1]->str, list->element[at + 1]->len};
	return 0;
}

/* Numbers of tasks, from 1, each with its memo. */
static int read_memos(const redisReply *memos, size_t count, struct queue_task *tasks)
{
	for (size_t i = 0; i + 1 < memos->elements; i += 2) {
		long long number = number_at(memos, i);

		if (number < 1 || (size_t)number > count || !text_at(memos, i + 1)) {
			return -EPROTO;
		}
		tasks[number - 1].memo = text_at(memos, i + 1);
	}
	return 0;
}

static int read_tasks(const redisReply *list, const redisReply *kinds, const redisReply *memos,
	struct queue_turn_reply *turn)
{
	size_t count = list->elements / TASK_ELEMENTS;
	struct queue_task *tasks = calloc(count + 1, sizeof(*tasks));
	struct queue_task common = {0};
	size_t alike = 0;

	if (!tasks) {
		return -ENOMEM;
	}
	turn->tasks = tasks;
	for (size_t i = 0, at = 0; i < count; i++, alike--) {
		int result = 0;

		if (alike == 0) {
			common = (struct queue_task){0};
			result = read_kind(kinds, at, &alike, &common);
			at += KIND_ELEMENTS;
		}
		tasks[i] = common;
		result = result < 0 ? result : read_task(list, TASK_ELEMENTS * i, &tasks[i]);
		if (result < 0) {
			return result;
		}
		turn->task_count++;
	}
	return read_memos(memos, count, tasks);
}

static int read_problems(
	const redisReply *list, const struct queue_problem **ret_problems, size_t *ret_count)
{
	struct queue_problem *problems = calloc(list->elements + 1, sizeof(*problems));

	if (!problems) {
		return -ENOMEM;
	}
	*ret_problems = problems;
	for (size_t i = 0; i < list->elements; i++) {
		const redisReply *row = list->element[i];

		if (!is_array(row, 3) || !text_at(row, 0) || !text_at(row, 2)) {
			return -EPROTO;
		}
		problems[i].what = text_at(row, 0);
		problems[i].code = text_or_null(row, 1);
		problems[i].text = text_at(row, 2);
		*ret_count = i + 1;
	}
	return 0;
}

int queue_reply_turn(const struct redisReply *reply, const unsigned char *order,
	size_t outcome_count, struct queue_turn_reply *ret_turn)
{
	struct queue_turn_reply turn = {0};
	int result;

	if (!is_array(reply, 6) || !is_list(reply->element[0]) || !is_list(reply->element[1]) ||
		!is_list(reply->element[2]) || !is_list(reply->element[4]) ||
		!is_list(reply->element[5])) {
		return -EPROTO;
	}
	result = read_answers(reply->element[0], order, outcome_count, &turn);
	if (result == 0) {
		result = read_tasks(reply->element[1], reply->element[5], reply->element[4], &turn);
	}
	if (result == 0) {
		result = read_problems(reply->element[2], &turn.problems, &turn.problem_count);
	}
	if (result < 0) {
		queue_reply_turn_finish(&turn);
		return result;
	}
	turn.waiting = (unsigned)number_at(reply, 3);
	*ret_turn = turn;
	return 0;
}

void queue_reply_turn_finish(struct queue_turn_reply *turn)
{
	free((void *)turn->answers);
	free((void *)turn->tasks);
	free((void *)turn->problems);
	*turn = (struct queue_turn_reply){0};
}

static int read_lost(const redisReply *row, struct queue_lost *lost)
{
	const char *loss;

	if (!is_array(row, 3) || !text_at(row, 0) || !text_at(row, 1) || !text_at(row, 2)) {
		return -EPROTO;
	}
	lost->id = text_at(row, 0);
	lost->token = text_at(row, 1);
	loss = text_at(row, 2);
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

	if (!is_array(reply, 5) || !is_list(reply->element[0]) || !is_list(reply->element[4])) {
		return -EPROTO;
	}
	result = read_problems(reply->element[4], &beat.problems, &beat.problem_count);
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
	due_ms = number_at(reply, 3);
	beat.promoted = (unsigned)number_at(reply, 1);
	beat.waiting = (unsigned)number_at(reply, 2);
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
		texts[i] = text_at(list, i);
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

	if (!is_array(reply, 5) || !is_list(reply->element[1]) || !text_at(reply, 3) ||
		!is_list(reply->element[4])) {
		return -EPROTO;
	}
	clean.mine = number_at(reply, 0) == 1;
	clean.offset = number_at(reply, 2);
	clean.cursor = text_at(reply, 3);
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
	} else if (is_array(reply, 4)) {
		count.count = (unsigned)number_at(reply, 0);
		count.failed = (unsigned)number_at(reply, 1);
		count.workers = (unsigned)number_at(reply, 2);
		count.more = number_at(reply, 3) != 0;
	} else {
		return -EPROTO;
	}
	*ret_count = count;
	return 0;
}
