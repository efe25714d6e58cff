#include "cli/progress.h"

#include <string.h>
#include <sys/ioctl.h>

#include "base/buf.h"
#include "cli/text.h"

#define BAR_WIDTH 20
#define STEP_LEAST 8 /* fewer columns of a step's text tell nothing */

static int bounded(int percent)
{
	return percent < 0 ? 0 : percent > 100 ? 100 : percent;
}

static void add_meter(struct buf *out, int percent)
{
	int filled = bounded(percent) * BAR_WIDTH / 100;

	buf_add_char(out, '[');
	for (int i = 0; i < BAR_WIDTH; i++) {
		buf_add_char(out, i < filled ? '#' : '-');
	}
	buf_printf(out, "] %3d%%", bounded(percent));
}

void progress_add_bar(struct buf *out, const struct progress *progress, size_t columns)
{
	struct buf line = {0};
	struct buf step = {0};
	struct buf time = {0};
	size_t used;

	text_add_safe(&line, progress->mode ? progress->mode : "task");
	buf_add_char(&line, ' ');
	add_meter(&line, progress->percent);
	text_duration(&time, progress->elapsed_s);
	text_add_safe(
		&step, progress->step && progress->step[0] ? progress->step : progress->status);
	if (buf_failed(&line) || buf_failed(&step) || buf_failed(&time)) {
		out->failed = true;
		goto out;
	}
	used = text_width(line.data, line.len) + time.len + 4;
	if (columns >= used + STEP_LEAST) {
		buf_add_text(&line, "  ");
		text_add_cut(&line, buf_cstr(&step), columns - used);
	}
	buf_printf(&line, "  %s", buf_cstr(&time));
	if (buf_failed(&line)) {
		out->failed = true;
	} else {
		text_add_cut(out, buf_cstr(&line), columns);
	}
out:
	buf_finish(&line);
	buf_finish(&step);
	buf_finish(&time);
}

void progress_add_plain(struct buf *out, const struct progress *progress)
{
	text_add_safe(out, progress->status);
	buf_printf(out, " %d%%", bounded(progress->percent));
	if (progress->step && progress->step[0]) {
		buf_add_char(out, ' ');
		text_add_safe(out, progress->step);
	}
}

size_t progress_columns(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0) {
		return 80;
	}
	return size.ws_col;
}
