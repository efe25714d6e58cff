#include "config/config.h"

#include "base/buf.h"
#include "base/roff.h"
#include "config/options.h"

#include <string.h>

static const char head[] =
	".SH DESCRIPTION\n"
	"\\fI/etc/formy/formy.conf\\fR, and after it \\fIconf.d/*.conf\\fR beside it in the order "
	"of their names, configure \\fBformyd\\fR(8) and \\fBformy\\fR(1). What counts, the "
	"strongest first: the command line, the environment, the files, the default. "
	"\\fBformyd \\-t\\fR checks all of it, \\fBformyd \\-T\\fR prints what is in force.\n"
	".PP\n"
	"A file has sections with options in them. Of an option that is given in two sections the "
	"later counts, but a mode or an engine has one section in all files. "
	"include(\"FILE\") reads a file where it stands. Relative paths begin at the folder of "
	"\\fIformy.conf\\fR. A # begins a comment.\n"
	".PP\n"
	"Values are \"text\" or 'text', 10, 10MiB, 2s, true, {\"a\", \"list\"}. Times are ms, s, "
	"m, "
	"h or d, a bare number is seconds; sizes are KiB, MiB, GiB, kB, MB or GB, a bare number is "
	"bytes. In double quotes, and without quotes, ${NAME} is the environment variable NAME, or "
	"nothing, and ${NAME:\\-text} is text where there is no such variable.\n";

static const char example[] = "redis { unix_socket = \"/run/redis/redis\\-server.sock\" }\n"
			      "tasks { timeout = 120s }\n"
			      "mode \"BACKGROUND_CHANGE\" {\n"
			      "    engine = \"local\"\n"
			      "    concurrency = 2\n"
			      "}\n";

static void add_option(const struct option *option, struct buf *out)
{
	struct buf tail = {0};

	roff_add_entry(out, option->name, NULL, option->help);
	if (option->choices != NULL) {
		buf_add_text(&tail, "One of");
		for (int i = 0; option->choices[i] != NULL; i++) {
			buf_printf(&tail, "%s %s", i == 0 ? "" : ",", option->choices[i]);
		}
		buf_add_text(&tail, ".\n");
	}
	buf_printf(&tail, "Default: %s.\n",
		option->standard != NULL                ? option->standard
			: option->standard_help != NULL ? option->standard_help
							: "none");
	if (option->environment != NULL) {
		buf_printf(&tail, "Environment: %s.\n", option->environment);
	}
	if (option->restart) {
		buf_add_text(&tail, "A change needs a restart.\n");
	}
	roff_add(out, buf_failed(&tail) ? "" : buf_cstr(&tail));
	out->failed = out->failed || buf_failed(&tail);
	buf_finish(&tail);
}

static void add_section(const char *section, struct buf *out)
{
	size_t outer = option_section_outer(section);

	buf_add_text(out, ".SS ");
	if (outer > 0) {
		buf_printf(
			out, "%s, in the section %.*s", section + outer + 1, (int)outer, section);
	} else {
		buf_printf(
			out, "%s%s", section, option_section_is_open(section) ? " \"NAME\"" : "");
	}
	buf_add_char(out, '\n');
	if (strcmp(section, "mode") == 0) {
		buf_add_text(out,
			"A mode runs on this worker when it has a section. Members that "
			"are not listed here go to the mode's plugin.\n");
	} else if (strcmp(section, "engine") == 0) {
		buf_add_text(out,
			"An engine does the work of modes. The engine \"local\" is there "
			"without a section. Members that are not listed here go to its "
			"plugin.\n");
	}
	for (size_t i = 0; i < option_count; i++) {
		if (strcmp(options[i].section, section) == 0) {
			add_option(&options[i], out);
		}
	}
}

void config_man(struct buf *out)
{
	const char *section = "";

	roff_add_head(out, "FORMY.CONF", 5, "configuration of Formy");
	buf_add_text(out, head);
	buf_add_text(out, ".SH OPTIONS\n");
	for (size_t i = 0; i < option_count; i++) {
		if (strcmp(options[i].section, section) != 0) {
			section = options[i].section;
			add_section(section, out);
		}
	}
	buf_add_text(out, ".SH EXAMPLE\n.nf\n");
	buf_add_text(out, example);
	buf_add_text(out, ".fi\n.SH FILES\n");
	roff_add_entry(
		out, "/etc/formy/formy.conf", NULL, "every option with its default, commented out");
	roff_add_entry(
		out, "/etc/formy/conf.d/", NULL, "further files, for one mode or engine each");
	roff_add_entry(out, "/etc/formy/workflows/", NULL, "workflows of engines that need them");
	buf_add_text(out, ".SH SEE ALSO\n\\fBformyd\\fR(8), \\fBformy\\fR(1)\n");
}
