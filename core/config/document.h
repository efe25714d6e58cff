/* What the files say, in their order, before it is understood: sections, their members, values
 * as texts, and where each of them stands. */
#ifndef FORMY_CONFIG_DOCUMENT_H
#define FORMY_CONFIG_DOCUMENT_H

#include "config/problems.h"

#include <stdbool.h>
#include <stddef.h>

struct document_value {
	char *text; /* NULL until the file has been parsed */
	bool quoted;
};

/* name = value, name = {value, ...} or name += ... */
struct document_member {
	char *name;
	int line;
	bool list;
	bool append;
	struct document_value *values;
	size_t value_count;
};

/* A section; or an include, whose section is "include" and whose title is the path. */
struct document_block {
	char *section;
	char *title; /* NULL when it has none */
	struct place place;
	struct document_member *members;
	size_t member_count;
};

struct document {
	struct document_block *blocks;
	size_t count;
};

/* A new block at the end, or NULL: no memory. It lives until the next call. */
struct document_block *document_add_block(struct document *document);

/* A new member of a block, and a new value of a member; NULL: no memory. */
struct document_member *document_add_member(struct document_block *block, const char *name);
struct document_value *document_add_value(struct document_member *member);

/* The mode or engine of the same section and title, or NULL; and the problem that there is one. */
const struct document_block *document_find(
	const struct document *document, const struct document_block *block);
void document_explain_twice(struct config_problems *problems, const struct document_block *block,
	const struct document_block *other);

/* Takes the newest block or member away again. */
void document_drop_block(struct document *document);
void document_drop_member(struct document_block *block);

void document_block_finish(struct document_block *block);
void document_finish(struct document *document);

#endif
