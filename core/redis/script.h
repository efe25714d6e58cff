/* A Lua script as it is compiled in: text and name of the text. */
#ifndef FORMY_REDIS_SCRIPT_H
#define FORMY_REDIS_SCRIPT_H

#include <stddef.h>

struct script {
	const char *name; /* "turn" */
	const char *text;
	size_t len;
	const char *sha1; /* 40 hexadecimal digits, as EVALSHA wants them */
};

#endif
