/* What the worker's scripts return, made into the structs of queue.h.
 *
 * The strings stay in the reply; the arrays are freed by the finish function. Every decoder gives
 * 0, -ENOMEM, or -EPROTO for a reply that the scripts do not make. */
#ifndef FORMY_TASK_QUEUE_REPLY_H
#define FORMY_TASK_QUEUE_REPLY_H

#include "task/queue.h"

struct redisReply;

/* order: where each of the outcomes that the turn carried stood before, as they were sent. */
int queue_reply_turn(const struct redisReply *reply, const unsigned char *order,
	size_t outcome_count, struct queue_turn_reply *ret_turn);

/* Of what a wait claimed: a turn without outcomes. */
int queue_reply_take(const struct redisReply *reply, struct queue_turn_reply *ret_turn);

/* For both. */
void queue_reply_turn_finish(struct queue_turn_reply *turn);

/* A list of what, code or "", and text, for the replies that have one. */
int queue_reply_problems(const struct redisReply *list, const struct queue_problem **ret_problems,
	size_t *ret_count);

int queue_reply_beat(const struct redisReply *reply, struct queue_beat_reply *ret_beat);
void queue_reply_beat_finish(struct queue_beat_reply *beat);

int queue_reply_clean(const struct redisReply *reply, struct queue_clean_reply *ret_clean);
void queue_reply_clean_finish(struct queue_clean_reply *clean);

int queue_reply_count(const struct redisReply *reply, struct queue_count_reply *ret_count);

#endif
