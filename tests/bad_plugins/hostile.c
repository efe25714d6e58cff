/* Mode HOSTILE does one thing that no plugin may do, the one that "act" names, and tells how that
 * went: {"errno": N}, 0 when it could. The constructor tries two of them before anybody
 * has looked at the plugin, and the version tells whether they failed. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "hostile.h"

#define MIB (1024 * 1024)
#define CHANNEL 3
#define PART_OF_LARGE 65536

#ifndef HOSTILE_FLAGS
#define HOSTILE_FLAGS 0
#endif
#ifndef HOSTILE_MODE
#define HOSTILE_MODE "HOSTILE"
#endif

static int read_file(const struct attack *attack)
{
	return end_fd(open(attack->path, O_RDONLY | O_CLOEXEC));
}

static int write_file(const struct attack *attack)
{
	return end_fd(open(attack->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int cut_file(const struct attack *attack)
{
	return could(truncate(attack->path, 0));
}

static int change_mode(const struct attack *attack)
{
	return could(chmod(attack->path, 0777));
}

static int remove_file(const struct attack *attack)
{
	return could(unlink(attack->path));
}

static int connect_out(const struct attack *attack)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)attack->port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int code;

	if (fd < 0) {
		return errno;
	}
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	code = could(connect(fd, (const struct sockaddr *)&to, sizeof(to)));
	(void)close(fd);
	return code;
}

static int connect_local(const struct attack *attack)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int code;

	if (fd < 0) {
		return errno;
	}
	(void)snprintf(to.sun_path, sizeof(to.sun_path), "%s", attack->path);
	code = could(connect(fd, (const struct sockaddr *)&to, sizeof(to)));
	(void)close(fd);
	return code;
}

static int start_program(const struct attack *attack)
{
	char *const arguments[] = {(char *)"true", NULL};
	char *const environment[] = {NULL};
	int status = 0;
	pid_t pid;

	(void)attack;
	pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork): posix_spawn() would do more */
	if (pid == 0) {
		(void)execve("/bin/true", arguments, environment);
		_exit(127);
	}
	if (pid < 0) {
		return errno;
	}
	(void)waitpid(pid, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : EACCES;
}

static int become_program(const struct attack *attack)
{
	char *const arguments[] = {(char *)"sleep", (char *)"1000", NULL};

	(void)attack;
	return could(execv("/bin/sleep", arguments));
}

static int fork_bomb(const struct attack *attack)
{
	(void)attack;
	for (;;) {
		pid_t pid = fork();

		if (pid < 0) {
			return errno;
		}
	}
}

static int eat_memory(const struct attack *attack)
{
	static void *eaten;

	(void)attack;
	for (;;) {
		void **block = malloc(16 * MIB);

		if (!block) {
			return errno;
		}
		memset(block, 1, 16 * MIB);
		*block = eaten;
		eaten = block;
	}
}

/* Fills a file of the scratch folder, which libraries find as TMPDIR. */
static int fill_one(const struct attack *attack, int number, long most_mib)
{
	static char block[MIB];
	const char *folder = getenv("TMPDIR");
	char path[512];
	int code = 0;
	int fd;

	(void)attack;
	(void)snprintf(path, sizeof(path), "%s/fill-%d", folder ? folder : "/tmp", number);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		return errno;
	}
	memset(block, 1, sizeof(block));
	for (long i = 0; code == 0 && i < most_mib; i++) {
		code = could(write(fd, block, sizeof(block)) < 0 ? -1 : 0);
	}
	(void)close(fd);
	return code;
}

static int fill_file(const struct attack *attack)
{
	return fill_one(attack, 0, 4096);
}

static int fill_disk(const struct attack *attack)
{
	for (int i = 0; i < 256; i++) {
		(void)fill_one(attack, i, 32);
	}
	return could(pause());
}

static int make_files(const struct attack *attack)
{
	for (int i = 0; i < 100000; i++) {
		(void)fill_one(attack, i, 0);
	}
	return could(pause());
}

static int signal_worker(const struct attack *attack)
{
	(void)attack;
	return could(kill(getppid(), SIGKILL));
}

static int limit_worker(const struct attack *attack)
{
	const struct rlimit none = {0, 0};

	(void)attack;
	return could(prlimit(getppid(), RLIMIT_NOFILE, &none, NULL));
}

static int slow_worker(const struct attack *attack)
{
	(void)attack;
	return could(setpriority(PRIO_PROCESS, (id_t)getppid(), 19));
}

static int say(const void *data, size_t len)
{
	return could(send(CHANNEL, data, len, MSG_NOSIGNAL) < 0 ? -1 : 0);
}

