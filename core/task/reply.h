/* The elements of what a script returned, each looked at before it is believed. */
#ifndef FORMY_TASK_REPLY_H
#define FORMY_TASK_REPLY_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>

/* Nothing is a list of none. */
static inline bool reply_is_list(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_ARRAY || reply->type == REDIS_REPLY_NIL;
}

/* A list of at least so many elements. */
static inline bool reply_has(const redisReply *reply, size_t elements)
{
	return reply_is_list(reply) && reply->elements >= elements;
}

/* NULL when it is not a text. */
static inline const char *reply_text(const redisReply *list, size_t index)
{
	const redisReply *reply = list->element[index];

	return reply->type == REDIS_REPLY_STRING ? reply->str : NULL;
}

/* 0 when it is not a number. */
static inline long long reply_number(const redisReply *list, size_t index)
{
	const redisReply *reply = list->element[index];

	return reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;
}

#endif
