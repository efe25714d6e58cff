#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/data_file.h"

#define PATH_SIZE 4096
#define MOST_NAME 32
#define MOST_BYTES (1 << 20)

/* The words of the template and what takes their place; the longer ones first. */
struct words {
	const char *from[4];
	char name[MOST_NAME + 1];
	char upper[MOST_NAME + 1];
};

static bool read_name(const char *name, struct words *words)
{
	size_t len = strlen(name);

	if (len < 2 || len > MOST_NAME || !islower((unsigned char)name[0]) ||
		strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != len) {
		return false;
	}
	(void)text_copy(words->name, sizeof(words->name), name);
	for (size_t i = 0; i <= len; i++) {
		words->upper[i] = (char)toupper((unsigned char)name[i]);
	}
	return true;
}

static void add_renamed(const struct words *words, const char *text, size_t len, struct buf *out)
{
	for (size_t at = 0; at < len;) {
		size_t i = 0;

		while (words->from[i] &&
			(strlen(words->from[i]) > len - at ||
				memcmp(words->from[i], text + at, strlen(words->from[i])) != 0)) {
			i++;
		}
		if (!words->from[i]) {
			buf_add_char(out, text[at++]);
			continue;
		}
		buf_add_text(out,
			isupper((unsigned char)words->from[i][0]) ? words->upper : words->name);
		at += strlen(words->from[i]);
	}
}

static int write_file(
	const char *from, const char *folder, const char *name, const struct words *words)
{
	struct buf data = {0};
	struct buf made = {0};
	struct buf renamed = {0};
	char source[PATH_SIZE];
	char to[PATH_SIZE];
	int result = fs_join(source, sizeof(source), from, name);

	if (result == 0) {
		result = fs_read_file(source, MOST_BYTES, &data);
	}
	add_renamed(words, name, strlen(name), &renamed);
	if (result == 0) {
		add_renamed(words, data.data, data.len, &made);
		result = buf_failed(&made) || !buf_cstr(&renamed)
			? -ENOMEM
			: fs_join(to, sizeof(to), folder, renamed.data);
	}
	if (result == 0) {
		result = fs_replace_file(to, made.data, made.len, 0644);
	}
	buf_finish(&data);
	buf_finish(&made);
	buf_finish(&renamed);
	return result;
}

static int write_folder(const char *from, const char *to, const struct words *words)
{
	DIR *dir = opendir(from);
	const struct dirent *entry;
	int result = 0;

	if (!dir) {
		return -errno;
	}
	while (result == 0 && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.') {
			result = write_file(from, to, entry->d_name, words);
		}
	}
	(void)closedir(dir);
	return result;
}

static int run(struct cli *cli, const struct args *args)
{
	const char *name = args_operand(args, 0);
	const bool engine = args_has(args, "engine");
	struct words words = {.from = {"template", "TINT", "tint"}};
	char from[PATH_SIZE];
	struct err err = {{0}};
	int result;

	if (engine) {
		words.from[0] = "template_engine";
		words.from[1] = NULL;
	}
	if (!read_name(name, &words)) {
		return cli_fail_usage(cli,
			"\"%s\" is no name for a plugin: it must be like my_mode, of 2 to %d "
			"lower case letters, digits and _, a letter first",
			name, MOST_NAME);
	}
	if (data_file_find(engine ? "template_engine" : "template", from, &err) < 0) {
		return cli_fail(cli, "%s", err.text);
	}
	if (mkdir(name, 0755) < 0) {
		return cli_fail(cli,
			"the folder %s cannot be made: %s; choose another name, or "
			"another place",
			name, strerror(errno));
	}
	result = write_folder(from, name, &words);
	if (result < 0) {
		return cli_fail(cli, "%s cannot be written: %s", name, strerror(-result));
	}
	if (cli->json) {
		return cli_print_object(cli, "folder", name, NULL);
	}
	cli_say(cli,
		"%s is a plugin now. Build and try it: cmake -S %s -B %s/build && cmake --build "
		"%s/build && ctest --test-dir %s/build",
		name, name, name, name, name);
	return EXIT_OK;
}

const struct command cmd_plugin_new = {
	.words = "plugin new",
	.summary = "writes the source of a new plugin",
	.notes = "The folder NAME builds by itself, with CMake, and has a test. NAME becomes the "
		 "plugin's id and, in upper case, its mode; with --engine, the engine's type.",
	.operands =
		(const struct operand_spec[]){
			{"NAME", "of the folder, the plugin and its mode", VALUE_PLAIN, false},
			{0},
		},
	.options =
		(const struct option_spec[]){
			{.name = "engine", .help = "an engine, in place of a mode"},
			{0},
		},
	.examples =
		(const struct example[]){
			{"formy plugin new sepia", "the folder sepia, with mode SEPIA"},
			{"formy plugin new --engine my_cloud", "an engine of type my_cloud"},
			{0},
		},
	.run = run,
};
