#include <errno.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
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

/* Takes over command, which hiredis allocated. */
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
	if (call->command) {
		redisFreeCommand(call->command);
	}
	free(call);
}

/* Sends EVALSHA again as EVAL: the same keys and arguments behind another beginning. */
static int call_repeat(struct call *call)
{
	struct buf text = {0};
	const char *rest = call->command;
	size_t head = strcspn(call->command, "\n") + 1;
	char *command;
	int result;

	for (int line = 0; line < 5; line++) {
		rest = memchr(rest, '\n', call->len - (size_t)(rest - call->command));
		rest++;
	}
	buf_add(&text, call->command, head);
	buf_printf(&text, "$4\r\nEVAL\r\n$%zu\r\n", call->script->len);
	buf_add(&text, call->script->text, call->script->len);
	buf_add_text(&text, "\r\n");
	buf_add(&text, rest, call->len - (size_t)(rest - call->command));
	if (buf_failed(&text)) {
		buf_finish(&text);
		return -ENOMEM;
	}
	command = text.data;
	call->script = NULL;
	result = redisAsyncFormattedCommand(
			 call->link->context, on_answer, call, command, text.len) == REDIS_OK
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

static int link_send(struct link *link, const struct script *script, const struct str *argv,
	size_t argc, link_reply_fn *cb, void *arg)
{
	struct call *call = NULL;
	const char **texts = NULL;
	size_t *lens = NULL;
	char *command = NULL;
	long long len;
	int result = -ENOMEM;

	if (link->state != LINK_UP || link->channel_count > 0) {
		return -ENOTCONN;
	}
	call = calloc(1, sizeof(*call));
	texts = calloc(argc, sizeof(*texts));
	lens = calloc(argc, sizeof(*lens));
	if (!call || !texts || !lens) {
		goto out;
	}
	for (size_t i = 0; i < argc; i++) {
		texts[i] = argv[i].data;
		lens[i] = argv[i].len;
	}
	len = redisFormatCommandArgv(&command, (int)argc, texts, lens);
	if (len < 0) {
		goto out;
	}
	*call = (struct call){link, cb, arg, script, command, (size_t)len};
	result = call_send(call);
out:
	if (result < 0 && call) {
		call_free(call);
	}
	free(texts);
	free(lens);
	return result;
}

int link_command(
	struct link *link, const struct str *argv, size_t argc, link_reply_fn *cb, void *arg)
{
	return link_send(link, NULL, argv, argc, cb, arg);
}

int link_call_script(struct link *link, const struct script *script, const struct str *keys,
	size_t key_count, const struct str *args, size_t arg_count, link_reply_fn *cb, void *arg)
{
	size_t argc = 3 + key_count + arg_count;
	struct str *argv = calloc(argc, sizeof(*argv));
	char number[24];
	int result;

	if (!argv) {
		return -ENOMEM;
	}
	(void)snprintf(number, sizeof(number), "%zu", key_count);
	argv[0] = STR("EVALSHA");
	argv[1] = str_of(script->sha1);
	argv[2] = str_of(number);
	if (key_count > 0) {
		memcpy(argv + 3, keys, key_count * sizeof(*keys));
	}
	if (arg_count > 0) {
		memcpy(argv + 3 + key_count, args, arg_count * sizeof(*args));
	}
	result = link_send(link, script, argv, argc, cb, arg);
	free(argv);
	return result;
}
