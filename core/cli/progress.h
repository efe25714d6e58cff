/* How a task that somebody waits for is shown: one line that is redrawn on a terminal, or a line
 * for each change where there is none. */
#ifndef FORMY_CLI_PROGRESS_H
#define FORMY_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

struct progress {
	const char *mode;
	const char *status; /* "pending", ... */
	const char *step;   /* NULL: none */
	int percent;
	double elapsed_s;
};

/* Appends the line, at most so many columns wide, without its end:
 *	BACKGROUND_CHANGE [########------------]  40%  finding the person  1.2 s */
void progress_add_bar(struct buf *out, const struct progress *progress, size_t columns);

/* Appends "processing 40% finding the person", a line for a log, without its end. */
void progress_add_plain(struct buf *out, const struct progress *progress);

/* Columns of the terminal at a descriptor; 80 when it does not say. */
size_t progress_columns(int fd);

#endif
