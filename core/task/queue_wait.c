#include <errno.h>
#include <time.h>

#include "base/buf.h"
#include "base/limits.h"
#include "redis/link.h"
#include "task/args.h"
#include "task/queue.h"
#include "task/queue_request.h"
#include "task/scripts.h"

#define DAY_S 86400

/* The day by this clock, which saves the script its calendar; on another one it takes no task. */
static void add_today(struct args *args, char date[static 16])
{
	time_t now = time(NULL);
	struct tm tm;

	(void)gmtime_r(&now, &tm);
	(void)strftime(date, 16, "%Y-%m-%d", &tm);
	args_add_number(args, (int64_t)now / DAY_S * DAY_S);
	args_add_text(args, date);
}

int queue_wait(struct queue *queue, struct link *blocking, const struct queue_turn *turn,
	queue_turn_fn *cb, void *arg)
{
	const struct queue_request request = {.kind = REQUEST_TAKE, .cb.turn = cb, .arg = arg};
	const struct str *names = queue->keys.names;
	const struct str inbox = {queue->inbox.data, queue->inbox.len};
	const struct str move[] = {STR("BLMOVE"), names[TASK_KEY_QUEUE], inbox, STR("LEFT"),
		STR("RIGHT"), STR(QUEUE_WAIT_TEXT)};
	/* in the order of take.lua */
	const struct str keys[] = {inbox, names[TASK_KEY_PROCESSING], names[TASK_KEY_LEASE],
		names[TASK_KEY_CLAIMS], names[TASK_KEY_RUNNING], names[TASK_KEY_EVENTS_STREAM],
		names[TASK_KEY_MEMOS], names[TASK_KEY_DELAYED],
		{queue->unserved.data, queue->unserved.len}};
	char date[16];
	struct args args;
	const struct queue_call call = {
		.link = blocking,
		.script = &script_take,
		.keys = keys,
		.key_count = sizeof(keys) / sizeof(keys[0]),
		.args = &args,
		.first = move,
		.first_count = sizeof(move) / sizeof(move[0]),
	};
	int result = args_init(&args, 8 + 2 * turn->mode_count);

	if (result < 0) {
		return result;
	}
	args_add_text(&args, queue->keys.prefix);
	args_add_text(&args, queue->worker);
	args_add_number(&args, queue->lease_ms);
	args_add_text(&args, turn->token);
	args_add_number(&args, LIMIT_TASK_DATA);
	args_add_number(&args, queue->policy.user_limit);
	add_today(&args, date);
	for (size_t i = 0; i < turn->mode_count; i++) {
		if (turn->modes[i].room > 0) {
			args_add_text(&args, turn->modes[i].name);
			args_add_number(&args, turn->modes[i].limit);
		}
	}
	result = queue_request_call(queue, &call, &request);
	args_finish(&args);
	return result;
}

int queue_stop_waiting(struct queue *queue, struct link *blocking)
{
	char number[TEXT_NUMBER_SIZE];
	struct str argv[] = {STR("CLIENT"), STR("UNBLOCK"), {number, 0}};
	int64_t id = link_client_id(blocking);

	if (id == 0) {
		return -ENOTCONN;
	}
	argv[2].len = text_number(number, id);
	return link_command(queue->link, argv, 3, NULL, NULL);
}
