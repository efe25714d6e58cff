/* Rows and columns for a person: every column as wide as its widest cell, no line ends in blanks.
 *
 * Cells are made safe for the terminal here. A zeroed struct with its columns set is an empty
 * table; a row of cells is added at a time. Out of memory marks it, and table_add_to() then marks
 * the buffer. */
#ifndef FORMY_CLI_TABLE_H
#define FORMY_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

#define TABLE_MAX_COLUMNS 12

enum paint { PAINT_NONE, PAINT_GOOD, PAINT_BAD, PAINT_BUSY, PAINT_QUIET };

struct cell {
	const char *text; /* NULL: "-" */
	enum paint paint;
};

struct table {
	const char *const
		*titles; /* NULL-ended; a title that begins with '>' sets its column right */
	char **texts;    /* owned, made safe, row after row */
	enum paint *paints;
	size_t columns;
	size_t cells;
	size_t room;
	bool failed;
};

/* titles live as long as the table. */
void table_init(struct table *table, const char *const *titles);
void table_finish(struct table *table);

/* Adds a row: as many cells as there are titles. Copied. */
void table_add_row(struct table *table, const struct cell *cells);

/* Appends the table as lines, with a line of titles. color: cells are painted. */
void table_add_to(struct buf *out, const struct table *table, bool color);

/* Appends "name:  value", names padded to one width; a value that is NULL is left out. */
struct pair {
	const char *name; /* NULL ends an array */
	const char *value;
	enum paint paint;
};
void table_add_pairs(struct buf *out, const struct pair *pairs, bool color);

/* Appends a text in a colour, or as it is. */
void table_add_painted(struct buf *out, const char *text, enum paint paint, bool color);

#endif
