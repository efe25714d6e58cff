#include "base/roff.h"

#include <ctype.h>

#include "base/buf.h"

static bool begins_line(const struct buf *out)
{
	return out->len == 0 || out->data[out->len - 1] == '\n';
}

void roff_add(struct buf *out, const char *text)
{
	for (const char *at = text; *at; at++) {
		/* a dot or a quote at the beginning of a line would be a macro */
		if ((*at == '.' || *at == '\'') && begins_line(out)) {
			buf_add_text(out, "\\&");
		}
		if (*at == '\\') {
			buf_add_text(out, "\\e");
		} else if (*at == '-') {
			buf_add_text(out, "\\-");
		} else {
			buf_add_char(out, *at);
		}
	}
}

void roff_add_head(struct buf *out, const char *title, int section, const char *about)
{
	buf_printf(out, ".TH %s %d \"\" \"Formy " FORMY_VERSION "\" \"Formy\"\n.SH NAME\n", title,
		section);
	for (; *title; title++) {
		buf_add_char(out, (char)tolower((unsigned char)*title));
	}
	buf_add_text(out, " \\- ");
	roff_add(out, about);
	buf_add_char(out, '\n');
}

void roff_add_heading(struct buf *out, const char *macro, const char *text)
{
	buf_printf(out, ".%s ", macro);
	roff_add(out, text);
	buf_add_char(out, '\n');
}

void roff_add_entry(struct buf *out, const char *tag, const char *value, const char *text)
{
	buf_add_text(out, ".TP\n\\fB");
	roff_add(out, tag);
	buf_add_text(out, "\\fR");
	if (value) {
		buf_add_text(out, " \\fI");
		roff_add(out, value);
		buf_add_text(out, "\\fR");
	}
	buf_add_char(out, '\n');
	roff_add(out, text);
	buf_add_char(out, '\n');
}

void roff_add_example(struct buf *out, const char *lines)
{
	buf_add_text(out, ".PP\n.RS 4\n.nf\n");
	roff_add(out, lines);
	if (!begins_line(out)) {
		buf_add_char(out, '\n');
	}
	buf_add_text(out, ".fi\n.RE\n");
}
