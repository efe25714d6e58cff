/* bench_images: what decoding and encoding one picture costs, in time and in memory.
 *
 *	bench_images [-t jpg|png|webp] [-n TIMES] FILE
 *
 * floor is libvips alone: the file to pixels in memory, and those to a file, with the options that
 * Formy uses. pixels is all that an executor does around a plugin: checks, decoding, the output, the
 * thumbnail and the comparison, synced. Every run is a process of its own, in turn; the medians are
 * printed: wall, the peak of the resident memory (VmHWM) and the processor's time. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <vips/vips.h>

#include "base/err.h"
#include "base/fs.h"
#include "pixels/pixels.h"

#define MAX_TIMES 101
#define PATH_SIZE 512

struct run {
	double wall_ms;
	double cpu_ms;
	double peak_mb;
};

struct work {
	const char *file;
	const char *folder;
	enum image_type type;
};

static const struct {
	const char *name;
	enum image_type type;
	const char *floor_options;
} outputs[] = {
	{"jpg", IMAGE_JPEG, "[Q=92,strip]"},
	{"png", IMAGE_PNG, "[compression=1,filter=up,strip]"},
	{"webp", IMAGE_WEBP, "[Q=92,effort=2,strip]"},
};

static double now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double cpu_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double peak_mb(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	long kb = 0;

	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "VmHWM:", 6) == 0) {
			kb = strtol(line + 6, NULL, 10);
		}
	}
	if (file) {
		(void)fclose(file);
	}
	return (double)kb / 1024;
}

static int run_floor(const struct work *work)
{
	char path[PATH_SIZE];
	VipsImage *image =
		vips_image_new_from_file(work->file, "access", VIPS_ACCESS_SEQUENTIAL, NULL);
	VipsImage *memory = image ? vips_image_copy_memory(image) : NULL;
	int result = -1;

	for (size_t i = 0; memory && i < sizeof(outputs) / sizeof(outputs[0]); i++) {
		if (outputs[i].type == work->type) {
			(void)snprintf(path, sizeof(path), "%s/floor.%s%s", work->folder,
				outputs[i].name, outputs[i].floor_options);
			result = vips_image_write_to_file(memory, path, NULL);
		}
	}
	if (result != 0) {
		(void)fprintf(stderr, "%s\n", vips_error_buffer());
	}
	g_clear_object(&memory);
	g_clear_object(&image);
	return result;
}

static int run_pixels(const struct work *work)
{
	const struct pixels_limits limits = {.max_bytes = 1 << 30, .max_pixels = 1 << 30};
	const struct pixels_encoding how = {.type = work->type};
	const struct pixels *list[2];
	struct pixels pixels = {0};
	struct err err = {0};
	char path[PATH_SIZE];
	uint64_t size;
	int fd = open(work->file, O_RDONLY | O_CLOEXEC);
	int result = pixels_decode_fd(fd, &limits, &err, &pixels);

	list[0] = &pixels;
	list[1] = &pixels;
	if (result == 0) {
		(void)fs_join(path, sizeof(path), work->folder, "output");
		result = pixels_write(&pixels, &how, path, &err, &size);
	}
	if (result == 0) {
		(void)fs_join(path, sizeof(path), work->folder, "thumb");
		result = pixels_write_thumbnail(&pixels, path, &err, &size);
	}
	if (result == 0) {
		(void)fs_join(path, sizeof(path), work->folder, "comparison");
		result = pixels_write_comparison(list, 2, path, &err, &size);
	}
	if (result < 0) {
		(void)fprintf(stderr, "%s\n", err.text);
	}
	pixels_finish(&pixels);
	fs_close(fd);
	return result;
}

/* One run in a process of its own, as libvips keeps threads and memory. */
static int measure(int (*run)(const struct work *), const struct work *work, struct run *ret_run)
{
	int ends[2];
	int status = 0;
	pid_t pid;
	bool whole;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		return -errno;
	}
	pid = fork();
	if (pid == 0) {
		struct run result = {0};
		double start = now_ms();

		if (pixels_init(1, NULL, NULL) < 0 || run(work) != 0) {
			_exit(1);
		}
		result.wall_ms = now_ms() - start;
		result.cpu_ms = cpu_ms();
		result.peak_mb = peak_mb();
		_exit(fs_write_all(ends[1], &result, sizeof(result)) < 0);
	}
	(void)close(ends[1]);
	whole = read(ends[0], ret_run, sizeof(*ret_run)) == (ssize_t)sizeof(*ret_run);
	(void)close(ends[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0 || !whole) {
		return -EIO;
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	double left = ((const struct run *)a)->wall_ms;
	double right = ((const struct run *)b)->wall_ms;

	return (left > right) - (left < right);
}

static int report(
	const char *name, int (*run)(const struct work *), const struct work *work, long times)
{
	struct run runs[MAX_TIMES];

	for (long i = 0; i < times; i++) {
		if (measure(run, work, &runs[i]) < 0) {
			(void)fprintf(stderr, "%s failed\n", name);
			return -1;
		}
	}
	qsort(runs, (size_t)times, sizeof(runs[0]), compare);
	(void)printf("%-8s %8.1f ms %8.1f MB %8.1f ms cpu\n", name, runs[times / 2].wall_ms,
		runs[times / 2].peak_mb, runs[times / 2].cpu_ms);
	return 0;
}

static int usage(void)
{
	(void)fputs("usage: bench_images [-t jpg|png|webp] [-n TIMES] FILE\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	char folder[] = "/tmp/formy-bench-XXXXXX";
	struct work work = {.type = IMAGE_JPEG};
	long times = 5;
	int result;
	int option;

	while ((option = getopt(argc, argv, "t:n:")) != -1) {
		if (option == 't') {
			work.type = 0;
			for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++) {
				if (strcmp(outputs[i].name, optarg) == 0) {
					work.type = outputs[i].type;
				}
			}
		} else if (option == 'n') {
			times = strtol(optarg, NULL, 10);
		} else {
			return usage();
		}
	}
	if (optind + 1 != argc || work.type == 0 || times < 1 || times > MAX_TIMES) {
		return usage();
	}
	work.file = argv[optind];
	work.folder = mkdtemp(folder);
	if (!work.folder) {
		perror("mkdtemp");
		return 1;
	}
	result = report("floor", run_floor, &work, times);
	if (result == 0) {
		result = report("pixels", run_pixels, &work, times);
	}
	(void)fs_remove_tree(work.folder);
	return result == 0 ? 0 : 1;
}
