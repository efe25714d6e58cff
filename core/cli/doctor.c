#include "cli/doctor.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/json.h"
#include "cli/table.h"
#include "cli/text.h"

void doctor_finish(struct doctor *doctor)
{
	buf_finish(&doctor->text);
	buf_finish(&doctor->json);
}

void doctor_add(struct doctor *doctor, enum finding_state state, const char *subject,
	const char *mend, const char *format, ...)
{
	static const struct {
		const char *name;
		const char *word;
		enum paint paint;
	} states[] = {
		[FINDING_OK] = {"ok", "ok     ", PAINT_GOOD},
		[FINDING_WARNING] = {"warning", "warning", PAINT_BUSY},
		[FINDING_WRONG] = {"wrong", "WRONG  ", PAINT_BAD},
	};
	char what[2048];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	doctor->wrong += state == FINDING_WRONG;
	doctor->warnings += state == FINDING_WARNING;
	table_add_painted(&doctor->text, states[state].word, states[state].paint, doctor->color);
	buf_printf(&doctor->text, "  %s: ", subject);
	text_add_safe(&doctor->text, what);
	buf_add_char(&doctor->text, '\n');
	if (mend) {
		buf_add_text(&doctor->text, "           do: ");
		text_add_safe(&doctor->text, mend);
		buf_add_char(&doctor->text, '\n');
	}
	buf_printf(&doctor->json, "%s{\"state\": \"%s\", \"subject\": \"%s\", \"what\": ",
		doctor->json.len > 0 ? ", " : "", states[state].name, subject);
	json_add_string(&doctor->json, what);
	buf_add_text(&doctor->json, ", \"mend\": ");
	if (mend) {
		json_add_string(&doctor->json, mend);
	} else {
		buf_add_text(&doctor->json, "null");
	}
	buf_add_char(&doctor->json, '}');
}
