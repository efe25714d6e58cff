/* Mode LOOK: tells, as facts, what a plugin finds in its process. */
#include "formy/plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Open descriptors above those that the host keeps for itself. */
static int count_descriptors(void)
{
	int count = 0;

	for (int fd = 5; fd < 256; fd++) {
		struct stat st;

		count += fstat(fd, &st) == 0;
	}
	return count;
}

static formy_status look_run(const formy_host *host, void *state, formy_task *task)
{
	struct rlimit core = {1, 1};
	struct stat input = {0};
	char folder[64] = "";
	char facts[512];

	(void)state;
	(void)getrlimit(RLIMIT_CORE, &core);
	(void)fstat(STDIN_FILENO, &input);
	(void)snprintf(facts, sizeof(facts),
		"{\"secret\": %d, \"path\": %d, \"descriptors\": %d, \"new_privileges\": %d,"
		" \"core\": %d, \"session\": %d, \"folder\": \"%s\", \"input\": %d}",
		getenv("FORMY_TEST_SECRET") != NULL, getenv("PATH") != NULL, count_descriptors(),
		!prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), core.rlim_max != 0, getsid(0) == getpid(),
		getcwd(folder, sizeof(folder)) ? folder : "", !S_ISCHR(input.st_mode));
	return host->facts(task, facts);
}

static const formy_mode look = {
	.size = sizeof(look),
	.flags = FORMY_MODE_NO_OUTPUT,
	.name = "LOOK",
	.title = "Looks around",
	.inputs = "[]",
	.params = "{}",
	.run = look_run,
};

static const formy_mode *const modes[] = {&look, NULL};

static const formy_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = FORMY_ABI_MAJOR,
	.abi_minor = FORMY_ABI_MINOR,
	.needs_minor = FORMY_ABI_MINOR,
	.id = "look",
	.version = "1",
	.license = "MIT",
	.modes = modes,
};

const formy_plugin *FORMY_PLUGIN_ENTRY(void)
{
	return &plugin;
}
