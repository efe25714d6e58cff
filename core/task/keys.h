/* The names of all keys and channels under one prefix (docs/redis.md). */
#ifndef FORMY_TASK_KEYS_H
#define FORMY_TASK_KEYS_H

#include <stddef.h>

#include "base/buf.h"

struct err;

/* In the order in which every script gets them (lua/lib_keys.lua). */
enum task_key {
	TASK_KEY_QUEUE,
	TASK_KEY_QUEUE_HIGH,
	TASK_KEY_QUEUE_LOW,
	TASK_KEY_PROCESSING,
	TASK_KEY_LEASE,
	TASK_KEY_CLAIMS,
	TASK_KEY_DELAYED,
	TASK_KEY_INDEXED,
	TASK_KEY_COUNTS,
	TASK_KEY_MODES,
	TASK_KEY_WORKERS,
	TASK_KEY_EVENTS_STREAM,
	TASK_KEY_RUNNING,
	TASK_KEY_UNKNOWN,
	TASK_KEY_GONE,
	TASK_KEY_MEMOS,
	TASK_KEY_COUNT,

	/* channels, which are no keys */
	TASK_CHANNEL_EVENTS = TASK_KEY_COUNT,
	TASK_CHANNEL_WAKE,
	TASK_CHANNEL_CONTROL,
	TASK_NAME_COUNT
};

struct task_keys {
	char *prefix;
	struct str names[TASK_NAME_COUNT]; /* each ends with a NUL */
	char *memory;
};

/* 0, -ENOMEM, or -EINVAL for a prefix that is empty, longer than 100 bytes, or not printable. */
int task_keys_init(struct task_keys *keys, const char *prefix, struct err *err);
void task_keys_finish(struct task_keys *keys);

/* Appends a key with a name of its own in it: "PREFIX:task:data:ID" by kind "task:data". */
void task_keys_add(
	struct buf *out, const struct task_keys *keys, const char *kind, const char *name);

#endif
