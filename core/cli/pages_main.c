/* formy-pages NAME: writes formy.1, formy.conf.5, or the commands' table for the completion of
 * shells. Run by the build, never installed. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "cli/complete.h"
#include "cli/man.h"
#include "config/config.h"

static const struct {
	const char *name;
	void (*add)(struct buf *out);
} pages[] = {
	{"formy.1", man_add_formy},
	{"formy.conf.5", config_man},
	{"completion.sh", complete_add_shell},
	{"completion.fish", complete_add_fish},
};

int main(int argc, char **argv)
{
	struct buf out = {0};
	const char *text;
	int result = 1;

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		if (argc == 2 && strcmp(argv[1], pages[i].name) == 0) {
			pages[i].add(&out);
		}
	}
	text = buf_cstr(&out);
	if (text && text[0] && fputs(text, stdout) >= 0 && fflush(stdout) == 0) {
		result = 0;
	}
	buf_finish(&out);
	return result;
}
