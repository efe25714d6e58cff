/* For tests on photographs: pictures from files and back, and plugins as a host loads them. */
#ifndef FORMY_TESTS_PICTURES_H
#define FORMY_TESTS_PICTURES_H

#include <stdbool.h>

#include <formy/plugin.h>

#define PICTURES_PATH 1024

/* The path of one of ../shared/images, in room for PICTURES_PATH bytes; false when it is not
 * there. */
bool picture_path(char *to, const char *name);

/* Reads a picture, upright; picture_free() frees its pixels. */
formy_image picture_read(const char *path);
void picture_free(formy_image *image);

/* Writes FOLDER/NAME.WHAT.png, clear parts over a checkerboard. */
void picture_write(
	const formy_image *image, const char *folder, const char *name, const char *what);

/* What the built plugin NAME.so describes, or NULL. */
const formy_plugin *picture_load_plugin(const char *name);

#endif
