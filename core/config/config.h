/* The configuration: formy.conf, the files of conf.d, the environment and the command line become
 * one struct config, or a list of everything that is wrong with them.
 *
 * Precedence: command line, environment, file, default. A struct config owns all that it points to
 * and does not change after config_load(); any thread may read it. config_load() itself is not
 * thread safe, as libconfuse's lexer is global: one call at a time in a process. */
#ifndef FORMY_CONFIG_CONFIG_H
#define FORMY_CONFIG_CONFIG_H

#include "base/log.h"
#include "base/sandbox.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct json_object;

#define CONFIG_DEFAULT_PATH "/etc/formy/formy.conf"

/* Where Redis is. With unix_socket, host and port do not count. A url is taken apart into these.
 * Texts that are not configured are NULL; host and key_prefix always are. */
struct config_redis {
	char *host;
	int port;
	int db;
	char *username;
	char *password;
	char *unix_socket;
	char *key_prefix;
	int connect_timeout_ms;
	char *sentinel_master; /* NULL: host and port say where it is */
	char *sentinel_hosts;  /* "host:port,host:port" */
	char *sentinel_username;
	char *sentinel_password;
};

struct config_tasks {
	int retention_days;
	int max_concurrent_per_user;   /* 0: no limit */
	int fair_share;                /* one claim in so many is for lower priorities; 0: none */
	int64_t unknown_mode_grace_ms; /* before a mode that no worker ever had fails a task */
	int max_attempts;
	int64_t retry_delay_ms; /* before the second attempt; doubles, with jitter */
	int64_t timeout_ms;     /* one attempt */
};

/* Absolute paths. */
struct config_storage {
	char *uploads;
	char *results;
	int64_t max_upload_size; /* bytes */
	int64_t max_pixels;
};

struct config_worker {
	int executors;            /* one a CPU when it is not configured or 0: never 0 here */
	int threads_per_executor; /* its share of the CPUs when it is not configured or 0 */
	char **plugin_dirs;       /* absolute paths */
	size_t plugin_dir_count;
	int64_t shutdown_timeout_ms;
	enum log_level log_level;
	enum log_format log_format;
};

struct config_mode {
	char *name;
	bool enabled;
	char *engine;    /* name of one of the engines, or NULL: the mode needs none */
	char *plugin;    /* id of the plugin that shall serve the mode, or NULL: whichever does */
	int concurrency; /* tasks at once in this worker; 0: no limit but the executors */
	int concurrency_global;    /* tasks at once in all workers together; 0: no limit */
	int64_t timeout_ms;        /* as configured, else that of tasks */
	int max_attempts;          /* as configured, else that of tasks */
	char *workflow;            /* absolute path, or NULL */
	char *prompt;              /* or NULL */
	char *fallback;            /* name of one of the engines, or NULL */
	int64_t fallback_after_ms; /* that the engine refuses for capacity before it is used */
	char *engines_allowed;     /* names that a task may choose: "a,b", or NULL */
	char *helper;              /* name of one of the engines, or NULL */
	enum sandbox_profile sandbox;
	int64_t memory_limit; /* bytes of address space; 0: no limit */
	char *allow;          /* words with commas between, or NULL; see config_mode_grants() */
	struct json_object *extra; /* an object: the members that only the plugin knows */
	const char *file;          /* where the section begins; belongs to the configuration */
	int line;
};

/* An engine "local" of type "local" is there even when no section names it; its file is NULL. */
struct config_engine {
	char *name;
	char *type;
	char *api_key_file;        /* absolute path, or NULL */
	char *allow;               /* words with commas between, or NULL; config_engine_grants() */
	struct json_object *extra; /* an object: the members that only the engine knows */
	const char *file;
	int line;
};

struct config {
	struct config_redis redis;
	struct config_tasks tasks;
	struct config_storage storage;
	struct config_worker worker;
	struct config_mode *modes;
	size_t mode_count;
	struct config_engine *engines;
	size_t engine_count;
	char *path;   /* the main file, absolute; NULL when there was none and defaults hold */
	char **files; /* all files that were read, the main one first */
	size_t file_count;
	unsigned sharers; /* beside the first owner */
};

/* One option given on the command line: "redis.host" and its value. */
struct config_flag {
	const char *name;
	const char *value;
};

struct config_flags {
	const struct config_flag *items;
	size_t count;
};

/* What is wrong, one sentence each: "file:line: what", "REDIS_PORT: what", "command line: what".
 * A zeroed one is empty and ready. */
struct config_problems {
	char **texts;
	size_t count;
	bool lost; /* there were more: too many, or no memory */
};

void config_problems_finish(struct config_problems *problems);

/* Reads the configuration. path NULL means CONFIG_DEFAULT_PATH, and then, and only then, a missing
 * file means defaults. flags may be NULL. Returns 0; -EINVAL with every problem that could be
 * found in problems; or -ENOMEM. Never ends the process, whatever the files hold. */
int config_load(const char *path, const struct config_flags *flags,
	struct config_problems *problems, struct config **ret_config);

/* One more owner: each calls config_destroy(), the last one ends it. */
struct config *config_share(struct config *config);

/* Takes NULL. */
void config_destroy(struct config *config);

/* A mode or an engine by its name; NULL when there is none. */
const struct config_mode *config_find_mode(const struct config *config, const char *name);
const struct config_engine *config_find_engine(const struct config *config, const char *name);

/* Whether a task of the mode may choose this engine: engines_allowed has it. */
bool config_mode_allows(const struct config_mode *mode, const char *engine);

/* What the operator allows a mode's plugin, and an engine: enum sandbox_grant. To name a service in
 * a section is to allow the connection: an engine of a type that is one has SANDBOX_NET unless its
 * section says otherwise. */
uint32_t config_mode_grants(const struct config_mode *mode);
uint32_t config_engine_grants(const struct config_engine *engine);

/* The variable of the environment that may hold an engine's key; NULL: its type has none. */
const char *config_key_variable(const struct config_engine *engine);

/* The key of an engine's service: from the environment (RUNNINGHUB_API_KEY, OPENAI_API_KEY: by
 * the engine's type), else from api_key_file without the blanks around it. Returns 0, -ENOENT when
 * neither is configured, or another negative errno; *ret_key is then the caller's to free. */
int config_read_api_key(const struct config_engine *engine, struct err *err, char **ret_key);

/* Appends the configuration in force in the syntax of formy.conf, secrets as "***". */
void config_print(const struct config *config, struct buf *out);

/* Appends the names ("redis.host", ...) of the options that differ between the two and that only
 * a restart can change, with ", " between them. */
void config_restart_needed(
	const struct config *running, const struct config *wanted, struct buf *names);

/* Appends the shipped formy.conf: every option with its help, its default, its variable. */
void config_sample(struct buf *out);

/* Appends the source of the man page formy.conf(5), made from the same table. */
void config_man(struct buf *out);

#endif
