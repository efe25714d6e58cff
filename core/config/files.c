#include "config/files.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/limits.h"
#include "config/array.h"
#include "config/options.h"
#include "config/parse.h"
#include "config/scan.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct identity {
	dev_t device;
	ino_t inode;
};

struct reader {
	struct config *config;
	struct config_problems *problems;
	struct document *document;
	struct identity *seen; /* as many as config->files */
};

static int read_file(struct reader *reader, const char *path, struct place from, int depth);

/* The folder of a path, as a text to put names behind. */
static void folder_of(const char *path, char folder[PATH_MAX])
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL) {
		(void)text_copy(folder, PATH_MAX, ".");
	} else if (slash == path) {
		(void)text_copy(folder, PATH_MAX, "/");
	} else {
		(void)text_copy(folder, PATH_MAX, path);
		folder[slash - path] = '\0';
	}
}

static int explain(struct reader *reader, struct place from, const char *path, int code)
{
	const char *what = code == -ENOENT || code == -ENOTDIR ? "there is no such file"
		: code == -EISDIR ? "this is a directory, but a file is wanted"
		: code == -EINVAL ? "this is not a regular file"
		: code == -EFBIG  ? "the file is larger than a configuration may be (1 MiB)"
		: code == -EACCES ? "you may not read this file"
				  : strerror(-code);

	if (code == -ENOMEM) {
		return code;
	}
	if (from.line > 0) {
		problems_add(reader->problems, from, "include of %s: %s", path, what);
	} else {
		problems_add(reader->problems, (struct place){path, 0}, "%s", what);
	}
	return -EINVAL;
}

/* The number of a file among those that were read, or -1. */
static int find_seen(const struct reader *reader, const struct stat *st)
{
	for (size_t i = 0; i < reader->config->file_count; i++) {
		if (reader->seen[i].device == st->st_dev && reader->seen[i].inode == st->st_ino) {
			return (int)i;
		}
	}
	return -1;
}

static int remember(struct reader *reader, const char *path, const struct stat *st)
{
	size_t count = reader->config->file_count;
	struct identity *seen = array_grow(reader->seen, count, sizeof(*seen));

	if (seen == NULL) {
		return -ENOMEM;
	}
	reader->seen = seen;
	seen[count] = (struct identity){st->st_dev, st->st_ino};
	return array_add_text(&reader->config->files, &reader->config->file_count, path);
}

static int include_file(struct reader *reader, const struct document_block *block, int depth)
{
	char folder[PATH_MAX];
	char path[PATH_MAX];
	struct stat st;
	int seen;

	folder_of(block->place.file, folder);
	if (block->title[0] == '/') {
		folder[0] = '\0';
	}
	if (strlen(block->title) + strlen(folder) + 2 > sizeof(path)) {
		return explain(reader, block->place, block->title, -ENAMETOOLONG);
	}
	if (folder[0] == '\0') {
		(void)text_copy(path, sizeof(path), block->title);
	} else {
		(void)fs_join(path, sizeof(path), folder, block->title);
	}
	if (depth == LIMIT_CONFIG_DEPTH) {
		problems_add(reader->problems, block->place,
			"include of %s: includes are nested more than %d deep", block->title,
			LIMIT_CONFIG_DEPTH);
		return -EINVAL;
	}
	if (stat(path, &st) < 0) {
		return explain(reader, block->place, path, -errno);
	}
	seen = find_seen(reader, &st);
	if (seen >= 0) {
		problems_add(reader->problems, block->place,
			"include of %s: the file has been read already", path);
		return -EINVAL;
	}
	return read_file(reader, path, block->place, depth + 1);
}

/* Moves what one file says to the end of the document, with what it includes in its places. */
static int take_blocks(struct reader *reader, struct document *outline, int depth)
{
	int worst = 0;

	for (size_t i = 0; i < outline->count; i++) {
		struct document_block *block = &outline->blocks[i];
		const struct document_block *other = document_find(reader->document, block);
		struct document_block *moved;
		int result = 0;

		if (strcmp(block->section, "include") == 0) {
			result = include_file(reader, block, depth);
		} else if (reader->document->count == LIMIT_CONFIG_BLOCKS) {
			problems_add(reader->problems, block->place,
				"a configuration has at most %d sections", LIMIT_CONFIG_BLOCKS);
			return -EINVAL;
		} else if (other != NULL) {
			document_explain_twice(reader->problems, block, other);
			result = -EINVAL;
		} else {
			moved = document_add_block(reader->document);
			if (moved == NULL) {
				return -ENOMEM;
			}
			*moved = *block;
			*block = (struct document_block){0};
		}
		if (result == -ENOMEM) {
			return result;
		}
		worst = result < 0 ? result : worst;
	}
	return worst;
}

