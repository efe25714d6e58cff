/* One line an event on standard error: a sentence and named facts.
 *
 *	log_info("task done", LOG_S("task", id), LOG_I("ms", ms));
 *
 * As logfmt or JSON. Under the journal lines get a priority and no time, as it has its own.
 * Programs log, library folders do not (above debug). Values are escaped, so a value from outside
 * cannot forge a line; secrets are the caller's care. The level, the format and
 * what was gathered are the only global state; one thread. */
#ifndef FORMY_BASE_LOG_H
#define FORMY_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };

struct log_field {
	const char *name;
	const char *text; /* NULL: the number counts */
	int64_t number;
	bool absent; /* a NULL text: the field is left out */
};

#define LOG_S(n, value) log_field_text((n), (value))
#define LOG_I(n, value) ((struct log_field){.name = (n), .number = (int64_t)(value)})

#define log_at(level, ...)                                                                         \
	do {                                                                                       \
		if (log_enabled(level)) {                                                          \
			log_fields_at(level, __VA_ARGS__, (struct log_field){0});                  \
		}                                                                                  \
	} while (0)
#define log_fields_at(level, message, ...)                                                         \
	log_write((level), (message), (const struct log_field[]){__VA_ARGS__})

#define log_debug(...) log_at(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...) log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warning(...) log_at(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_error(...) log_at(LOG_LEVEL_ERROR, __VA_ARGS__)

/* Finds out whether standard error is the journal. Before it is called: info, logfmt. */
void log_init(enum log_level level, enum log_format format);

bool log_enabled(enum log_level level);

/* Writes one line; fields end with one that has no name. Keeps errno. */
void log_write(enum log_level level, const char *message, const struct log_field *fields);

/* From now on lines up to info wait for log_flush(), or for the next line above that, so that many
 * cost one write. */
void log_gather(void);

/* Writes what was gathered. */
void log_flush(void);

struct log_field log_field_text(const char *name, const char *text);

#endif
