/* A picture as a person names it on the command line: a file, which is stored first, or the id of
 * one that is stored. */
#ifndef FORMY_CLI_IMAGE_ARG_H
#define FORMY_CLI_IMAGE_ARG_H

#include <formy/client.h>

struct cli;

struct image_arg {
	const char *text; /* as it was given; NULL: none */
	const char *what; /* for messages: "SOURCE", "--reference" */
	formy_image_kind kind;
	int is_file;
	char id[FORMY_ID_SIZE]; /* "" until it is known */
};

/* Finds out what the text is, and stores nothing yet. Returns EXIT_OK, or says what is wrong and
 * returns the exit code. */
int image_arg_check(struct cli *cli, formy_client *client, struct image_arg *image);

/* When the file is the stored picture of that id, byte for byte, it is that picture. */
void image_arg_recognise(formy_client *client, struct image_arg *image, const char *id);

/* Stores the file, if it is one. Returns as image_arg_check(). */
int image_arg_store(struct cli *cli, formy_client *client, struct image_arg *image);

#endif
