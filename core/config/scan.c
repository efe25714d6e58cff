#include "config/scan.h"

#include "base/limits.h"
#include "config/options.h"
#include "config/scan_private.h"
#include "config/utf8.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int take_include(struct scan *scan, struct document_block *block, size_t start)
{
	scan_next(scan);
	if (!scan_at_text(scan)) {
		return scan_refuse(scan, "the name of a file");
	}
	block->title = scan_copy_token(scan);
	if (block->title == NULL) {
		return -ENOMEM;
	}
	if (strpbrk(block->title, "\\$") != NULL) {
		problems_add(scan->lexer.problems, block->place,
			"include takes the plain name of a file, without \\ and $");
		return -EINVAL;
	}
	scan_next(scan);
	if (!scan_at_mark(scan, ')')) {
		return scan_refuse(scan, "\")\"");
	}
	lexer_blank(&scan->lexer, start, scan->token.end);
	scan_next(scan);
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
	char *name = scan_take_name(scan, "the name of a section");
	struct document_block *block;
	int result;

	if (name == NULL) {
		return -EINVAL;
	}
	if (scan->document->count == LIMIT_CONFIG_BLOCKS) {
		problems_add(scan->lexer.problems, scan_place_of(scan, line),
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
	block->place = scan_place_of(scan, line);
	scan_next(scan);
	if (scan_at_mark(scan, '(') && strcmp(name, "include") == 0) {
		return take_include(scan, block, start);
	}
	if (scan_at_mark(scan, '=') || scan_at_mark(scan, '+')) {
		struct document_member *member;

		problems_add(scan->lexer.problems, block->place,
			"%s stands outside of all sections; put it in one, as in redis { ... }",
			name);
		member = document_add_member(block, name);
		result = member == NULL ? -ENOMEM : scan_take_assignment(scan, member);
		if (result == 0) {
			lexer_blank(&scan->lexer, start, scan->token.start);
			document_drop_block(scan->document);
		}
		return result;
	}
	if (scan_at_text(scan)) {
		block->title = scan_copy_token(scan);
		if (block->title == NULL) {
			return -ENOMEM;
		}
		scan_next(scan);
	}
	if (!scan_at_mark(scan, '{')) {
		return scan_refuse(scan, "\"{\"");
	}
	if (!check_block(scan, block)) {
		struct config_problems unheard = {0};
		struct config_problems *problems = scan->lexer.problems;

		/* what is in a section that there is not is read for its end alone */
		scan->lexer.problems = &unheard;
		result = scan_take_members(scan, at);
		scan->lexer.problems = problems;
		config_problems_finish(&unheard);
		if (result == 0) {
			end = scan->token.end;
			scan_next(scan);
			lexer_blank(&scan->lexer, start, end);
			while (scan->document->count > at) {
				document_drop_block(scan->document);
			}
		}
		return result;
	}
	result = scan_take_members(scan, at);
	if (result == 0) {
		scan_next(scan);
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
		problems_add(scan->lexer.problems, scan_place_of(scan, 1),
			"the file begins with a byte order mark; save it as UTF-8 without one");
		return -EINVAL;
	}
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n') {
			line++;
		} else if ((text[i] < 0x20 && text[i] != '\t' && text[i] != '\r') ||
			text[i] == 0x7f) {
			problems_add(scan->lexer.problems, scan_place_of(scan, line),
				"the byte 0x%02x is not text", text[i]);
			return -EINVAL;
		} else if (text[i] >= 0x80) {
			size_t more = utf8_length(text + i, len - i);

			if (more == 0) {
				problems_add(scan->lexer.problems, scan_place_of(scan, line),
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
	scan_next(&scan);
	while (scan.token.kind != TOKEN_END) {
		result = take_block(&scan);
		if (result < 0) {
			return result;
		}
	}
	return 0;
}
