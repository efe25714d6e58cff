#include "client/missed.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "client/event.h"
#include "redis/conn.h"
#include "task/keys.h"

int missed_now(struct redis_conn *conn, struct err *err, int64_t *ret_wall_us)
{
	const struct str argv[] = {STR("TIME")};
	redisReply *reply = NULL;
	int result = redis_conn_command(conn, argv, 1, err, &reply);

	if (result < 0) {
		return result;
	}
	if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 && reply->element[0]->str &&
		reply->element[1]->str) {
		*ret_wall_us = strtoll(reply->element[0]->str, NULL, 10) * 1000000 +
			strtoll(reply->element[1]->str, NULL, 10);
	} else {
		result = err_set(err, -EPROTO, "Redis sent a time that cannot be read");
	}
	freeReplyObject(reply);
	return result;
}

/* Takes over the events of one message that are newer. */
static int add_message(const redisReply *text, int64_t since_us, struct json_object *to)
{
	struct json_object *events = NULL;
	int result = event_parse(text->str, text->len, &events);

	if (result == -EPROTO) {
		return 0;
	}
	for (size_t i = 0; result == 0 && i < json_object_array_length(events); i++) {
		struct json_object *one = json_object_array_get_idx(events, i);
		formy_event event;

		result = event_read(one, &event);
		if (result == 0 && event.time_us > since_us &&
			json_object_array_add(to, json_object_get(one)) < 0) {
			json_object_put(one);
			result = -ENOMEM;
		}
		result = result == -EPROTO ? 0 : result;
	}
	json_object_put(events);
	return result;
}

/* An entry is its id and the row of its fields and values. */
static int add_entry(const redisReply *entry, int64_t since_us, struct json_object *to)
{
	const redisReply *fields;
	int result = 0;

	if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2) {
		return 0;
	}
	fields = entry->element[1];
	for (size_t i = 0;
		result == 0 && fields->type == REDIS_REPLY_ARRAY && i + 1 < fields->elements;
		i += 2) {
		const redisReply *name = fields->element[i];

		if (name->type == REDIS_REPLY_STRING && strcmp(name->str, "events") == 0 &&
			fields->element[i + 1]->type == REDIS_REPLY_STRING) {
			result = add_message(fields->element[i + 1], since_us, to);
		}
	}
	return result;
}

int missed_read(struct redis_conn *conn, const struct task_keys *keys, int64_t since_us,
	struct err *err, struct json_object **ret_events)
{
	char from[32];
	struct str argv[] = {
		STR("XRANGE"), keys->names[TASK_KEY_EVENTS_STREAM], {from, 0}, STR("+")};
	struct json_object *events = NULL;
	redisReply *reply = NULL;
	int result;

	(void)snprintf(from, sizeof(from), "%" PRId64, since_us / 1000);
	argv[2].len = strlen(from);
	result = redis_conn_command(conn, argv, 4, err, &reply);
	if (result < 0) {
		return result;
	}
	events = json_object_new_array();
	result = events ? 0 : -ENOMEM;
	for (size_t i = 0; result == 0 && i < reply->elements; i++) {
		result = add_entry(reply->element[i], since_us, events);
	}
	freeReplyObject(reply);
	if (result < 0) {
		json_object_put(events);
		return err_set(err, result, "out of memory");
	}
	*ret_events = events;
	return 0;
}
