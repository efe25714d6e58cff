#include <errno.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "redis/explain.h"
#include "redis/link_private.h"
#include "redis/script.h"

/* One command that waits for its answer. */
struct call {
	struct link *link;
	link_reply_fn *cb;
	void *arg;
	const struct script *script; /* the command is EVALSHA and may be repeated as EVAL */
	char *command;               /* as sent */
	size_t len;
};

static void on_answer(redisAsyncContext *context, void *answer, void *arg);

static int call_send(struct call *call)
{
	struct link *link = call->link;

	if (redisAsyncFormattedCommand(link->context, on_answer, call, call->command, call->len) !=
		REDIS_OK) {
		return -ENOMEM;
	}
	if (link->pending++ == 0) {
		link->heard_ms = uv_now(link->loop);
	}
	return 0;
}

static void call_free(struct call *call)
{
	free(call->command);
	free(call);
}

/* "<kind><count>\r\n". hiredis' own function for commands takes a printf for each word, which was a
 * third of what an idle supervisor executed for a task. */
static void add_count(struct buf *out, char kind, size_t count)
{
	char text[TEXT_NUMBER_SIZE + 3];
	size_t len = text_number(text + 1, (int64_t)count) + 1;

	text[0] = kind;
	text[len++] = '\r';
	text[len++] = '\n';
	buf_add(out, text, len);
}

static void add_words(struct buf *out, const struct str *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		add_count(out, '$', words[i].len);
		buf_add(out, words[i].data, words[i].len);
		buf_add(out, "\r\n", 2);
	}
}

/* Sends EVALSHA again as EVAL: the same keys and arguments behind another beginning. */
static int call_repeat(struct call *call)
{
	const struct str head[] = {STR("EVAL"), {call->script->text, call->script->len}};
	struct buf text = {0};
	const char *rest = call->command;
	int result;

	for (int line = 0; line < 5; line++) {
		rest = memchr(rest, '\n', call->len - (size_t)(rest - call->command));
		rest++;
	}
	buf_add(&text, call->command, strcspn(call->command, "\n") + 1);
	add_words(&text, head, 2);
	buf_add(&text, rest, call->len - (size_t)(rest - call->command));
	if (buf_failed(&text)) {
		buf_finish(&text);
		return -ENOMEM;
	}
	call->script = NULL;
	result = redisAsyncFormattedCommand(
			 call->link->context, on_answer, call, text.data, text.len) == REDIS_OK
		? 0
		: -ENOTCONN;
	buf_finish(&text);
	if (result == 0) {
		call->link->pending++;
	}
	return result;
}

static void on_answer(redisAsyncContext *context, void *answer, void *arg)
{
	struct call *call = arg;
	struct link *link = call->link;
	const redisReply *reply = answer;

	(void)context;
	link->pending--;
	if (!reply && link->state == LINK_UP) {
		link->state = LINK_GOING;
	}
	link->heard_ms = uv_now(link->loop);
	if (link->state == LINK_UP && link->pending == 0 && uv_timer_get_repeat(&link->timer) > 0) {
		link_watch(link);
	}
	if (reply && call->script && reply->type == REDIS_REPLY_ERROR &&
		strncmp(reply->str, "NOSCRIPT", 8) == 0) {
		if (link->state == LINK_UP && call_repeat(call) == 0) {
			return;
		}
		reply = NULL;
	}
	if (reply && reply->type == REDIS_REPLY_ERROR && (link->flags & LINK_WRITES) &&
		redis_says_replica(reply->str, reply->len)) {
		struct err why;

		(void)redis_explain_replica(&why, link->where);
		link_reset(link, why.text);
		reply = NULL;
	}
	if (call->cb) {
		call->cb(link, reply, call->arg);
	}
	call_free(call);
}

/* Takes over command. */
static int link_send(struct link *link, const struct script *script, struct buf *command,
	link_reply_fn *cb, void *arg)
{
	struct call *call = buf_failed(command) ? NULL : malloc(sizeof(*call));
	int result;

	if (!call) {
		buf_finish(command);
		return -ENOMEM;
	}
	*call = (struct call){link, cb, arg, script, command->data, command->len};
	result = call_send(call);
	if (result < 0) {
		call_free(call);
	}
	return result;
}

static bool may_send(const struct link *link)
{
	return link->state == LINK_UP && link->channel_count == 0;
}

int link_command(
	struct link *link, const struct str *argv, size_t argc, link_reply_fn *cb, void *arg)
{
	struct buf command = {0};

	if (!may_send(link)) {
		return -ENOTCONN;
	}
	add_count(&command, '*', argc);
	add_words(&command, argv, argc);
	return link_send(link, NULL, &command, cb, arg);
}

int link_call_script(struct link *link, const struct script *script, const struct str *keys,
	size_t key_count, const struct str *args, size_t arg_count, link_reply_fn *cb, void *arg)
{
	const struct str head[] = {STR("EVALSHA"), str_of(script->sha1)};
	char number[TEXT_NUMBER_SIZE];
	const struct str count = {number, text_number(number, (int64_t)key_count)};
	struct buf command = {0};

	if (!may_send(link)) {
		return -ENOTCONN;
	}
	add_count(&command, '*', 3 + key_count + arg_count);
	add_words(&command, head, 2);
	add_words(&command, &count, 1);
	add_words(&command, keys, key_count);
	add_words(&command, args, arg_count);
	return link_send(link, script, &command, cb, arg);
}
