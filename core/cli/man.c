#include "cli/man.h"

#include "base/buf.h"
#include "base/roff.h"
#include "cli/command.h"
#include "cli/help.h"

static void add_option(struct buf *out, const struct option_spec *spec)
{
	struct buf name = {0};
	struct buf text = {0};

	if (spec->letter) {
		buf_printf(&name, "-%c, ", spec->letter);
	}
	buf_printf(&name, "--%s", spec->name);
	buf_add_text(&text, spec->help);
	for (const char *const *choice = spec->choices; choice && *choice; choice++) {
		buf_printf(&text, "%s%s", choice == spec->choices ? ": " : ", ", *choice);
	}
	if (buf_failed(&name) || buf_failed(&text)) {
		out->failed = true;
	} else {
		roff_add_entry(out, buf_cstr(&name), spec->value, buf_cstr(&text));
	}
	buf_finish(&name);
	buf_finish(&text);
}

static void add_paragraph(struct buf *out, const char *text)
{
	buf_add_text(out, ".PP\n");
	roff_add(out, text);
	buf_add_char(out, '\n');
}

static void add_command(struct buf *out, const struct command *command)
{
	struct buf text = {0};

	help_add_synopsis(&text, command);
	roff_add_heading(out, "SS", command->words);
	buf_add_text(out, "\\fB");
	roff_add(out, buf_failed(&text) ? "" : buf_cstr(&text));
	buf_add_text(out, "\\fR\n");
	buf_clear(&text);
	buf_printf(&text, "It %s.", command->summary);
	add_paragraph(out, buf_failed(&text) ? "" : buf_cstr(&text));
	for (const struct operand_spec *spec = command->operands; spec && spec->name; spec++) {
		roff_add_entry(out, spec->name, NULL, spec->help);
	}
	for (const struct option_spec *spec = command->options; spec && spec->name; spec++) {
		add_option(out, spec);
	}
	if (command->notes) {
		add_paragraph(out, command->notes);
	}
	buf_clear(&text);
	for (const struct example *example = command->examples; example->line; example++) {
		buf_printf(&text, "# %s\n%s\n", example->says, example->line);
	}
	roff_add_example(out, buf_failed(&text) ? "" : buf_cstr(&text));
	out->failed = out->failed || buf_failed(&text);
	buf_finish(&text);
}

void man_add_formy(struct buf *out)
{
	roff_add_head(out, "FORMY", 1, "gives pictures to Formy and fetches what becomes of them");
	buf_add_text(out,
		".SH SYNOPSIS\n\\fBformy\\fR [\\fIOPTION\\fR]... \\fICOMMAND\\fR "
		"[\\fIARGUMENT\\fR]...\n.SH DESCRIPTION\n"
		"Formy edits pictures: tasks wait in Redis, workers (\\fBformyd\\fR(8)) carry them "
		"out in plugins, and results lie in a folder. \\fBformy\\fR creates tasks, shows "
		"them, and looks after the workers. It speaks to Redis and reads the same "
		"configuration as they do.\n"
		".PP\nData goes to standard output, messages to standard error. With "
		"\\fB\\-\\-json\\fR the data of every command is JSON.\n.SH OPTIONS\n"
		"Every command takes these, before its words or behind them.\n");
	for (const struct option_spec *spec = command_global_options; spec->name; spec++) {
		add_option(out, spec);
	}
	buf_add_text(out, ".SH COMMANDS\n");
	for (size_t i = 0; command_table[i]; i++) {
		add_command(out, command_table[i]);
	}
	buf_add_text(out,
		".SH EXIT STATUS\n"
		"0: success. 1: it failed. 2: wrong usage. 3: a task that was waited for "
		"was cancelled. 130: interrupted.\n"
		".SH ENVIRONMENT\n");
	roff_add_entry(out, "NO_COLOR", NULL, "set to anything: no colours");
	roff_add_entry(out, "REDIS_URL, REDIS_HOST, ...", NULL,
		"count before the configuration file; formy.conf(5) names them all");
	buf_add_text(out, ".SH FILES\n");
	roff_add_entry(out, "/etc/formy/formy.conf", NULL, "the configuration");
	buf_add_text(out,
		".SH SEE ALSO\n\\fBformyd\\fR(8), \\fBformy.conf\\fR(5), "
		"\\fBformy\\-plugin\\fR(7)\n");
}
