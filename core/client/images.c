#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "client/handle.h"

static int code_of(int result)
{
	switch (-result) {
	case 0:
		return FORMY_CLIENT_OK;
	case ENOENT:
	case ENOTDIR:
		return FORMY_CLIENT_E_NOT_FOUND;
	case EINVAL:
	case EBADMSG:
	case EFBIG:
		return FORMY_CLIENT_E_IMAGE;
	case ENOMEM:
		return FORMY_CLIENT_E_MEMORY;
	default:
		return FORMY_CLIENT_E_STORAGE;
	}
}

static enum store_kind kind_of(formy_image_kind kind)
{
	switch (kind) {
	case FORMY_IMAGE_REFERENCE:
		return STORE_REFERENCE;
	case FORMY_IMAGE_OTHER:
		return STORE_OTHER;
	default:
		return STORE_SOURCE;
	}
}

int formy_image_put(
	formy_client *client, const char *path, formy_image_kind kind, char ret_id[FORMY_ID_SIZE])
{
	char id[IDENT_ID_SIZE];
	int result = store_put_file(&client->store, path, kind_of(kind), &client->err, id);

	if (result == 0) {
		(void)text_copy(ret_id, FORMY_ID_SIZE, id);
	}
	return code_of(result);
}

int formy_image_open(formy_client *client, const char *name, int *ret_fd)
{
	int result = store_open_image(&client->store, name, &client->err, ret_fd);

	if (result == -EINVAL) {
		return FORMY_CLIENT_E_NOT_FOUND;
	}
	if (result == -ENOENT && strncmp(name, "/results/", 9) == 0) {
		return handle_fail(client, FORMY_CLIENT_E_NOT_FOUND,
			"%s is not in %s: is that the results folder of the workers, too?", name,
			client->results);
	}
	return code_of(result);
}

int formy_image_get(formy_client *client, const char *name, const char *path)
{
	struct stat st;
	int fd = -1;
	int result = formy_image_open(client, name, &fd);

	if (result < 0) {
		return result;
	}
	result = fstat(fd, &st) < 0 ? -errno : fs_copy_to(fd, path, (size_t)st.st_size, 0644);
	fs_close(fd);
	if (result < 0) {
		return handle_fail(client, FORMY_CLIENT_E_STORAGE, "%s cannot be written: %s", path,
			strerror(-result));
	}
	return FORMY_CLIENT_OK;
}
