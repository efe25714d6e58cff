/* What an executor is: its channel, its plugins, its task. For serve.c and open.c. */
#ifndef FORMY_EXECUTOR_EXECUTOR_H
#define FORMY_EXECUTOR_EXECUTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "executor/finish.h"
#include "executor/task.h"
#include "formy/plugin.h"
#include "wire/control.h"
#include "wire/msg.h"

struct engine_part {
	const char *name; /* NULL: the mode has none */
	const char *type;
	const char *path;
	const char *config;
	int copy; /* of the file; -1: none came */
	const formy_plugin *plugin;
	const formy_engine *engine;
	void *state;
	bool open;
};

struct executor {
	int channel;
	const struct control_page *control;
	unsigned char setup_packet[LIMIT_FRAME]; /* what setup's texts point into */
	unsigned char packet[LIMIT_FRAME];
	struct msg_setup setup;
	int plugin_copy; /* -1: none came */
	const formy_plugin *plugin;
	const formy_mode *mode;
	struct engine_part engines[TASK_ENGINES];
	int places_fd;
	void *mode_state;
	bool mode_open;
	formy_task task;
	struct finish finish;
	uint64_t processors;
	int leak_told; /* the number of descriptors at which the log was told of a leak */
};

#endif
