#include "config/scan.h"

#include "base/limits.h"
#include "config/lexer.h"
#include "config/options.h"
#include "config/utf8.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scan {
	struct lexer lexer;
	struct token token;
	struct document *document;
};

static struct place place_of(const struct scan *scan, int line)
{
	return (struct place){scan->lexer.place.file, line};
}

static void next(struct scan *scan)
{
	scan->token = lexer_next(&scan->lexer);
}

static bool at_mark(const struct scan *scan, char mark)
{
	return scan->token.kind == TOKEN_MARK && scan->token.mark == mark;
}

static bool at_text(const struct scan *scan)
{
	return scan->token.kind == TOKEN_WORD || scan->token.kind == TOKEN_STRING;
}

/* A problem that ends the reading of the file. */
static int refuse(struct scan *scan, const char *wanted)
{
	struct place place = place_of(scan, scan->token.line);

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

static char *copy_token(const struct scan *scan)
{
	return strndup(scan->lexer.text + scan->token.start, scan->token.len);
}

/* The token as the name of a section or a member, or NULL. */
static char *take_name(struct scan *scan, const char *wanted)
{
	const char *name = scan->lexer.text + scan->token.start;
	bool good = scan->token.kind == TOKEN_WORD && scan->token.len <= LIMIT_CONFIG_NAME &&
		(isalpha((unsigned char)name[0]) || name[0] == '_');

	for (size_t i = 0; good && i < scan->token.len; i++) {
		good = isalnum((unsigned char)name[i]) || name[i] == '_' || name[i] == '-';
	}
	if (!good) {
		(void)refuse(scan, wanted);
		return NULL;
	}
	return copy_token(scan);
}

static int take_value(struct scan *scan, struct document_member *member)
{
	struct document_value *value;

	if (!at_text(scan)) {
		return refuse(scan, "a value");
	}
	if (member->value_count == LIMIT_CONFIG_VALUES) {
		problems_add(scan->lexer.problems, place_of(scan, scan->token.line),
			"a list has at most %d values", LIMIT_CONFIG_VALUES);
		return -EINVAL;
	}
	value = document_add_value(member);
	if (value == NULL) {
		return -ENOMEM;
	}
	value->quoted = scan->token.kind == TOKEN_STRING;
	next(scan);
	return 0;
}

/* "= value", "= {value, ...}" or the same with "+=", for a member whose name has been read. */
static int take_assignment(struct scan *scan, struct document_member *member)
{
	int result = 0;

	if (!at_mark(scan, '=') && !at_mark(scan, '+')) {
		return refuse(scan, "\"=\"");
	}
	member->append = at_mark(scan, '+');
	next(scan);
	if (!at_mark(scan, '{')) {
		return take_value(scan, member);
	}
	member->list = true;
	next(scan);
	while (!at_mark(scan, '}')) {
		result = take_value(scan, member);
		if (result < 0) {
			return result;
		}
		if (at_mark(scan, ',')) {
			next(scan);
		} else if (!at_mark(scan, '}')) {
			return refuse(scan, "\",\" or \"}\"");
		}
	}
	next(scan);
	return 0;
}

/* True when libconfuse and the rest may see the member. */
static bool check_member(
	struct scan *scan, const struct document_block *block, const struct document_member *member)
{
	struct place place = place_of(scan, member->line);

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

static int take_members(struct scan *scan, size_t at);

/* A section in a section, as redis { sentinel { } }: becomes a block of its own. */
static int take_inner(struct scan *scan, const char *name, int line)
{
	struct document_block *block;
	int result;

	if (scan->document->count == LIMIT_CONFIG_BLOCKS) {
		problems_add(scan->lexer.problems, place_of(scan, line),
			"a file has at most %d sections", LIMIT_CONFIG_BLOCKS);
		return -EINVAL;
	}
	block = document_add_block(scan->document);
	if (block == NULL) {
		return -ENOMEM;
	}
	block->section = strdup(name);
	block->place = place_of(scan, line);
	if (block->section == NULL) {
		return -ENOMEM;
	}
	result = take_members(scan, scan->document->count - 1);
	if (result == 0) {
		next(scan);
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
	char *name = take_name(scan, "a name or \"}\"");
	struct document_member *member;
	int result;

	if (name == NULL) {
		return -EINVAL;
	}
	if (block->member_count == LIMIT_CONFIG_MEMBERS) {
		problems_add(scan->lexer.problems, place_of(scan, line),
			"a section has at most %d members", LIMIT_CONFIG_MEMBERS);
		free(name);
		return -EINVAL;
	}
	next(scan);
	if (at_mark(scan, '{') && is_inner(block, name, whole)) {
		free(name);
		return take_inner(scan, whole, line);
	}
	if (at_mark(scan, '{') || at_text(scan) || at_mark(scan, '(')) {
		problems_add(scan->lexer.problems, place_of(scan, line),
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
	result = take_assignment(scan, member);
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

static int take_members(struct scan *scan, size_t at)
{
	next(scan);
	while (!at_mark(scan, '}')) {
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

static int take_include(struct scan *scan, struct document_block *block, size_t start)
{
	next(scan);
	if (!at_text(scan)) {
		return refuse(scan, "the name of a file");
	}
	block->title = copy_token(scan);
	if (block->title == NULL) {
		return -ENOMEM;
	}
	if (strpbrk(block->title, "\\$") != NULL) {
		problems_add(scan->lexer.problems, block->place,
			"include takes the plain name of a file, without \\ and $");
		return -EINVAL;
	}
	next(scan);
	if (!at_mark(scan, ')')) {
		return refuse(scan, "\")\"");
	}
	lexer_blank(&scan->lexer, start, scan->token.end);
	next(scan);
	return 0;
}

/* True when the section is one that there is, with a title if it takes one. */
static bool check_block(struct scan *scan, const struct document_block *block)
{
	bool open = option_section_is_open(block->section);

	if (!open && !option_section_is_known(block->section)) {
		option_explain_unknown_section(scan->lexer.problems, block->place, block->section);
		return false;
	}
	if (open && block->title == NULL) {
		problems_add(scan->lexer.problems, block->place,
			"the section %s needs a name, as in %s \"NAME\" { ... }", block->section,
			block->section);
		return false;
	}
	if (!open && block->title != NULL) {
		problems_add(scan->lexer.problems, block->place, "the section %s takes no name",
			block->section);
		return false;
	}
	if (open && strpbrk(block->title, "\\$\n") != NULL) {
		problems_add(scan->lexer.problems, block->place,
			"the name of a section is plain, without \\ and $");
		return false;
	}
	if (document_find(scan->document, block) != NULL) {
		document_explain_twice(
			scan->lexer.problems, block, document_find(scan->document, block));
		return false;
	}
	return true;
}

/* A name outside all sections and what belongs to it. */
static int take_block(struct scan *scan)
{
	size_t start = scan->token.start;
	size_t end;
	size_t at = scan->document->count;
	int line = scan->token.line;
	char *name = take_name(scan, "the name of a section");
	struct document_block *block;
	int result;

	if (name == NULL) {
		return -EINVAL;
	}
	if (scan->document->count == LIMIT_CONFIG_BLOCKS) {
		problems_add(scan->lexer.problems, place_of(scan, line),
			"a file has at most %d sections", LIMIT_CONFIG_BLOCKS);
		free(name);
		return -EINVAL;
	}
	block = document_add_block(scan->document);
	if (block == NULL) {
		free(name);
		return -ENOMEM;
	}
	block->section = name;
	block->place = place_of(scan, line);
	next(scan);
	if (at_mark(scan, '(') && strcmp(name, "include") == 0) {
		return take_include(scan, block, start);
	}
	if (at_mark(scan, '=') || at_mark(scan, '+')) {
		struct document_member *member;

		problems_add(scan->lexer.problems, block->place,
			"%s stands outside of all sections; put it in one, as in redis { ... }",
			name);
		member = document_add_member(block, name);
		result = member == NULL ? -ENOMEM : take_assignment(scan, member);
		if (result == 0) {
			lexer_blank(&scan->lexer, start, scan->token.start);
			document_drop_block(scan->document);
		}
		return result;
	}
	if (at_text(scan)) {
		block->title = copy_token(scan);
		if (block->title == NULL) {
			return -ENOMEM;
		}
		next(scan);
	}
	if (!at_mark(scan, '{')) {
		return refuse(scan, "\"{\"");
	}
	if (!check_block(scan, block)) {
		struct config_problems unheard = {0};
		struct config_problems *problems = scan->lexer.problems;

		/* what is in a section that there is not is read for its end alone */
		scan->lexer.problems = &unheard;
		result = take_members(scan, at);
		scan->lexer.problems = problems;
		config_problems_finish(&unheard);
		if (result == 0) {
			end = scan->token.end;
			next(scan);
			lexer_blank(&scan->lexer, start, end);
			while (scan->document->count > at) {
				document_drop_block(scan->document);
			}
		}
		return result;
	}
	result = take_members(scan, at);
	if (result == 0) {
		next(scan);
	}
	return result;
}

/* Bytes that no configuration has; the lexer then meets nothing but text. */
static int check_bytes(struct scan *scan)
{
	const unsigned char *text = (const unsigned char *)scan->lexer.text;
	size_t len = scan->lexer.len;
	int line = 1;

	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		problems_add(scan->lexer.problems, place_of(scan, 1),
			"the file begins with a byte order mark; save it as UTF-8 without one");
		return -EINVAL;
	}
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n') {
			line++;
		} else if ((text[i] < 0x20 && text[i] != '\t' && text[i] != '\r') ||
			text[i] == 0x7f) {
			problems_add(scan->lexer.problems, place_of(scan, line),
				"the byte 0x%02x is not text", text[i]);
			return -EINVAL;
		} else if (text[i] >= 0x80) {
			size_t more = utf8_length(text + i, len - i);

			if (more == 0) {
				problems_add(scan->lexer.problems, place_of(scan, line),
					"the byte 0x%02x is not UTF-8", text[i]);
				return -EINVAL;
			}
			i += more - 1;
		}
	}
	return 0;
}

int scan_text(char *text, size_t len, const char *file, struct config_problems *problems,
	struct document *document)
{
	struct scan scan = {
		.lexer = {.text = text, .len = len, .place = {file, 1}, .problems = problems},
		.document = document,
	};
	int result = check_bytes(&scan);

	if (result < 0) {
		return result;
	}
	next(&scan);
	while (scan.token.kind != TOKEN_END) {
		result = take_block(&scan);
		if (result < 0) {
			return result;
		}
	}
	return 0;
}
