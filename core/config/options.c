#include "config/options.h"

#include "base/limits.h"
#include "base/sandbox.h"

#include <limits.h>
#include <string.h>

#define IN(type, member)                                                                           \
	.offset = offsetof(struct type, member), .width = sizeof(((struct type *)0)->member)
#define DAY_MS (24 * 60 * 60 * INT64_C(1000))

static const char *const log_levels[] = {"debug", "info", "warning", "error", NULL};
static const char *const log_formats[] = {"logfmt", "json", NULL};

const struct option options[] = {
	{"redis", "url", "REDIS_URL", OPTION_URL, .restart = true, .secret = true,
		.help = "The whole address in one: redis://[user[:password]@]host[:port][/db], or "
			"unix:///path/of/socket[?db=N]. It stands in place of host, port, db and "
			"unix_socket; username and password may stand beside it."},
	{"redis", "host", "REDIS_HOST", OPTION_TEXT, IN(config, redis.host), .word = true, .min = 1,
		.max = 255, .standard = "localhost", .restart = true,
		.help = "Name or address of the server."},
	{"redis", "port", "REDIS_PORT", OPTION_INT, IN(config, redis.port), .min = 1, .max = 65535,
		.standard = "6379", .restart = true, .help = "Its TCP port."},
	{"redis", "db", "REDIS_DB", OPTION_INT, IN(config, redis.db), .min = 0, .max = INT_MAX,
		.standard = "0", .restart = true, .help = "Number of the database."},
	{"redis", "username", NULL, OPTION_TEXT, IN(config, redis.username), .min = 1, .max = 256,
		.restart = true, .help = "User of Redis' access control lists."},
	{"redis", "password", "REDIS_PASSWORD", OPTION_TEXT, IN(config, redis.password), .min = 1,
		.max = 1024, .restart = true, .secret = true,
		.help = "Password of the server or of the user. Let nobody but the service read a "
			"file that has it."},
	{"redis", "unix_socket", NULL, OPTION_PATH, IN(config, redis.unix_socket), .min = 1,
		.max = 107, .restart = true,
		.help = "Path of Redis' socket on this machine. With it, host and port do not "
			"count."},
	{"redis", "key_prefix", NULL, OPTION_TEXT, IN(config, redis.key_prefix), .word = true,
		.min = 1, .max = LIMIT_KEY_PREFIX, .standard = "formy", .restart = true,
		.help = "What all of Formy's keys begin with. Several services can share a server "
			"by different prefixes."},
	{"redis", "connect_timeout", NULL, OPTION_DURATION, IN(config, redis.connect_timeout_ms),
		.min = 1, .max = 3600000, .standard = "5s", .restart = true,
		.help = "How long a start waits for Redis before it gives up."},

	{"redis.sentinel", "master", NULL, OPTION_TEXT, IN(config, redis.sentinel_master),
		.word = true, .min = 1, .max = 128, .restart = true,
		.help = "Name of the master that the sentinels watch. With it they say where Redis "
			"is; host, port and unix_socket do not count."},
	{"redis.sentinel", "hosts", NULL, OPTION_TEXT, IN(config, redis.sentinel_hosts),
		.word = true, .joined = true, .min = 1, .max = 4096, .restart = true,
		.help = "The sentinels, as in {\"h1:26379\", \"h2:26379\"}. They are asked one "
			"after "
			"another, and at each attempt to connect."},
	{"redis.sentinel", "username", NULL, OPTION_TEXT, IN(config, redis.sentinel_username),
		.min = 1, .max = 256, .restart = true, .help = "User at the sentinels themselves."},
	{"redis.sentinel", "password", NULL, OPTION_TEXT, IN(config, redis.sentinel_password),
		.min = 1, .max = 1024, .restart = true, .secret = true,
		.help = "Password of the sentinels themselves."},

	{"tasks", "retention_days", "TASK_RETENTION_DAYS", OPTION_INT,
		IN(config, tasks.retention_days), .min = 1, .max = 3650, .standard = "7",
		.help = "Days that an ended task and its results are kept."},
	{"tasks", "max_concurrent_per_user", "MAX_CONCURRENT_TASKS_PER_USER", OPTION_INT,
		IN(config, tasks.max_concurrent_per_user), .min = 0, .max = 1000000,
		.standard = "3",
		.help = "Tasks of one user that run at once; the others wait. 0: no limit."},
	{"tasks", "fair_share", NULL, OPTION_INT, IN(config, tasks.fair_share), .min = 0,
		.max = 10000, .standard = "10",
		.help = "Priorities are strict, but one task in so many is taken from the lower "
			"ones "
			"while they wait. 0: none."},
	{"tasks", "unknown_mode_grace", NULL, OPTION_DURATION,
		IN(config, tasks.unknown_mode_grace_ms), .min = 0, .max = DAY_MS, .standard = "60s",
		.help = "How long a task whose mode no worker has ever had waits for one before it "
			"fails."},
	{"tasks", "max_attempts", NULL, OPTION_INT, IN(config, tasks.max_attempts), .min = 1,
		.max = 100, .standard = "3",
		.help = "How often a task is started before a failure that may pass is final."},
	{"tasks", "retry_delay", NULL, OPTION_DURATION, IN(config, tasks.retry_delay_ms), .min = 0,
		.max = DAY_MS, .standard = "2s",
		.help = "Wait before the second attempt. It doubles each time, with some jitter."},
	{"tasks", "timeout", NULL, OPTION_DURATION, IN(config, tasks.timeout_ms), .min = 1,
		.max = DAY_MS, .standard = "300s", .help = "Longest time of one attempt."},

	{"storage", "uploads", "UPLOAD_DIR", OPTION_PATH, IN(config, storage.uploads), .min = 1,
		.max = PATH_MAX / 2, .standard = "/var/lib/formy/uploads", .restart = true,
		.help = "Folder of the pictures that tasks work on."},
	{"storage", "results", "RESULT_DIR", OPTION_PATH, IN(config, storage.results), .min = 1,
		.max = PATH_MAX / 2, .standard = "/var/lib/formy/results", .restart = true,
		.help = "Folder of the pictures that tasks have made."},
	{"storage", "max_upload_size", NULL, OPTION_SIZE, IN(config, storage.max_upload_size),
		.min = 1024, .max = INT64_C(1) << 31, .standard = "10MiB",
		.help = "Largest picture file that is accepted."},
	{"storage", "max_pixels", NULL, OPTION_INT, IN(config, storage.max_pixels), .min = 1,
		.max = 2000000000, .standard = "50000000",
		.help = "Most pixels (width times height) that are accepted."},

	{"worker", "executors", NULL, OPTION_INT, IN(config, worker.executors), .min = 0,
		.max = LIMIT_EXECUTORS, .standard = "0", .restart = true,
		.help = "Processes that run tasks, one task each at a time. 0: one a CPU."},
	{"worker", "threads_per_executor", NULL, OPTION_INT,
		IN(config, worker.threads_per_executor), .min = 0, .max = LIMIT_WORK_THREADS,
		.standard = "0",
		.help = "Threads that an executor's engine and codecs may use. 0: the CPUs divided "
			"by the executors, at least 1."},
	{"worker", "plugin_dirs", NULL, OPTION_PATHS, IN(config, worker.plugin_dirs), .min = 1,
		.max = PATH_MAX / 2,
		.standard_help = "the distribution's, and /usr/local/lib/formy/plugins",
		.help = "Folders whose .so files are loaded as plugins, as in {\"/one\", "
			"\"/two\"}; "
			"with += besides the default ones."},
	{"worker", "shutdown_timeout", NULL, OPTION_DURATION,
		IN(config, worker.shutdown_timeout_ms), .min = 0, .max = DAY_MS, .standard = "60s",
		.help = "How long a stop waits for running tasks before it puts them back."},
	{"worker", "log_level", NULL, OPTION_CHOICE, IN(config, worker.log_level),
		.choices = log_levels, .standard = "info", .help = "The least that is logged."},
	{"worker", "log_format", NULL, OPTION_CHOICE, IN(config, worker.log_format),
		.choices = log_formats, .standard = "logfmt", .help = "The form of a log line."},

	{"mode", "enabled", NULL, OPTION_BOOL, IN(config_mode, enabled), .standard = "true",
		.help = "Whether this worker runs the mode's tasks."},
	{"mode", "engine", NULL, OPTION_TEXT, IN(config_mode, engine), .word = true, .min = 1,
		.max = LIMIT_ENGINE_NAME,
		.help = "Name of the engine that does the work: \"local\", or an engine section."},
	{"mode", "plugin", NULL, OPTION_TEXT, IN(config_mode, plugin), .word = true, .min = 1,
		.max = LIMIT_PLUGIN_ID, .help = "Id of the plugin, when several serve the mode."},
	{"mode", "concurrency", NULL, OPTION_INT, IN(config_mode, concurrency), .min = 0,
		.max = LIMIT_EXECUTORS, .standard = "0",
		.help = "Tasks of the mode that run at once. 0: as many as there are executors."},
	{"mode", "concurrency_global", NULL, OPTION_INT, IN(config_mode, concurrency_global),
		.min = 0, .max = 1000000, .standard = "0",
		.help = "Tasks of the mode that run at once in all workers together; give them all "
			"the same number. 0: no limit."},
	{"mode", "timeout", NULL, OPTION_DURATION, IN(config_mode, timeout_ms), .min = 1,
		.max = DAY_MS, .standard_help = "that of tasks",
		.help = "Longest time of one attempt."},
	{"mode", "max_attempts", NULL, OPTION_INT, IN(config_mode, max_attempts), .min = 1,
		.max = 100, .standard_help = "that of tasks",
		.help = "How often a task of the mode is started."},
	{"mode", "workflow", NULL, OPTION_WORKFLOW, IN(config_mode, workflow), .min = 1,
		.max = PATH_MAX / 2,
		.help = "Workflow file, for engines that need one; relative to the folder "
			"workflows/ beside this file."},
	{"mode", "prompt", NULL, OPTION_TEXT, IN(config_mode, prompt), .min = 1, .max = 16384,
		.help = "Text for engines that need one."},
	{"mode", "sandbox", NULL, OPTION_CHOICE, IN(config_mode, sandbox),
		.choices = sandbox_profiles, .standard = "default",
		.help = "Walls around the plugins: default, strict (a list of what they may do, "
			"and no start where the kernel lacks a wall), or off."},
	{"mode", "memory_limit", NULL, OPTION_SIZE, IN(config_mode, memory_limit), .min = 0,
		.max = INT64_C(1) << 44, .standard = "8GiB",
		.help = "Address space of a process of the mode; those with gpu have no such "
			"limit. 0: none."},
	{"mode", "allow", NULL, OPTION_TEXT, IN(config_mode, allow), .word = true, .joined = true,
		.grants = true, .min = 1, .max = 64,
		.help = "What the mode's plugin may do beyond its task, as in {\"net\"}: net, gpu, "
			"exec. It counts only as far as the plugin says that it needs it."},
	{"mode", "fallback", NULL, OPTION_TEXT, IN(config_mode, fallback), .word = true, .min = 1,
		.max = LIMIT_ENGINE_NAME,
		.help = "Name of the engine that is used while the first is down, or has had no "
			"room for fallback_after. Never after a failure of which nobody knows what "
			"it did."},
	{"mode", "fallback_after", NULL, OPTION_DURATION, IN(config_mode, fallback_after_ms),
		.min = 0, .max = DAY_MS, .standard = "60s",
		.help = "How long the engine may refuse tasks for want of room before the "
			"fallback gets them."},
	{"mode", "engines_allowed", NULL, OPTION_TEXT, IN(config_mode, engines_allowed),
		.word = true, .joined = true, .min = 1, .max = 1024,
		.help = "Engines that a task may choose by config.engine, as in {\"comfy\", "
			"\"cloud\"}."},
	{"mode", "helper", NULL, OPTION_TEXT, IN(config_mode, helper), .word = true, .min = 1,
		.max = LIMIT_ENGINE_NAME,
		.help = "Name of a second engine that does a part of the work for the first, such "
			"as a mask."},

	{"engine", "type", NULL, OPTION_TEXT, IN(config_engine, type), .word = true, .min = 1,
		.max = 32, .standard_help = "the section's name",
		.help = "What kind it is: \"local\", \"comfyui\", \"runninghub\", \"openai\", "
			"\"http\", or that of another engine plugin."},
	{"engine", "api_key_file", NULL, OPTION_PATH, IN(config_engine, api_key_file), .min = 1,
		.max = PATH_MAX / 2,
		.help = "File that holds the key of the service. RUNNINGHUB_API_KEY and "
			"OPENAI_API_KEY, where set, count in its place for their types."},
	{"engine", "allow", NULL, OPTION_TEXT, IN(config_engine, allow), .word = true,
		.joined = true, .grants = true, .min = 1, .max = 64,
		.standard_help = "{\"net\"} for comfyui, runninghub, openai and http, else none",
		.help = "What the engine may do beyond its task: net, gpu, exec; {\"none\"} takes "
			"all of it. It counts only as far as the engine's plugin needs it."},
};