static int read_file(struct reader *reader, const char *path, struct place from, int depth)
{
	struct buf text = {0};
	struct document outline = {0};
	struct stat st;
	const char *name;
	int result;

	if (reader->config->file_count == LIMIT_CONFIG_FILES) {
		problems_add(reader->problems, (struct place){path, 0},
			"a configuration has at most %d files", LIMIT_CONFIG_FILES);
		return -EINVAL;
	}
	if (stat(path, &st) < 0) {
		result = explain(reader, from, path, -errno);
		goto out;
	}
	result = fs_read_file(path, LIMIT_CONFIG_FILE, &text);
	if (result < 0) {
		result = explain(reader, from, path, result);
		goto out;
	}
	result = remember(reader, path, &st);
	if (result < 0) {
		goto out;
	}
	name = reader->config->files[reader->config->file_count - 1];
	result = scan_text(text.data, text.len, name, reader->problems, &outline);
	if (result < 0) {
		goto out;
	}
	if (buf_cstr(&text) == NULL) {
		result = -ENOMEM;
		goto out;
	}
	result = parse_values(buf_cstr(&text), name, reader->problems, &outline);
	if (result < 0) {
		goto out;
	}
	result = take_blocks(reader, &outline, depth);
out:
	buf_finish(&text);
	document_finish(&outline);
	return result;
}

static int is_wanted(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 5 && strcmp(entry->d_name + len - 5, ".conf") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_folder(struct reader *reader, const char *main_path)
{
	char folder[PATH_MAX];
	char confd[PATH_MAX];
	struct dirent **entries = NULL;
	int count;
	int worst = 0;

	folder_of(main_path, folder);
	if (fs_join(confd, sizeof(confd), folder, "conf.d") < 0) {
		return 0;
	}
	count = scandir(confd, &entries, is_wanted, by_name);
	if (count < 0) {
		return errno == ENOENT ? 0 : explain(reader, (struct place){0}, confd, -errno);
	}
	for (int i = 0; i < count; i++) {
		char path[PATH_MAX];
		struct stat st;
		int result = fs_join(path, sizeof(path), confd, entries[i]->d_name);

		if (result == 0 && (stat(path, &st) < 0 || find_seen(reader, &st) < 0)) {
			result = read_file(reader, path, (struct place){0}, 0);
		}
		if (result < 0 && worst != -ENOMEM) {
			worst = result;
		}
		free(entries[i]);
	}
	free(entries);
	return worst;
}

static int set_path(struct config *config, const char *path)
{
	char folder[PATH_MAX];
	struct buf absolute = {0};

	if (path[0] != '/') {
		if (getcwd(folder, sizeof(folder)) == NULL) {
			return -errno;
		}
		buf_printf(&absolute, "%s/", folder);
	}
	buf_add_text(&absolute, path);
	config->path = buf_failed(&absolute) ? NULL : strdup(buf_cstr(&absolute));
	buf_finish(&absolute);
	return config->path == NULL ? -ENOMEM : 0;
}

int files_read(const char *path, bool optional, struct config *config,
	struct config_problems *problems, struct document *document)
{
	struct reader reader = {.config = config, .problems = problems, .document = document};
	int result;
	int other;

	if (strlen(path) >= PATH_MAX) {
		return explain(&reader, (struct place){0}, path, -ENAMETOOLONG);
	}
	if (optional && access(path, F_OK) < 0 && errno == ENOENT) {
		return 0;
	}
	result = set_path(config, path);
	if (result < 0) {
		return explain(&reader, (struct place){0}, path, result);
	}
	result = read_file(&reader, path, (struct place){0}, 0);
	if (result != -ENOMEM) {
		other = read_folder(&reader, path);
		result = other < 0 ? other : result;
	}
	free(reader.seen);
	return result;
}
