#include "config/config.h"

#include "base/buf.h"
#include "config/options.h"

#include <string.h>

#define WIDTH 78

static const char head[] =
	"# The configuration of Formy: formyd -t checks it.\n"
	"#\n"
	"# Each option stands here with its default, commented out. What counts, the strongest\n"
	"# first: the command line, the environment, this file, the default. After this file,\n"
	"# conf.d/*.conf beside it are read in the order of their names; include(\"FILE\") reads "
	"a\n"
	"# file where it stands. Of an option that is given in two sections the later counts, but "
	"a\n"
	"# mode or an engine has one section in all files. Relative paths begin at this file's\n"
	"# folder, those of the environment and the command line at the current one.\n"
	"#\n"
	"# Values: \"text\" or 'text', 10, 10MiB, 2s, true, {\"a\", \"list\"}. Times are ms, s, m, "
	"h or\n"
	"# d, a bare number is seconds; sizes are KiB, MiB, GiB, kB, MB or GB, a bare number is\n"
	"# bytes. In double quotes, and without quotes, ${NAME} is the environment variable NAME, "
	"or\n"
	"# nothing, and ${NAME:-text} is text where there is no such variable; \\${ is for the\n"
	"# characters themselves.\n";

static const char mode_head[] =
	"# A mode runs on this worker when it has a section. Members that are not listed here go\n"
	"# to the mode's plugin.\n"
	"#\n"
	"# mode \"BACKGROUND_CHANGE\" {\n"
	"# \tengine = \"local\"\n"
	"# \tconcurrency = 2\n"
	"# \ttimeout = 60s\n"
	"# }\n"
	"#\n"
	"# All that the core knows of a mode:\n"
	"#\n";

static const char engine_head[] =
	"# An engine does the work of modes; members that are not listed here go to its plugin.\n"
	"# The engine \"local\" is there without a section.\n"
	"#\n"
	"# engine \"my-comfyui\" {\n"
	"# \ttype = \"comfyui\"\n"
	"# \turls = {\"http://gpu1:8188\", \"http://gpu2:8188\"}\n"
	"# }\n"
	"# engine \"cloud\" {\n"
	"# \ttype = \"openai\"\n"
	"# \tapi_key_file = \"/etc/formy/openai.key\"\n"
	"# }\n"
	"# mode \"HEAD_SWAP\" {\n"
	"# \tengine = \"my-comfyui\"\n"
	"# \tfallback = \"cloud\"\n"
	"# \tworkflow = \"head_swap.json\"\n"
	"# }\n"
	"#\n"
	"# All that the core knows of an engine:\n"
	"#\n";

/* Words behind a prefix, broken into lines. */
static void add_wrapped(const char *prefix, const char *text, struct buf *out)
{
	size_t column = 0;

	while (*text != '\0') {
		size_t len = strcspn(text, " ");

		if (column == 0 || column + 1 + len > WIDTH) {
			buf_printf(out, "%s%s", column == 0 ? "" : "\n", prefix);
			column = strlen(prefix);
		} else {
			buf_add_char(out, ' ');
			column++;
		}
		buf_add(out, text, len);
		column += len;
		text += len;
		text += strspn(text, " ");
	}
	buf_add_char(out, '\n');
}

static bool wants_quotes(const struct option *option)
{
	return option->type == OPTION_TEXT || option->type == OPTION_PATH ||
		option->type == OPTION_WORKFLOW || option->type == OPTION_CHOICE;
}

static void add_option(const char *prefix, const struct option *option, struct buf *out)
{
	const char *quote = wants_quotes(option) ? "\"" : "";

	add_wrapped(prefix, option->help, out);
	if (option->choices != NULL) {
		buf_printf(out, "%sOne of", prefix);
		for (int i = 0; option->choices[i] != NULL; i++) {
			buf_printf(out, "%s %s", i == 0 ? "" : ",", option->choices[i]);
		}
		buf_add_text(out, ".\n");
	}
	if (option->environment != NULL) {
		buf_printf(out, "%sEnvironment: %s\n", prefix, option->environment);
	}
	if (option->restart) {
		buf_printf(out, "%sA change needs a restart.\n", prefix);
	}
	if (option->standard != NULL) {
		buf_printf(out, "%s%s = %s%s%s\n", prefix, option->name, quote, option->standard,
			quote);
	} else {
		buf_printf(out, "%s%s = ...   (default: %s)\n", prefix, option->name,
			option->standard_help == NULL ? "none" : option->standard_help);
	}
}

static void add_inner(const char *section, struct buf *out)
{
	const char *inner = "";

	for (size_t i = 0; i < option_count; i++) {
		size_t outer = option_section_outer(options[i].section);

		if (outer != strlen(section) || strncmp(options[i].section, section, outer) != 0) {
			continue;
		}
		if (strcmp(options[i].section, inner) != 0) {
			buf_printf(out, "%s\n\t%s {\n", inner[0] != '\0' ? "\t}\n" : "",
				options[i].section + outer + 1);
			inner = options[i].section;
		} else {
			buf_add_char(out, '\n');
		}
		add_option("\t\t# ", &options[i], out);
	}
	buf_add_text(out, inner[0] != '\0' ? "\t}\n" : "");
}

static void add_section(const char *section, struct buf *out)
{
	bool open = option_section_is_open(section);
	bool first = true;

	buf_add_char(out, '\n');
	if (open) {
		buf_add_text(out, strcmp(section, "mode") == 0 ? mode_head : engine_head);
		buf_printf(out, "# %s \"%s\" {\n", section,
			strcmp(section, "mode") == 0 ? "NAME" : "name");
	} else {
		buf_printf(out, "%s {\n", section);
	}
	for (size_t i = 0; i < option_count; i++) {
		if (strcmp(options[i].section, section) == 0) {
			if (!first) {
				buf_add_text(out, open ? "#\n" : "\n");
			}
			add_option(open ? "# \t" : "\t# ", &options[i], out);
			first = false;
		}
	}
	add_inner(section, out);
	buf_add_text(out, open ? "# }\n" : "}\n");
}

void config_sample(struct buf *out)
{
	const char *section = "";

	buf_add_text(out, head);
	for (size_t i = 0; i < option_count; i++) {
		if (strcmp(options[i].section, section) != 0 &&
			option_section_outer(options[i].section) == 0) {
			section = options[i].section;
			add_section(section, out);
		}
	}
}
