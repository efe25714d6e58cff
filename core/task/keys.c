#include "task/keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define PREFIX_MAX 100

static const char *const suffixes[TASK_NAME_COUNT] = {
	[TASK_KEY_QUEUE] = "task:queue",
	[TASK_KEY_QUEUE_HIGH] = "task:queue:high",
	[TASK_KEY_QUEUE_LOW] = "task:queue:low",
	[TASK_KEY_PROCESSING] = "task:processing",
	[TASK_KEY_LEASE] = "task:lease",
	[TASK_KEY_CLAIMS] = "task:claims",
	[TASK_KEY_DELAYED] = "task:delayed",
	[TASK_KEY_INDEXED] = "task:indexed",
	[TASK_KEY_COUNTS] = "task:counts",
	[TASK_KEY_MODES] = "modes",
	[TASK_KEY_WORKERS] = "workers",
	[TASK_KEY_EVENTS_STREAM] = "events:stream",
	[TASK_KEY_RUNNING] = "task:running",
	[TASK_KEY_UNKNOWN] = "task:unknown",
	[TASK_KEY_GONE] = "task:gone",
	[TASK_KEY_MEMOS] = "task:memos",
	[TASK_CHANNEL_EVENTS] = "events",
	[TASK_CHANNEL_WAKE] = "wake",
	[TASK_CHANNEL_CONTROL] = "control",
};

int task_keys_init(struct task_keys *keys, const char *prefix, struct err *err)
{
	struct task_keys made = {0};
	struct buf memory = {0};
	size_t len = strlen(prefix);
	size_t at = 0;

	if (len == 0 || len > PREFIX_MAX) {
		return err_set(err, -EINVAL, "a key prefix has 1 to %d characters", PREFIX_MAX);
	}
	for (size_t i = 0; i < len; i++) {
		if (prefix[i] <= ' ' || prefix[i] > '~') {
			return err_set(err, -EINVAL,
				"the key prefix \"%s\" holds a character that is not printable "
				"ASCII",
				prefix);
		}
	}
	for (int name = 0; name < TASK_NAME_COUNT; name++) {
		buf_printf(&memory, "%s:%s", prefix, suffixes[name]);
		buf_add_char(&memory, '\0');
	}
	made.prefix = strdup(prefix);
	if (buf_failed(&memory) || !made.prefix) {
		buf_finish(&memory);
		free(made.prefix);
		return err_set(err, -ENOMEM, "out of memory");
	}
	made.memory = memory.data;
	for (int name = 0; name < TASK_NAME_COUNT; name++) {
		made.names[name] = str_of(made.memory + at);
		at += made.names[name].len + 1;
	}
	*keys = made;
	return 0;
}

void task_keys_finish(struct task_keys *keys)
{
	free(keys->prefix);
	free(keys->memory);
	*keys = (struct task_keys){0};
}

void task_keys_add(
	struct buf *out, const struct task_keys *keys, const char *kind, const char *name)
{
	buf_printf(out, "%s:%s:%s", keys->prefix, kind, name);
}