#undef IN
#undef DAY_MS

const size_t option_count = sizeof(options) / sizeof(options[0]);

const struct option *option_find(const char *section, const char *name)
{
	for (size_t i = 0; i < option_count; i++) {
		if (strcmp(options[i].section, section) == 0 &&
			strcmp(options[i].name, name) == 0) {
			return &options[i];
		}
	}
	return NULL;
}

bool option_section_is_known(const char *section)
{
	for (size_t i = 0; i < option_count; i++) {
		if (strcmp(options[i].section, section) == 0) {
			return true;
		}
	}
	return false;
}

size_t option_section_outer(const char *section)
{
	const char *dot = strchr(section, '.');

	return dot == NULL ? 0 : (size_t)(dot - section);
}

bool option_section_is_open(const char *section)
{
	return strcmp(section, "mode") == 0 || strcmp(section, "engine") == 0;
}

/* How many letters must be changed, added or left out to make one word of the other. */
static size_t distance(const char *from, const char *to)
{
	size_t row[LIMIT_CONFIG_NAME + 1];
	size_t len = strlen(to);

	if (len > LIMIT_CONFIG_NAME) {
		return SIZE_MAX;
	}
	for (size_t k = 0; k <= len; k++) {
		row[k] = k;
	}
	for (size_t i = 0; from[i] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t k = 0; k < len; k++) {
			size_t best = diagonal + (from[i] != to[k]);

			diagonal = row[k + 1];
			if (best > row[k + 1] + 1) {
				best = row[k + 1] + 1;
			}
			if (best > row[k] + 1) {
				best = row[k] + 1;
			}
			row[k + 1] = best;
		}
	}
	return row[len];
}