static int send_garbage(const struct attack *attack)
{
	int code = 0;

	(void)attack;
	for (int i = 0; i < 100000 && code == 0; i++) {
		code = say("This is no frame", 16);
	}
	return code;
}

/* The head of a frame whose length is not that of the packet. */
static int send_length(const struct attack *attack)
{
	static unsigned char large[PART_OF_LARGE];

	(void)attack;
	memset(large, 0xff, sizeof(large));
	return say(large, sizeof(large));
}

/* The answer to another job: what the host would send, with another number. Tag 1 is the job, tag 2
 * the status; the frame is taken from a real one that the test hands over in hex. */
static int send_other(const struct attack *attack)
{
	unsigned char packet[256];
	size_t len = strlen(attack->path) / 2;

	for (size_t i = 0; i < len && i < sizeof(packet); i++) {
		char digits[3] = {attack->path[2 * i], attack->path[2 * i + 1], '\0'};

		packet[i] = (unsigned char)strtoul(digits, NULL, 16);
	}
	return say(packet, len < sizeof(packet) ? len : sizeof(packet));
}

static int tell_progress(const struct attack *attack)
{
	for (int32_t i = 0; i < 1000000; i++) {
		attack->host->progress(attack->task, i % 1000, i % 2 ? "Up" : "Down");
	}
	return 0;
}

static int tell_log(const struct attack *attack)
{
	for (int i = 0; i < 100000; i++) {
		attack->host->log(attack->task, FORMY_LOG_ERROR, "Much is said here");
	}
	return 0;
}

static const struct act acts[] = {
	{"read", read_file},
	{"write", write_file},
	{"cut", cut_file},
	{"chmod", change_mode},
	{"remove", remove_file},
	{"connect", connect_out},
	{"connect_local", connect_local},
	{"start", start_program},
	{"exec", become_program},
	{"fork_bomb", fork_bomb},
	{"memory", eat_memory},
	{"fill_file", fill_file},
	{"fill_disk", fill_disk},
	{"make_files", make_files},
	{"signal", signal_worker},
	{"limit", limit_worker},
	{"slow", slow_worker},
	{"garbage", send_garbage},
	{"length", send_length},
	{"other", send_other},
	{"progress", tell_progress},
	{"log", tell_log},
	{NULL, NULL},
};

static int attack_by(const struct act *list, const char *name, const struct attack *attack)
{
	for (; list->name; list++) {
		if (strcmp(list->name, name) == 0) {
			return list->attack(attack);
		}
	}
	return -1;
}

static formy_status hostile_run(const formy_host *host, void *state, formy_task *task)
{
	struct json_object *params = json_tokener_parse(host->params(task));
	struct json_object *value = NULL;
	struct attack attack = {.host = host, .task = task};
	const char *act = "";
	char facts[64];
	int code;

	(void)state;
	if (json_object_object_get_ex(params, "act", &value)) {
		act = json_object_get_string(value);
	}
	if (json_object_object_get_ex(params, "path", &value)) {
		attack.path = json_object_get_string(value);
	}
	if (json_object_object_get_ex(params, "port", &value)) {
		attack.port = json_object_get_int(value);
	}
	code = attack_by(acts, act, &attack);
	if (code < 0) {
		code = attack_by(hostile_calls, act, &attack);
	}
	(void)snprintf(facts, sizeof(facts), "{\"errno\": %d}", code);
	json_object_put(params);
	return host->facts(task, facts);
}

static const formy_mode hostile = {
	.size = sizeof(hostile),
	.flags = FORMY_MODE_NO_OUTPUT,
	.name = HOSTILE_MODE,
	.title = "Attacks",
	.inputs = "[]",
	.params = "{\"act\": {\"type\": \"string\", \"required\": true},"
		  " \"path\": {\"type\": \"string\", \"default\": \"\"},"
		  " \"port\": {\"type\": \"integer\", \"default\": 0}}",
	.run = hostile_run,
};

static const formy_mode *const modes[] = {&hostile, NULL};
static char version[64] = "?";

static const formy_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = FORMY_ABI_MAJOR,
	.abi_minor = FORMY_ABI_MINOR,
	.needs_minor = FORMY_ABI_MINOR,
	.flags = HOSTILE_FLAGS,
	.id = BAD_ID,
	.version = version,
	.modes = modes,
};

__attribute__((constructor)) static void attack_at_once(void)
{
	const struct attack shadow = {.path = "/etc/shadow"};
	int file = read_file(&shadow);
	int program = start_program(&shadow);

	(void)snprintf(version, sizeof(version), "read %d start %d", file, program);
}

const formy_plugin *FORMY_PLUGIN_ENTRY(void)
{
	return &plugin;
}
