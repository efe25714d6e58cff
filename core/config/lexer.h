/* The tokens of a configuration file, by libconfuse's rules. */
#ifndef FORMY_CONFIG_LEXER_H
#define FORMY_CONFIG_LEXER_H

#include "config/problems.h"

#include <stddef.h>

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,   /* not in quotes */
	TOKEN_STRING, /* in quotes; start and len are those of what stands between them */
	TOKEN_MARK,   /* one of { } ( ) , = or + for += */
	TOKEN_BAD,    /* a problem has been added */
};

struct token {
	enum token_kind kind;
	char mark;
	size_t start;
	size_t len;
	size_t end; /* behind the token, quotes included */
	int line;
};

/* Works on text in place: comments become blanks. */
struct lexer {
	char *text;
	size_t len;
	size_t at;
	struct place place; /* the line that is read now */
	struct config_problems *problems;
};

struct token lexer_next(struct lexer *lexer);

/* Makes blanks of a part of the text, keeping its lines. */
void lexer_blank(struct lexer *lexer, size_t start, size_t end);

#endif
