#include "task/queue_reply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "task/reply.h"

#define TASK_ELEMENTS 3 /* id, data, created_at */
#define KIND_ELEMENTS 3 /* how many tasks, counts, "<mode> <priority> <user>" */
#define CREATED_MAX_US INT64_C(10000000000000000) /* the indexes have 13 digits of ms */

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
		long long number = reply_number(list, i);
		const char *text = reply_text(list, i + 1);
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

/* "<mode> <priority> <user>", which is cut into these. */
static int read_group(char *text, struct queue_task *task)
{
	const char *priority;

	task->mode = next_word(&text);
	priority = next_word(&text);
	if (!task->mode || !priority || task_priority_parse(priority, &task->priority) < 0) {
		return -EPROTO;
	}
	task->user_id = text[0] != '\0' ? text : NULL;
	return 0;
}

/* What tasks that were claimed alike have in common. *ret_count: how many they are. */
static int read_kind(
	const redisReply *kinds, size_t at, size_t *ret_count, struct queue_task *ret_common)
{
	const char *counts;
	long long count;

	if (at + KIND_ELEMENTS > kinds->elements) {
		return -EPROTO;
	}
	count = reply_number(kinds, at);
	counts = reply_text(kinds, at + 1);
	if (count < 1 || !counts || !reply_text(kinds, at + 2) ||
		read_group(kinds->element[at + 2]->str, ret_common) < 0) {
		return -EPROTO;
	}
	*ret_count = (size_t)count;
	return read_counts(counts, ret_common);
}

static int read_task(const redisReply *list, size_t at, struct queue_task *task)
{
	int64_t created_us;

	task->id = reply_text(list, at);
	if (!task->id || !reply_text(list, at + 1) || !reply_text(list, at + 2)) {
		return -EPROTO;
	}
	if (clock_parse(reply_text(list, at + 2), &created_us) == 0 &&
		created_us < CREATED_MAX_US) {
		task->created_ms = created_us / 1000;
	}
	task->data = (struct str){list->element[at + 1]->str, list->element[at + 1]->len};
	return 0;
}

/* Numbers of tasks, from 1, each with its memo. */
static int read_memos(const redisReply *memos, size_t count, struct queue_task *tasks)
{
	for (size_t i = 0; i + 1 < memos->elements; i += 2) {
		long long number = reply_number(memos, i);

		if (number < 1 || (size_t)number > count || !reply_text(memos, i + 1)) {
			return -EPROTO;
		}
		tasks[number - 1].memo = reply_text(memos, i + 1);
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

int queue_reply_turn(const struct redisReply *reply, const unsigned char *order,
	size_t outcome_count, struct queue_turn_reply *ret_turn)
{
	struct queue_turn_reply turn = {0};
	int result;

	if (!reply_has(reply, 6) || !reply_is_list(reply->element[0]) ||
		!reply_is_list(reply->element[1]) || !reply_is_list(reply->element[2]) ||
		!reply_is_list(reply->element[4]) || !reply_is_list(reply->element[5])) {
		return -EPROTO;
	}
	result = read_answers(reply->element[0], order, outcome_count, &turn);
	if (result == 0) {
		result = read_tasks(reply->element[1], reply->element[5], reply->element[4], &turn);
	}
	if (result == 0) {
		result = queue_reply_problems(
			reply->element[2], &turn.problems, &turn.problem_count);
	}
	if (result < 0) {
		queue_reply_turn_finish(&turn);
		return result;
	}
	turn.waiting = (unsigned)reply_number(reply, 3);
	*ret_turn = turn;
	return 0;
}

int queue_reply_take(const struct redisReply *reply, struct queue_turn_reply *ret_turn)
{
	struct queue_turn_reply turn = {0};
	struct queue_task *task;
	int result;

	if (reply->type == REDIS_REPLY_NIL || reply->type == REDIS_REPLY_INTEGER) {
		turn.waiting = reply->type == REDIS_REPLY_INTEGER;
		*ret_turn = turn;
		return 0;
	}
	if (!reply_has(reply, TASK_ELEMENTS + 1) || !reply_text(reply, TASK_ELEMENTS)) {
		return -EPROTO;
	}
	task = calloc(1, sizeof(*task));
	if (!task) {
		return -ENOMEM;
	}
	*task = (struct queue_task){.attempt = 1, .tries = 1};
	turn.tasks = task;
	turn.task_count = 1;
	result = read_task(reply, 0, task);
	if (result == 0) {
		result = read_group(reply->element[TASK_ELEMENTS]->str, task);
	}
	if (result < 0) {
		queue_reply_turn_finish(&turn);
		return result;
	}
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
