#include "cli/data_file.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"

int data_file_find(const char *name, char path[DATA_FILE_PATH_SIZE], struct err *err)
{
	static const char *const near[] = {"..", FORMY_DATA_NEAR};
	char program[DATA_FILE_PATH_SIZE];
	char folder[DATA_FILE_PATH_SIZE];

	for (size_t i = 0; i < 2 && fs_program_dir(program, sizeof(program)) == 0; i++) {
		if (fs_join(folder, sizeof(folder), program, near[i]) == 0 &&
			fs_join(path, DATA_FILE_PATH_SIZE, folder, name) == 0 &&
			access(path, R_OK) == 0) {
			return 0;
		}
	}
	if (fs_join(path, DATA_FILE_PATH_SIZE, FORMY_DATA_DIR, name) == 0 &&
		access(path, R_OK) == 0) {
		return 0;
	}
	return err_set(err, -ENOENT, "%s is not in %s; install Formy's files for plugins", name,
		FORMY_DATA_DIR);
}
