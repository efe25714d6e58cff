#include "cli/output_file.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/cli.h"
#include "cli/command.h"

int output_file_check(struct cli *cli, const char *path)
{
	char folder[4096];
	char *slash;
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		return cli_fail(cli, "-o %s is a folder; name a file in it", path);
	}
	if (!text_copy(folder, sizeof(folder), path)) {
		return cli_fail(cli, "-o: the name is too long");
	}
	slash = strrchr(folder, '/');
	if (!slash) {
		(void)text_copy(folder, sizeof(folder), ".");
	} else {
		slash[slash == folder] = '\0';
	}
	if (access(folder, W_OK | X_OK) < 0) {
		return cli_fail(cli, "-o %s cannot be written: the folder %s: %s", path, folder,
			strerror(errno));
	}
	return EXIT_OK;
}

/* "JPEG" and "jpg" name the same. */
static bool same_format(const char *extension, const char *format)
{
	if (strcasecmp(extension, "jpg") == 0) {
		extension = "jpeg";
	}
	if (strcasecmp(format, "jpg") == 0) {
		format = "jpeg";
	}
	return strcasecmp(extension, format) == 0;
}

/* The bytes are written as they are: a person who named another type is told. */
static void remark_format(struct cli *cli, const formy_task_info *task, const char *path)
{
	const char *dot = strrchr(path, '.');
	const char *format = task->output_format;

	if (format && dot && !strchr(dot, '/') && !same_format(dot + 1, format)) {
		cli_say(cli, "%s holds a %s, whatever its name says", path, format);
	}
}

int output_file_write_result(
	struct cli *cli, formy_client *client, const formy_task_info *task, const char *path)
{
	if (!task->output_image) {
		return cli_fail(cli, "%s is done and has no output image", task->id);
	}
	if (formy_image_get(client, task->output_image, path) < 0) {
		return cli_fail_client(cli, client);
	}
	remark_format(cli, task, path);
	if (cli->error_tty || cli->verbose) {
		cli_say(cli, "written to %s", path);
	}
	return EXIT_OK;
}
