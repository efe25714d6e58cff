#include "config/lexer.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static struct token bad(void)
{
	return (struct token){.kind = TOKEN_BAD};
}

static char peek(const struct lexer *lexer, size_t ahead)
{
	return lexer->at + ahead < lexer->len ? lexer->text[lexer->at + ahead] : '\0';
}

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

void lexer_blank(struct lexer *lexer, size_t start, size_t end)
{
	for (size_t i = start; i < end; i++) {
		if (lexer->text[i] != '\n') {
			lexer->text[i] = ' ';
		}
	}
}

/* Blanks and comments up to the next token. False: a comment never ends. */
static bool skip_blank(struct lexer *lexer)
{
	while (lexer->at < lexer->len) {
		char c = peek(lexer, 0);
		size_t start = lexer->at;

		if (c == '\n') {
			lexer->place.line++;
			lexer->at++;
		} else if (c == ' ' || c == '\t' || c == '\r') {
			lexer->at++;
		} else if (c == '#' || (c == '/' && peek(lexer, 1) == '/')) {
			while (lexer->at < lexer->len && peek(lexer, 0) != '\n') {
				lexer->at++;
			}
			lexer_blank(lexer, start, lexer->at);
		} else if (c == '/' && peek(lexer, 1) == '*') {
			struct place begin = lexer->place;

			lexer->at += 2;
			while (lexer->at < lexer->len &&
				!(peek(lexer, 0) == '*' && peek(lexer, 1) == '/')) {
				lexer->place.line += peek(lexer, 0) == '\n';
				lexer->at++;
			}
			if (lexer->at >= lexer->len) {
				problems_add(lexer->problems, begin,
					"a comment begins here with /* and never ends with */");
				return false;
			}
			lexer->at += 2;
			lexer_blank(lexer, start, lexer->at);
		} else {
			break;
		}
	}
	return true;
}

/* At "${": steps over ${NAME} or ${NAME:-text}. libconfuse would look for the closing brace in
 * the whole rest of the file. */
static bool skip_variable(struct lexer *lexer)
{
	size_t start = lexer->at + 2;

	lexer->at = start;
	while (is_name_char(peek(lexer, 0))) {
		lexer->at++;
	}
	if (lexer->at > start && peek(lexer, 0) == ':' && peek(lexer, 1) == '-') {
		while (lexer->at < lexer->len && strchr("}\"'\n", peek(lexer, 0)) == NULL) {
			lexer->at++;
		}
	}
	if (lexer->at == start || peek(lexer, 0) != '}') {
		problems_add(lexer->problems, lexer->place,
			"${ begins the name of an environment variable, as in ${NAME} or "
			"${NAME:-default}; write \\${ in double quotes for the characters");
		return false;
	}
	lexer->at++;
	return true;
}

/* At a backslash in double quotes. */
static bool skip_escape(struct lexer *lexer)
{
	size_t digits = 0;
	int value = 0;
	bool fits = true;

	if (peek(lexer, 1) == 'x' && isxdigit((unsigned char)peek(lexer, 2))) {
		digits = isxdigit((unsigned char)peek(lexer, 3)) ? 2 : 1;
		for (size_t i = 0; i < digits; i++) {
			value |= peek(lexer, 2 + i) != '0';
		}
		lexer->at += 2 + digits;
	} else if (isdigit((unsigned char)peek(lexer, 1))) {
		for (; isdigit((unsigned char)peek(lexer, 1 + digits)); digits++) {
			char c = peek(lexer, 1 + digits);

			fits = fits && digits < 3 && c < '8';
			value = fits ? value * 8 + (c - '0') : value;
		}
		fits = fits && value <= 0xff;
		lexer->at += 1 + digits;
	} else {
		value = 1;
		lexer->place.line += peek(lexer, 1) == '\n';
		lexer->at += 2;
	}
	if (!fits || value == 0) {
		problems_add(lexer->problems, lexer->place,
			"a backslash and digits stand for a byte from \\001 to \\377; write \\\\ "
			"for a backslash");
		return false;
	}
	return true;
}

static struct token read_string(struct lexer *lexer)
{
	char quote = peek(lexer, 0);
	struct place begin = lexer->place;
	struct token token = {
		.kind = TOKEN_STRING, .start = lexer->at + 1, .line = lexer->place.line};

	lexer->at++;
	while (lexer->at < lexer->len && peek(lexer, 0) != quote) {
		if (peek(lexer, 0) == '\\' && quote == '"') {
			if (!skip_escape(lexer)) {
				return bad();
			}
		} else if (peek(lexer, 0) == '\\') {
			lexer->place.line += peek(lexer, 1) == '\n';
			lexer->at += 2;
		} else if (peek(lexer, 0) == '$' && peek(lexer, 1) == '{' && quote == '"') {
			if (!skip_variable(lexer)) {
				return bad();
			}
		} else {
			lexer->place.line += peek(lexer, 0) == '\n';
			lexer->at++;
		}
	}
	if (lexer->at >= lexer->len) {
		problems_add(
			lexer->problems, begin, "a text begins here with %c and never ends", quote);
		return bad();
	}
	token.len = lexer->at - token.start;
	token.end = ++lexer->at;
	return token;
}

static struct token read_word(struct lexer *lexer)
{
	struct token token = {.kind = TOKEN_WORD, .start = lexer->at, .line = lexer->place.line};

	if (peek(lexer, 0) == '$' && peek(lexer, 1) == '{') {
		if (!skip_variable(lexer)) {
			return bad();
		}
	} else {
		while (lexer->at < lexer->len &&
			strchr(" #\"'\t\n\r={}()+,*", peek(lexer, 0)) == NULL) {
			lexer->at++;
		}
		if (peek(lexer, 0) == '{' && lexer->text[lexer->at - 1] == '$') {
			problems_add(lexer->problems, lexer->place,
				"put a value that has ${...} in its middle in double quotes");
			return bad();
		}
	}
	token.len = lexer->at - token.start;
	token.end = lexer->at;
	return token;
}

struct token lexer_next(struct lexer *lexer)
{
	struct token token = {.kind = TOKEN_MARK};
	char c;

	if (!skip_blank(lexer)) {
		return bad();
	}
	c = peek(lexer, 0);
	token.mark = c;
	token.start = lexer->at;
	token.line = lexer->place.line;
	token.len = 1;
	if (lexer->at >= lexer->len) {
		token.kind = TOKEN_END;
		token.len = 0;
	} else if (c == '"' || c == '\'') {
		return read_string(lexer);
	} else if (c == '+' && peek(lexer, 1) == '=') {
		token.len = 2;
	} else if (c == '+' || c == '*') {
		problems_add(lexer->problems, lexer->place,
			"\"%c\" has no meaning here; put the value in quotes", c);
		return bad();
	} else if (strchr("{}(),=", c) == NULL) {
		return read_word(lexer);
	}
	lexer->at += token.len;
	token.end = lexer->at;
	return token;
}
