/* For tests on photographs: pictures from files and back, and plugins as a host loads them. */
#ifndef FORMY_TESTS_PICTURES_H
#define FORMY_TESTS_PICTURES_H

#include <stdbool.h>

#include <formy/plugin.h>

struct fake_task;

#define PICTURES_PATH 1024

/* The path of one of ../shared/images, in room for PICTURES_PATH bytes; false when it is not
 * there. */
bool picture_path(char *to, const char *name);

/* Reads a picture, upright; picture_free() frees its pixels. */
formy_image picture_read(const char *path);
void picture_free(formy_image *image);

/* One of ../shared/images; skips the test when it is not there. */
formy_image picture_shared(const char *name);

/* Writes FOLDER/NAME.WHAT.png, clear parts over a checkerboard. */
void picture_write(
	const formy_image *image, const char *folder, const char *name, const char *what);

/* How many numbers stand in a text: the details of a refusal have what was measured and its limit. */
int picture_numbers(const char *text);

/* The local engine, open, and a mode of a plugin, for tests that hold the two together. */
struct picture_engine {
	const formy_engine *engine;
	const formy_mode *mode;
	void *state;
};

#define PICTURES_SKIPPED 77 /* what ctest takes for a test that was skipped */

/* Loads local.so and MODE.so, starts libvips, opens the engine. 0, or what main() is to return:
 * PICTURES_SKIPPED where the networks are not there. config: the engine's section, as JSON. */
int picture_engine_open(
	struct picture_engine *setup, const char *program, const char *mode, const char *config);
void picture_engine_close(struct picture_engine *setup);

/* Runs the mode once. reference may be NULL. What came out is in the task. */
formy_status picture_edit(const struct picture_engine *setup, struct fake_task *task,
	const formy_image *source, const formy_image *reference, const char *params);

#endif
