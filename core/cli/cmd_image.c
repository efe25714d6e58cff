#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/ident.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/output_file.h"

static formy_image_kind read_kind(const char *text)
{
	if (text && strcmp(text, "reference") == 0) {
		return FORMY_IMAGE_REFERENCE;
	}
	return text && strcmp(text, "other") == 0 ? FORMY_IMAGE_OTHER : FORMY_IMAGE_SOURCE;
}

static int run_put(struct cli *cli, const struct args *args)
{
	formy_client *client = NULL;
	char id[FORMY_ID_SIZE];
	struct buf text = {0};
	int result = cli_open_client(cli, &client);

	if (result != EXIT_OK) {
		return result;
	}
	if (formy_image_put(client, args_operand(args, 0), read_kind(args_text(args, "kind")), id) <
		0) {
		return cli_fail_client(cli, client);
	}
	if (cli->json) {
		return cli_print_object(cli, "image_id", id, (const char *)NULL);
	}
	buf_printf(&text, "%s\n", id);
	return cli_print(cli, &text);
}

/* The id of a task stands for its output image. */
static int get_of_task(struct cli *cli, formy_client *client, const char *id, const char *path)
{
	formy_task_info *task = NULL;
	int result = formy_task_get(client, id, &task);

	if (result == FORMY_CLIENT_E_NOT_FOUND) {
		return cli_fail(cli, "%s: there is no image of that id or name, and no task", id);
	}
	if (result < 0) {
		return cli_fail_client(cli, client);
	}
	if (task->status != FORMY_TASK_DONE) {
		result = cli_fail(cli, "%s is %s and has no output image", id,
			formy_task_status_name(task->status));
	} else {
		result = output_file_write_result(cli, client, task, path);
	}
	formy_task_free(task);
	return result;
}

/* Sends a picture on to another program. */
static int get_to_stdout(struct cli *cli, formy_client *client, const char *name)
{
	char block[65536];
	int result = EXIT_OK;
	ssize_t len;
	int fd;

	if (isatty(STDOUT_FILENO)) {
		return cli_fail_usage(cli, "a picture is nothing for a terminal; use -o FILE");
	}
	if (formy_image_open(client, name, &fd) < 0) {
		return cli_fail_client(cli, client);
	}
	while ((len = read(fd, block, sizeof(block))) > 0 && result == EXIT_OK) {
		struct buf part = {0};

		buf_add(&part, block, (size_t)len);
		result = cli_print(cli, &part);
	}
	if (len < 0) {
		result = cli_fail(cli, "%s cannot be read", name);
	}
	fs_close(fd);
	return result;
}

static int run_get(struct cli *cli, const struct args *args)
{
	const char *name = args_operand(args, 0);
	const char *path = args_text(args, "output");
	formy_client *client = NULL;
	int result;

	if (!path) {
		return cli_fail_usage(cli, "-o FILE is missing: where shall the picture go?");
	}
	result = cli_open_client(cli, &client);
	if (result != EXIT_OK) {
		return result;
	}
	if (strcmp(path, "-") == 0) {
		return get_to_stdout(cli, client, name);
	}
	result = output_file_check(cli, path);
	if (result != EXIT_OK) {
		return result;
	}
	result = formy_image_get(client, name, path);
	if (result == FORMY_CLIENT_E_NOT_FOUND && ident_is_task_id(name, strlen(name)) &&
		strncmp(name, "img_", 4) != 0) {
		result = get_of_task(cli, client, name, path);
	} else if (result < 0) {
		result = cli_fail_client(cli, client);
	}
	if (result == EXIT_OK && cli->json) {
		result = cli_print_object(cli, "image", name, "file", path, (const char *)NULL);
	}
	return result;
}

static const char *const kinds[] = {"source", "reference", "other", NULL};

const struct command cmd_image_put = {
	.words = "image put",
	.summary = "stores a picture and prints its id",
	.notes = "Taken are JPEG, PNG and WebP, by content and not by name.",
	.operands =
		(const struct operand_spec[]){
			{"FILE", "the picture", VALUE_FILE, false},
			{0},
		},
	.options =
		(const struct option_spec[]){
			{.name = "kind",
				.type = OPTION_CHOICE,
				.value = "KIND",
				.choices = kinds,
				.help = "which folder it is kept in; source, unless said"},
			{0},
		},
	.examples =
		(const struct example[]){
			{"formy image put photo.jpg", "a picture for several tasks"},
			{"formy image put beach.jpg --kind reference", "a background"},
			{0},
		},
	.run = run_put,
};

const struct command cmd_image_get = {
	.words = "image get",
	.summary = "writes a stored picture or a task's result to a file",
	.operands =
		(const struct operand_spec[]){
			{"ID", "an image's id, a task's id, or a result's name (/results/...)",
				VALUE_IMAGE, false},
			{0},
		},
	.options =
		(const struct option_spec[]){
			{.name = "output",
				.letter = 'o',
				.type = OPTION_TEXT,
				.value = "FILE",
				.kind = VALUE_FILE,
				.help = "where it goes; - is standard output"},
			{0},
		},
	.examples =
		(const struct example[]){
			{"formy image get img_20261117_k3v9x0q2a7 -o photo.jpg",
				"an uploaded picture"},
			{"formy image get task_20261117_k3v9x0q2a7 -o cut.png",
				"the output image of a task"},
			{0},
		},
	.run = run_get,
};
