#include "config/document.h"

#include "config/array.h"

#include <stdlib.h>
#include <string.h>

struct document_block *document_add_block(struct document *document)
{
	struct document_block *grown =
		array_grow(document->blocks, document->count, sizeof(*grown));

	if (grown == NULL) {
		return NULL;
	}
	document->blocks = grown;
	return &grown[document->count++];
}

struct document_member *document_add_member(struct document_block *block, const char *name)
{
	char *copy = strdup(name);
	struct document_member *grown = copy == NULL
		? NULL
		: array_grow(block->members, block->member_count, sizeof(*grown));

	if (grown == NULL) {
		free(copy);
		return NULL;
	}
	block->members = grown;
	grown[block->member_count].name = copy;
	return &grown[block->member_count++];
}

struct document_value *document_add_value(struct document_member *member)
{
	struct document_value *grown =
		array_grow(member->values, member->value_count, sizeof(*grown));

	if (grown == NULL) {
		return NULL;
	}
	member->values = grown;
	return &grown[member->value_count++];
}

const struct document_block *document_find(
	const struct document *document, const struct document_block *block)
{
	for (size_t i = 0; i < document->count && block->title != NULL; i++) {
		const struct document_block *other = &document->blocks[i];

		if (other != block && other->title != NULL &&
			strcmp(other->section, block->section) == 0 &&
			strcmp(other->title, block->title) == 0) {
			return other;
		}
	}
	return NULL;
}

void document_explain_twice(struct config_problems *problems, const struct document_block *block,
	const struct document_block *other)
{
	problems_add(problems, block->place, "%s \"%s\" is configured already at %s:%d; keep one",
		block->section, block->title, other->place.file, other->place.line);
}

static void member_finish(struct document_member *member)
{
	for (size_t i = 0; i < member->value_count; i++) {
		free(member->values[i].text);
	}
	free(member->values);
	free(member->name);
	*member = (struct document_member){0};
}

void document_drop_block(struct document *document)
{
	document_block_finish(&document->blocks[--document->count]);
}

void document_drop_member(struct document_block *block)
{
	member_finish(&block->members[--block->member_count]);
}

void document_block_finish(struct document_block *block)
{
	for (size_t i = 0; i < block->member_count; i++) {
		member_finish(&block->members[i]);
	}
	free(block->members);
	free(block->section);
	free(block->title);
	*block = (struct document_block){0};
}

void document_finish(struct document *document)
{
	for (size_t i = 0; i < document->count; i++) {
		document_block_finish(&document->blocks[i]);
	}
	free(document->blocks);
	*document = (struct document){0};
}
