#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"

static const struct {
	const char *name;
	int priority; /* of sd-daemon(3) */
} levels[] = {
	[LOG_LEVEL_DEBUG] = {"debug", 7},
	[LOG_LEVEL_INFO] = {"info", 6},
	[LOG_LEVEL_WARNING] = {"warning", 4},
	[LOG_LEVEL_ERROR] = {"error", 3},
};

static enum log_level least = LOG_LEVEL_INFO;
static enum log_format form = LOG_FORMAT_LOGFMT;
static bool to_journal;
static bool gathers;
static struct buf gathered;

#define GATHERED_MOST 16384 /* bytes */

/* systemd sets JOURNAL_STREAM to the device and inode of the stream that it gave; a program whose
 * standard error was redirected since then does not write to the journal. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat st;
	uintmax_t device;
	uintmax_t inode;

	/* NOLINTNEXTLINE(cert-err34-c): a malformed value is simply not ours */
	if (!stream || sscanf(stream, "%" SCNuMAX ":%" SCNuMAX, &device, &inode) != 2) {
		return false;
	}
	return fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

void log_init(enum log_level level, enum log_format format)
{
	least = level;
	form = format;
	to_journal = stderr_is_journal();
}

bool log_enabled(enum log_level level)
{
	return level >= least;
}

struct log_field log_field_text(const char *name, const char *text)
{
	return (struct log_field){.name = name, .text = text, .absent = !text};
}

/* logfmt: a bare word where that is safe, else quoted as JSON quotes. */
static void add_value(struct buf *line, const char *text)
{
	bool bare = *text != '\0';

	for (const char *at = text; *at && bare; at++) {
		unsigned char c = (unsigned char)*at;

		bare = c > ' ' && c < 0x7f && !strchr("\"=\\>", c);
	}
	if (bare) {
		buf_add_text(line, text);
	} else {
		json_add_string(line, text);
	}
}

/* Whether the next pair is the first: an append that failed has left nothing to look at. */
static bool ends_with(const struct buf *line, char c)
{
	return line->len > 0 && line->data[line->len - 1] == c;
}

static void add_pair(struct buf *line, const char *name, const char *text)
{
	if (form == LOG_FORMAT_JSON) {
		buf_add_text(line, ends_with(line, '{') ? "" : ",");
		json_add_string(line, name);
		buf_add_char(line, ':');
		json_add_string(line, text);
	} else {
		buf_add_text(line, ends_with(line, '>') ? "" : " ");
		buf_add_text(line, name);
		buf_add_char(line, '=');
		add_value(line, text);
	}
}

static void add_number(struct buf *line, const char *name, int64_t number)
{
	if (form == LOG_FORMAT_JSON) {
		buf_printf(line, ",\"%s\":%" PRId64, name, number);
	} else {
		buf_printf(line, " %s=%" PRId64, name, number);
	}
}

/* One write for whole lines: those of several processes do not mix. */
static void put_line(enum log_level level, const void *line, size_t len)
{
	if (gathers) {
		buf_add(&gathered, line, len);
	}
	if (!gathers || buf_failed(&gathered)) {
		log_flush();
		(void)fs_write_all(STDERR_FILENO, line, len);
	} else if (level > LOG_LEVEL_INFO || gathered.len > GATHERED_MOST) {
		log_flush();
	}
}

void log_write(enum log_level level, const char *message, const struct log_field *fields)
{
	int saved = errno;
	struct buf line = {0};

	/* a first byte for add_pair to look back at; logfmt drops it again */
	if (to_journal) {
		buf_printf(&line, "<%d>", levels[level].priority);
	} else if (form == LOG_FORMAT_LOGFMT) {
		buf_add_char(&line, '>');
	}
	if (form == LOG_FORMAT_JSON) {
		buf_add_char(&line, '{');
	}
	if (!to_journal) {
		char now[CLOCK_TEXT_SIZE];

		clock_format_z(clock_wall_us(), now);
		add_pair(&line, "ts", now);
	}
	add_pair(&line, "level", levels[level].name);
	add_pair(&line, "msg", message);
	for (; fields->name; fields++) {
		if (fields->text) {
			add_pair(&line, fields->name, fields->text);
		} else if (!fields->absent) {
			add_number(&line, fields->name, fields->number);
		}
	}
	if (form == LOG_FORMAT_JSON) {
		buf_add_char(&line, '}');
	}
	buf_add_char(&line, '\n');
	if (!buf_failed(&line)) {
		size_t skip = !to_journal && form == LOG_FORMAT_LOGFMT;

		put_line(level, line.data + skip, line.len - skip);
	}
	buf_finish(&line);
	errno = saved;
}

void log_gather(void)
{
	gathers = true;
}

void log_flush(void)
{
	if (gathered.len > 0) {
		(void)fs_write_all(STDERR_FILENO, gathered.data, gathered.len);
		buf_clear(&gathered);
	}
}
