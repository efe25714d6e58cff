/* What a section holds: members, their values, and sections in it. */
#include "config/scan_private.h"

#include "base/limits.h"
#include "config/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct place scan_place_of(const struct scan *scan, int line)
{
	return (struct place){scan->lexer.place.file, line};
}

void scan_next(struct scan *scan)
{
	scan->token = lexer_next(&scan->lexer);
}

bool scan_at_mark(const struct scan *scan, char mark)
{
	return scan->token.kind == TOKEN_MARK && scan->token.mark == mark;
}

bool scan_at_text(const struct scan *scan)
{
	return scan->token.kind == TOKEN_WORD || scan->token.kind == TOKEN_STRING;
}

int scan_refuse(struct scan *scan, const char *wanted)
{
	struct place place = scan_place_of(scan, scan->token.line);

	if (scan->token.kind == TOKEN_END) {
		problems_add(
			scan->lexer.problems, place, "the file ends where %s should be", wanted);
	} else if (scan->token.kind == TOKEN_STRING) {
		/* not repeated: it may be a password */
		problems_add(scan->lexer.problems, place,
			"a text in quotes stands where %s should be", wanted);
	} else if (scan->token.kind != TOKEN_BAD) {
		problems_add(scan->lexer.problems, place, "\"%.*s\" stands where %s should be",
			(int)(scan->token.len < 60 ? scan->token.len : 60),
			scan->lexer.text + scan->token.start, wanted);
	}
	return -EINVAL;
}

char *scan_copy_token(const struct scan *scan)
{
	return strndup(scan->lexer.text + scan->token.start, scan->token.len);
}

char *scan_take_name(struct scan *scan, const char *wanted)
{
	const char *name = scan->lexer.text + scan->token.start;
	bool good = scan->token.kind == TOKEN_WORD && scan->token.len <= LIMIT_CONFIG_NAME &&
		(isalpha((unsigned char)name[0]) || name[0] == '_');

	for (size_t i = 0; good && i < scan->token.len; i++) {
		good = isalnum((unsigned char)name[i]) || name[i] == '_' || name[i] == '-';
	}
	if (!good) {
		(void)scan_refuse(scan, wanted);
		return NULL;
	}
	return scan_copy_token(scan);
}

static int take_value(struct scan *scan, struct document_member *member)
{
	struct document_value *value;

	if (!scan_at_text(scan)) {
		return scan_refuse(scan, "a value");
	}
	if (member->value_count == LIMIT_CONFIG_VALUES) {
		problems_add(scan->lexer.problems, scan_place_of(scan, scan->token.line),
			"a list has at most %d values", LIMIT_CONFIG_VALUES);
		return -EINVAL;
	}
	value = document_add_value(member);
	if (value == NULL) {
		return -ENOMEM;
	}
	value->quoted = scan->token.kind == TOKEN_STRING;
	scan_next(scan);
	return 0;
}

int scan_take_assignment(struct scan *scan, struct document_member *member)
{
	int result = 0;

	if (!scan_at_mark(scan, '=') && !scan_at_mark(scan, '+')) {
		return scan_refuse(scan, "\"=\"");
	}
	member->append = scan_at_mark(scan, '+');
	scan_next(scan);
	if (!scan_at_mark(scan, '{')) {
		return take_value(scan, member);
	}
	member->list = true;
	scan_next(scan);
	while (!scan_at_mark(scan, '}')) {
		result = take_value(scan, member);
		if (result < 0) {
			return result;
		}
		if (scan_at_mark(scan, ',')) {
			scan_next(scan);
		} else if (!scan_at_mark(scan, '}')) {
			return scan_refuse(scan, "\",\" or \"}\"");
		}
	}
	scan_next(scan);
	return 0;
}

/* True when libconfuse and the rest may see the member. */
static bool check_member(
	struct scan *scan, const struct document_block *block, const struct document_member *member)
{
	struct place place = scan_place_of(scan, member->line);

