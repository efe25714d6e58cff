#include "cli/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cli/text.h"

#define GAP 2 /* blanks between columns */

static const char *const paint_codes[] = {
	[PAINT_NONE] = "",
	[PAINT_GOOD] = "\x1b[32m",
	[PAINT_BAD] = "\x1b[31m",
	[PAINT_BUSY] = "\x1b[33m",
	[PAINT_QUIET] = "\x1b[2m",
};

static void add_blanks(struct buf *out, size_t count)
{
	while (count-- > 0) {
		buf_add_char(out, ' ');
	}
}

void table_add_painted(struct buf *out, const char *text, enum paint paint, bool color)
{
	if (!color || paint == PAINT_NONE) {
		buf_add_text(out, text);
		return;
	}
	buf_printf(out, "%s%s\x1b[0m", paint_codes[paint], text);
}

void table_init(struct table *table, const char *const *titles)
{
	*table = (struct table){.titles = titles};
	while (titles[table->columns] && table->columns < TABLE_MAX_COLUMNS) {
		table->columns++;
	}
}

void table_finish(struct table *table)
{
	for (size_t i = 0; i < table->cells; i++) {
		free(table->texts[i]);
	}
	free(table->texts);
	free(table->paints);
	*table = (struct table){0};
}

/* The text of a cell as it will stand. NULL: no memory. */
static char *make_safe(const char *text)
{
	struct buf safe = {0};
	char *copy;

	text_add_safe(&safe, text && text[0] ? text : "-");
	copy = buf_failed(&safe) ? NULL : strdup(buf_cstr(&safe));
	buf_finish(&safe);
	return copy;
}

static bool make_room(struct table *table)
{
	size_t room = table->room ? table->room * 2 : 8 * table->columns;
	char **texts;
	enum paint *paints;

	if (table->cells + table->columns <= table->room) {
		return true;
	}
	texts = realloc(table->texts, room * sizeof(*texts));
	if (!texts) {
		return false;
	}
	table->texts = texts;
	paints = realloc(table->paints, room * sizeof(*paints));
	if (!paints) {
		return false;
	}
	table->paints = paints;
	table->room = room;
	return true;
}

void table_add_row(struct table *table, const struct cell *cells)
{
	if (table->failed || !make_room(table)) {
		table->failed = true;
		return;
	}
	for (size_t i = 0; i < table->columns; i++) {
		char *text = make_safe(cells[i].text);

		if (!text) {
			/* the part of a row goes with the table */
			table->failed = true;
			return;
		}
		table->texts[table->cells] = text;
		table->paints[table->cells] = cells[i].paint;
		table->cells++;
	}
}

static const char *title_of(const struct table *table, size_t column, bool *ret_right)
{
	const char *title = table->titles[column];

	*ret_right = title[0] == '>';
	return *ret_right ? title + 1 : title;
}

/* One cell, and the blanks that bring it to its width. */
static void add_cell(struct buf *out, const char *text, enum paint paint, size_t width, bool right,
	bool last, bool color)
{
	size_t own = text_width(text, strlen(text));
	size_t fill = own < width ? width - own : 0;

	if (right) {
		add_blanks(out, fill);
	}
	table_add_painted(out, text, paint, color);
	if (!right && !last) {
		add_blanks(out, fill);
	}
	if (last) {
		buf_add_char(out, '\n');
	} else {
		add_blanks(out, GAP);
	}
}

void table_add_to(struct buf *out, const struct table *table, bool color)
{
	size_t widths[TABLE_MAX_COLUMNS] = {0};
	bool right[TABLE_MAX_COLUMNS];

	if (table->failed) {
		out->failed = true;
		return;
	}
	for (size_t column = 0; column < table->columns; column++) {
		widths[column] = strlen(title_of(table, column, &right[column]));
	}
	for (size_t i = 0; i < table->cells; i++) {
		size_t width = text_width(table->texts[i], strlen(table->texts[i]));

		if (width > widths[i % table->columns]) {
			widths[i % table->columns] = width;
		}
	}
	for (size_t column = 0; column < table->columns; column++) {
		add_cell(out, title_of(table, column, &right[column]), PAINT_QUIET, widths[column],
			right[column], column + 1 == table->columns, color);
	}
	for (size_t i = 0; i < table->cells; i++) {
		size_t column = i % table->columns;

		add_cell(out, table->texts[i], table->paints[i], widths[column], right[column],
			column + 1 == table->columns, color);
	}
}

void table_add_pairs(struct buf *out, const struct pair *pairs, bool color)
{
	size_t width = 0;

	for (const struct pair *pair = pairs; pair->name; pair++) {
		size_t own = strlen(pair->name);

		if (pair->value && own > width) {
			width = own;
		}
	}
	for (const struct pair *pair = pairs; pair->name; pair++) {
		struct buf safe = {0};

		if (!pair->value) {
			continue;
		}
		buf_printf(out, "%s:", pair->name);
		add_blanks(out, width - strlen(pair->name) + GAP);
		text_add_safe(&safe, pair->value);
		if (buf_failed(&safe)) {
			out->failed = true;
		} else {
			table_add_painted(out, buf_cstr(&safe), pair->paint, color);
		}
		buf_add_char(out, '\n');
		buf_finish(&safe);
	}
}
