/* The smallest host that a plugin can run under, for tests of plugins: pictures from memory, one
 * task at a time, an engine called directly. Host functions that no test here needs are NULL. */
#ifndef FORMY_TESTS_FAKE_HOST_H
#define FORMY_TESTS_FAKE_HOST_H

#include <formy/plugin.h>

#define FAKE_IMAGES 4

struct fake_images {
	formy_named_image named[FAKE_IMAGES];
	formy_image images[FAKE_IMAGES];
	int count;
};

/* A task; zeroed it is ready. Fill in what the plugin is to find, and finish it after the run. */
struct fake_task {
	const char *params; /* NULL: {} */
	struct fake_images inputs;
	const formy_engine *engine; /* for call(); may be NULL */
	void *engine_state;
	int cancel_after; /* calls of cancelled() that say no before it says yes; 0: always no */

	/* What the plugin did. */
	struct fake_images results; /* pixels as it handed them over: in memory from alloc() */
	char facts[1024];           /* the last */
	char code[64];
	char message[256];
	char details[256];
	int progress;     /* the last */
	int went_back;    /* how often progress went back */
	int marks;        /* and how often it went on */
	int steps;        /* different words in a row that came with it */
	char step[128];   /* the last of them */
	int asked_cancel; /* calls of cancelled() */
	char operation[32];
	char request_params[4096]; /* of the last call() */
	struct fake_task *reply;

	void *blocks[64];
	int block_count;
};

extern const formy_host fake_host;

/* The last line that was logged. */
extern char fake_host_log[1024];

formy_task *fake_task_of(struct fake_task *task);
void fake_task_input(struct fake_task *task, const char *role, const formy_image *image);

/* A result's picture, or NULL. */
const formy_image *fake_task_result(const struct fake_task *task, const char *role);
void fake_task_finish(struct fake_task *task);

#endif
