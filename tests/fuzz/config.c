/* A configuration file: any bytes are a configuration or a list of problems. */
#include "config/config.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct config_problems problems = {0};
	struct config *config = NULL;
	struct buf printed = {0};
	int fd = memfd_create("formy.conf", MFD_CLOEXEC);
	struct buf path = {0};
	int result;

	buf_printf(&path, "/proc/self/fd/%d", fd);
	if (fd < 0 || !buf_cstr(&path) || write(fd, data, len) != (ssize_t)len) {
		abort();
	}
	result = config_load(path.data, NULL, &problems, &config);
	if (result == 0) {
		config_print(config, &printed);
	} else if (problems.count == 0 && !problems.lost) {
		abort();
	}
	config_destroy(config);
	config_problems_finish(&problems);
	buf_finish(&printed);
	buf_finish(&path);
	(void)close(fd);
	return 0;
}