static bool is_close(const char *name, const char *meant, size_t *nearest)
{
	size_t changes = distance(name, meant);

	if (changes < *nearest && changes <= strlen(meant) / 3 + 1) {
		*nearest = changes;
		return true;
	}
	return false;
}

void option_explain_unknown(
	struct config_problems *problems, struct place place, const char *section, const char *name)
{
	const struct option *meant = NULL;
	size_t nearest = SIZE_MAX;

	for (size_t i = 0; i < option_count; i++) {
		if (strcmp(options[i].name, name) == 0 &&
			!option_section_is_open(options[i].section)) {
			problems_add(problems, place,
				"the section %s has no option %s; it belongs in the section %s",
				section, name, options[i].section);
			return;
		}
		if (strcmp(options[i].section, section) == 0 &&
			is_close(name, options[i].name, &nearest)) {
			meant = &options[i];
		}
	}
	if (meant != NULL) {
		problems_add(problems, place, "the section %s has no option %s; did you mean %s?",
			section, name, meant->name);
	} else {
		problems_add(problems, place, "the section %s has no option %s", section, name);
	}
}

void option_explain_unknown_section(
	struct config_problems *problems, struct place place, const char *section)
{
	const char *meant = NULL;
	size_t nearest = SIZE_MAX;

	for (size_t i = 0; i < option_count; i++) {
		if (is_close(section, options[i].section, &nearest)) {
			meant = options[i].section;
		}
	}
	if (meant != NULL) {
		problems_add(problems, place, "there is no section %s; did you mean %s?", section,
			meant);
	} else {
		problems_add(problems, place,
			"there is no section %s; there are redis, tasks, storage, worker, mode "
			"and engine",
			section);
	}
}
