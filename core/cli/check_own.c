#include "cli/check_own.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "cli/args.h"
#include "cli/check_case.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "plugin/descriptor.h"
#include "plugin/params.h"

#define MOST_BYTES (64 << 20)

static int find_mode(struct cli *cli, const struct args *args, const struct descriptor *descriptor,
	const struct descriptor_mode **ret_mode)
{
	const char *name = args_text(args, "mode");

	if (!name && descriptor->mode_count == 1) {
		*ret_mode = &descriptor->modes[0];
		return EXIT_OK;
	}
	*ret_mode = name ? descriptor_find_mode(descriptor, name) : NULL;
	if (*ret_mode) {
		return EXIT_OK;
	}
	return name ? cli_fail(cli, "the plugin has no mode %s", name)
		    : cli_fail_usage(cli, "the plugin has several modes; name one with --mode");
}

static int read_picture(struct cli *cli, const char *path, struct buf *data)
{
	int result = fs_read_file(path, MOST_BYTES, data);

	return result == 0 ? EXIT_OK
			   : cli_fail(cli, "%s cannot be read: %s", path, strerror(-result));
}

/* The task's parameters as the worker would hand them to the plugin. */
static int read_config(struct cli *cli, const struct args *args, const struct descriptor_mode *mode,
	struct json_object **ret_config)
{
	const char *text = args_text(args, "config");
	struct params_problem problem;
	struct json_object *given = NULL;
	struct err err = {{0}};
	int result = EXIT_OK;

	if (text && json_parse(text, strlen(text), LIMIT_TASK_DATA, &err, &given) < 0) {
		return cli_fail_usage(cli, "--config: %s", err.text);
	}
	if (params_check(mode, given, NULL, &problem, ret_config) < 0) {
		result = cli_fail(cli, "%s: %s", problem.code, problem.message);
	}
	json_object_put(given);
	return result;
}

static int save(struct cli *cli, const struct check_case *one, const char *to)
{
	char from[256];
	struct buf data = {0};
	int result = fs_join(from, sizeof(from), one->scratch, one->output_file);

	if (result == 0) {
		result = fs_read_file(from, MOST_BYTES, &data);
	}
	if (result == 0) {
		result = fs_replace_file(to, data.data, data.len, 0644);
	}
	buf_finish(&data);
	return result == 0 ? EXIT_OK
			   : cli_fail(cli, "%s cannot be written: %s", to, strerror(-result));
}

static int judge(struct cli *cli, const struct args *args, struct check_case *one)
{
	const char *to = args_text(args, "output");

	if (one->problem.text[0]) {
		return cli_fail(cli, "it breaks a rule: %s", one->problem.text);
	}
	if (one->status < 0) {
		return cli_fail(cli, "the task fails with status %d%s%s%s%s%s%s%s",
			(int)one->status, one->code[0] ? ", " : "", one->code,
			one->message[0] ? ": " : "; -v shows its log", one->message,
			one->details[0] ? " (" : "", one->details, one->details[0] ? ")" : "");
	}
	if (to && !one->output_file[0]) {
		return cli_fail(cli, "the mode makes no picture");
	}
	return to ? save(cli, one, to) : EXIT_OK;
}

int check_own(struct cli *cli, const struct args *args, const struct check_target *target,
	const struct descriptor *descriptor)
{
	const char *paths[] = {args_text(args, "source"), args_text(args, "reference")};
	const struct descriptor_mode *mode = NULL;
	struct json_object *config = NULL;
	struct buf pictures[2] = {{0}};
	struct check_job job = {0};
	struct check_case one;
	int result = find_mode(cli, args, descriptor, &mode);

	if (result == EXIT_OK) {
		result = read_config(cli, args, mode, &config);
	}
	for (size_t i = 0; result == EXIT_OK && i < mode->input_count; i++) {
		size_t which = mode->inputs[i].source ? 0 : 1;

		if (!paths[which]) {
			continue;
		}
		if (pictures[which].len == 0) {
			result = read_picture(cli, paths[which], &pictures[which]);
		}
		job.pictures[job.count].role = mode->inputs[i].role;
		job.pictures[job.count].data = pictures[which].data;
		job.pictures[job.count++].len = pictures[which].len;
	}
	if (result == EXIT_OK) {
		job.config = json_text(config);
		if (check_begin(&one, target, mode->name)) {
			(void)check_run(&one, &job);
		}
		result = judge(cli, args, &one);
		(void)check_end(&one);
	}
	json_object_put(config);
	buf_finish(&pictures[0]);
	buf_finish(&pictures[1]);
	return result;
}
