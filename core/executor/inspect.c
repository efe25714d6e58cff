#include "executor/inspect.h"

#include <dirent.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "executor/fake.h"
#include "executor/speak.h"
#include "wire/inspect.h"

/* What a library may open in its first run and keep. */
#define DESCRIPTORS_KEPT 4
#define THREADS_KEPT 64
#define MEMORY_KEPT_KIB (64 * 1024)
#define RUNS_TO_WARM_UP 20

/* AddressSanitizer keeps what is freed, to see who still uses it. */
#if defined(__SANITIZE_ADDRESS__)
#define CHECKS_MEMORY true
#else
#define CHECKS_MEMORY false
#endif

struct state {
	char folder[4096];
	char locale[256];
	mode_t mask;
	unsigned descriptors;
	unsigned threads;
	unsigned long memory_kib;
	sighandler_t handlers[SIGSYS + 1];
};

static struct {
	int channel;
	bool inspects;
	struct state before;
	unsigned long warm_kib;
	unsigned jobs;
	unsigned beyond; /* reports of progress that were not from 0 to 1000 */
} inspection;

static unsigned count_entries(const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	unsigned count = 0;

	while (dir && (entry = readdir(dir))) {
		count += entry->d_name[0] != '.';
	}
	if (dir) {
		(void)closedir(dir);
	}
	return count;
}

static unsigned long resident_kib(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	char line[100];
	char *at = NULL;

	if (file && fgets(line, sizeof(line), file)) {
		at = strchr(line, ' ');
	}
	if (file) {
		(void)fclose(file);
	}
	return at ? strtoul(at, NULL, 10) * (unsigned long)sysconf(_SC_PAGESIZE) / 1024 : 0;
}

static void look(struct state *state)
{
	const char *locale = setlocale(LC_ALL, NULL);

	if (!getcwd(state->folder, sizeof(state->folder))) {
		state->folder[0] = '\0';
	}
	(void)text_copy(state->locale, sizeof(state->locale), locale ? locale : "");
	state->mask = umask(0);
	(void)umask(state->mask);
	state->descriptors = count_entries("/proc/self/fd");
	state->threads = count_entries("/proc/self/task");
	state->memory_kib = resident_kib();
	for (int i = 1; i <= SIGSYS; i++) {
		struct sigaction action = {0};

		(void)sigaction(i, NULL, &action);
		state->handlers[i] = action.sa_handler;
	}
}

__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...)
{
	char line[300];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	speak_log(inspection.channel, LOG_LEVEL_ERROR, 0, line);
}

void inspect_begin(int channel)
{
	inspection.channel = channel;
	inspection.inspects = true;
}

void inspect_start(void)
{
	if (inspection.inspects) {
		look(&inspection.before);
	}
}

const formy_host *inspect_table(const formy_host *host)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *pages;

	if (!inspection.inspects) {
		return host;
	}
	pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED || host->size > page) {
		return host;
	}
	(void)mprotect(pages + page, page, PROT_NONE);
	memcpy(pages + page - host->size, host, host->size);
	(void)mprotect(pages, page, PROT_READ);
	return (const formy_host *)(const void *)(pages + page - host->size);
}

const formy_plugin *inspect_find(const char *path)
{
	return inspection.inspects ? fake_plugin(path) : NULL;
}

void inspect_extension(const formy_plugin *plugin)
{
	if (inspection.inspects && FORMY_HAS(formy_plugin, plugin, extension) &&
		plugin->extension("formy.nobody-has-this/1")) {
		tell(INSPECT_MARK "it gave something for an extension that it cannot know");
	}
}

void inspect_progress(int32_t permille)
{
	inspection.beyond += permille < 0 || permille > 1000;
}

static void compare(const struct state *now)
{
	const struct state *before = &inspection.before;

	if (strcmp(now->folder, before->folder) != 0) {
		tell(INSPECT_MARK "it changed the working directory to %.200s", now->folder);
	}
	if (strcmp(now->locale, before->locale) != 0) {
		tell(INSPECT_MARK "it changed the locale to %.200s", now->locale);
	}
	if (now->mask != before->mask) {
		tell(INSPECT_MARK "it changed the umask to %03o", (unsigned)now->mask);
	}
	for (int i = 1; i <= SIGSYS; i++) {
		if (now->handlers[i] != before->handlers[i]) {
			tell(INSPECT_MARK "it set a handler for signal %d (%s)", i, strsignal(i));
		}
	}
	if (now->descriptors > before->descriptors + DESCRIPTORS_KEPT) {
		tell(INSPECT_MARK "it leaves descriptors open: %u after %u runs",
			now->descriptors - before->descriptors, inspection.jobs);
	}
	if (now->threads > before->threads + THREADS_KEPT) {
		tell(INSPECT_MARK "it leaves threads behind: %u after %u runs",
			now->threads - before->threads, inspection.jobs);
	}
	if (!CHECKS_MEMORY && inspection.warm_kib > 0 &&
		now->memory_kib > inspection.warm_kib + MEMORY_KEPT_KIB) {
		tell(INSPECT_MARK "its memory grows: by %lu MiB in %u runs",
			(now->memory_kib - inspection.warm_kib) / 1024,
			inspection.jobs - RUNS_TO_WARM_UP);
	}
}

void inspect_job(size_t pictures)
{
	struct state now;

	if (!inspection.inspects) {
		return;
	}
	look(&now);
	now.descriptors -= (unsigned)pictures;
	if (++inspection.jobs == RUNS_TO_WARM_UP) {
		inspection.warm_kib = now.memory_kib;
	}
	compare(&now);
	if (inspection.beyond > 0) {
		tell(INSPECT_MARK "it told progress that is not from 0 to 1000, %u times",
			inspection.beyond);
		inspection.beyond = 0;
	}
}
