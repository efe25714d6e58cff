#include "cli/image_arg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/ident.h"
#include "cli/cli.h"
#include "cli/command.h"

/* Made by Formy, so meant as an id, whether or not the store can be seen from here. */
static bool looks_made_here(const char *text)
{
	return strncmp(text, "img_", 4) == 0;
}

int image_arg_check(struct cli *cli, formy_client *client, struct image_arg *image)
{
	struct stat st;
	int result;
	int fd;

	if (!image->text) {
		return EXIT_OK;
	}
	if (stat(image->text, &st) == 0) {
		if (S_ISDIR(st.st_mode)) {
			return cli_fail(cli, "%s %s is a folder; name a picture in it", image->what,
				image->text);
		}
		image->is_file = true;
		return EXIT_OK;
	}
	if (errno != ENOENT && errno != ENOTDIR && errno != ENAMETOOLONG) {
		return cli_fail(
			cli, "%s %s cannot be read: %s", image->what, image->text, strerror(errno));
	}
	if (!ident_is_image_id(image->text, strlen(image->text))) {
		return cli_fail(cli,
			"%s %s: there is no such file, and an image id has only letters, digits, "
			"'_' and '-'",
			image->what, image->text);
	}
	if (!looks_made_here(image->text)) {
		result = formy_image_open(client, image->text, &fd);
		if (result == FORMY_CLIENT_E_NOT_FOUND) {
			return cli_fail(cli,
				"%s %s: there is no such file, and no stored image of that id",
				image->what, image->text);
		}
		/* a store that cannot be read from here is the worker's to judge */
		fs_close(result == 0 ? fd : -1);
	}
	(void)text_copy(image->id, sizeof(image->id), image->text);
	return EXIT_OK;
}

/* Less than asked for only at the end. */
static ssize_t read_full(int fd, char *to, size_t len)
{
	size_t have = 0;

	while (have < len) {
		ssize_t got = read(fd, to + have, len - have);

		if (got < 0 && errno != EINTR) {
			return -1;
		}
		if (got == 0) {
			break;
		}
		have += got > 0 ? (size_t)got : 0;
	}
	return (ssize_t)have;
}

static bool same_bytes(int a, int b)
{
	char one[16384];
	char other[sizeof(one)];
	ssize_t got;

	do {
		got = read_full(a, one, sizeof(one));
		if (got < 0 || read_full(b, other, sizeof(other)) != got ||
			memcmp(one, other, (size_t)got) != 0) {
			return false;
		}
	} while (got > 0);
	return true;
}

void image_arg_recognise(formy_client *client, struct image_arg *image, const char *id)
{
	int stored = -1;
	int given;

	if (!image->is_file || !id || formy_image_open(client, id, &stored) < 0) {
		return;
	}
	given = open(image->text, O_RDONLY | O_CLOEXEC);
	if (given >= 0 && same_bytes(given, stored)) {
		image->is_file = false;
		(void)text_copy(image->id, sizeof(image->id), id);
	}
	fs_close(given);
	fs_close(stored);
}

int image_arg_store(struct cli *cli, formy_client *client, struct image_arg *image)
{
	if (!image->is_file) {
		return EXIT_OK;
	}
	if (formy_image_put(client, image->text, image->kind, image->id) < 0) {
		return cli_fail_client(cli, client);
	}
	return EXIT_OK;
}
