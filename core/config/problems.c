#include "config/problems.h"

#include "base/buf.h"
#include "base/limits.h"
#include "config/array.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void problems_add(struct config_problems *problems, struct place place, const char *format, ...)
{
	struct buf text = {0};
	char sentence[1024];
	va_list args;

	if (problems->count == LIMIT_CONFIG_PROBLEMS) {
		problems->lost = true;
		return;
	}
	va_start(args, format);
	(void)vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	/* texts from files stand in the sentence: one problem stays one line */
	for (char *c = sentence; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f) {
			*c = '?';
		}
	}
	if (place.line > 0) {
		buf_printf(&text, "%s:%d: %s", place.file, place.line, sentence);
	} else {
		buf_printf(&text, "%s: %s", place.file, sentence);
	}
	if (buf_failed(&text) ||
		array_add_text(&problems->texts, &problems->count, buf_cstr(&text)) < 0) {
		problems->lost = true;
	}
	buf_finish(&text);
}

void config_problems_finish(struct config_problems *problems)
{
	if (problems == NULL) {
		return;
	}
	array_free_texts(problems->texts, problems->count);
	*problems = (struct config_problems){0};
}