	for (const struct document_member *other = block->members; other < member; other++) {
		if (strcmp(other->name, member->name) == 0 && !member->append) {
			problems_add(scan->lexer.problems, place,
				"%s has a value already, at line %d of this section", member->name,
				other->line);
			return false;
		}
	}
	if (!option_section_is_open(block->section) &&
		option_find(block->section, member->name) == NULL) {
		option_explain_unknown(scan->lexer.problems, place, block->section, member->name);
		return false;
	}
	return true;
}

/* A section in a section, as redis { sentinel { } }: becomes a block of its own. */
static int take_inner(struct scan *scan, const char *name, int line)
{
	struct document_block *block;
	int result;

	if (scan->document->count == LIMIT_CONFIG_BLOCKS) {
		problems_add(scan->lexer.problems, scan_place_of(scan, line),
			"a file has at most %d sections", LIMIT_CONFIG_BLOCKS);
		return -EINVAL;
	}
	block = document_add_block(scan->document);
	if (block == NULL) {
		return -ENOMEM;
	}
	block->section = strdup(name);
	block->place = scan_place_of(scan, line);
	if (block->section == NULL) {
		return -ENOMEM;
	}
	result = scan_take_members(scan, scan->document->count - 1);
	if (result == 0) {
		scan_next(scan);
	}
	return result;
}

/* True when the section has another one of that name in it, whose whole name is then written. */
static bool is_inner(
	const struct document_block *block, const char *name, char whole[2 * LIMIT_CONFIG_NAME + 2])
{
	(void)snprintf(whole, 2 * LIMIT_CONFIG_NAME + 2, "%s.%s", block->section, name);
	return option_section_is_known(whole);
}

static int take_member(struct scan *scan, size_t at)
{
	struct document_block *block = &scan->document->blocks[at];
	char whole[2 * LIMIT_CONFIG_NAME + 2];
	size_t start = scan->token.start;
	int line = scan->token.line;
	size_t end;
	char *name = scan_take_name(scan, "a name or \"}\"");
	struct document_member *member;
	int result;

	if (name == NULL) {
		return -EINVAL;
	}
	if (block->member_count == LIMIT_CONFIG_MEMBERS) {
		problems_add(scan->lexer.problems, scan_place_of(scan, line),
			"a section has at most %d members", LIMIT_CONFIG_MEMBERS);
		free(name);
		return -EINVAL;
	}
	scan_next(scan);
	if (scan_at_mark(scan, '{') && is_inner(block, name, whole)) {
		free(name);
		return take_inner(scan, whole, line);
	}
	if (scan_at_mark(scan, '{') || scan_at_text(scan) || scan_at_mark(scan, '(')) {
		problems_add(scan->lexer.problems, scan_place_of(scan, line),
			"%s stands inside the section %s that begins at line %d; close that "
			"section with \"}\" first, or write %s = ...",
			name, block->section, block->place.line, name);
		free(name);
		return -EINVAL;
	}
	member = document_add_member(block, name);
	free(name);
	if (member == NULL) {
		return -ENOMEM;
	}
	member->line = line;
	result = scan_take_assignment(scan, member);
	if (result < 0) {
		return result;
	}
	end = scan->token.start;
	if (!check_member(scan, block, member)) {
		lexer_blank(&scan->lexer, start, end);
		document_drop_member(block);
	}
	return 0;
}

int scan_take_members(struct scan *scan, size_t at)
{
	scan_next(scan);
	while (!scan_at_mark(scan, '}')) {
		int result;

		if (scan->token.kind == TOKEN_END) {
			const struct document_block *block = &scan->document->blocks[at];

			problems_add(scan->lexer.problems, block->place,
				"the section %s begins here and is never closed with \"}\"",
				block->section);
			return -EINVAL;
		}
		result = take_member(scan, at);
		if (result < 0) {
			return result;
		}
	}
	return 0;
}
