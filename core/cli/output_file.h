/* A picture written where a person wants it. */
#ifndef FORMY_CLI_OUTPUT_FILE_H
#define FORMY_CLI_OUTPUT_FILE_H

#include <formy/client.h>

struct cli;

/* Finds out early that a file cannot be written: its folder is missing or closed. Returns EXIT_OK,
 * or says so and returns the exit code. */
int output_file_check(struct cli *cli, const char *path);

/* Writes the output image of a task that is done. */
int output_file_write_result(
	struct cli *cli, formy_client *client, const formy_task_info *task, const char *path);

#endif
