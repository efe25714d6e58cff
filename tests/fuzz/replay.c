/* Gives a fuzzer each file of a folder, where there is no libFuzzer: replay FOLDER. */
#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int replay(const char *folder, const char *name)
{
	static uint8_t room[1 << 20];
	char path[4096];
	uint8_t *data;
	size_t len;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "rbe");
	if (!file) {
		perror(path);
		return 1;
	}
	len = fread(room, 1, sizeof(room), file);
	(void)fclose(file);
	/* of its exact size, so that a byte beyond is seen */
	data = malloc(len > 0 ? len : 1);
	if (!data) {
		return 1;
	}
	for (size_t i = 0; i < len; i++) {
		data[i] = room[i];
	}
	(void)LLVMFuzzerTestOneInput(data, len);
	free(data);
	return 0;
}

int main(int argc, char **argv)
{
	DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
	const struct dirent *entry;
	unsigned count = 0;
	int result = 0;

	if (!dir) {
		(void)fputs("Usage: replay FOLDER\n", stderr);
		return 64;
	}
	while (result == 0 && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.') {
			result = replay(argv[1], entry->d_name);
			count++;
		}
	}
	(void)closedir(dir);
	(void)printf("%u inputs\n", count);
	return count > 0 ? result : 1;
}
