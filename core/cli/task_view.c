#include "cli/task_view.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "cli/text.h"

enum paint task_view_paint(formy_task_status status)
{
	switch (status) {
	case FORMY_TASK_DONE:
		return PAINT_GOOD;
	case FORMY_TASK_FAILED:
		return PAINT_BAD;
	case FORMY_TASK_PROCESSING:
		return PAINT_BUSY;
	case FORMY_TASK_CANCELLED:
		return PAINT_QUIET;
	default:
		return PAINT_NONE;
	}
}

/* "640x480 png, 12.3 kB" */
static void add_picture(struct buf *out, const formy_task_info *task)
{
	if (task->width > 0 && task->height > 0) {
		buf_printf(out, "%" PRId64 "x%" PRId64, task->width, task->height);
	}
	if (task->output_format) {
		buf_printf(out, "%s%s", out->len ? " " : "", task->output_format);
	}
	if (task->output_size > 0) {
		buf_add_text(out, out->len ? ", " : "");
		text_size(out, task->output_size);
	}
}

/* The error in one line. */
static void add_error(struct buf *out, const formy_task_info *task)
{
	buf_add_text(out, task->error_code ? task->error_code : "");
	if (task->error_message) {
		buf_printf(out, "%s%s", out->len ? ": " : "", task->error_message);
	}
	if (task->error_details) {
		buf_printf(out, " (%s)", task->error_details);
	}
}

static const char *time_or_null(int64_t wall_us, char text[CLOCK_TEXT_SIZE])
{
	text_time(wall_us, text);
	return wall_us ? text : NULL;
}

static const char *text_or_null(struct buf *buf)
{
	return buf->len ? buf_cstr(buf) : NULL;
}

void task_view_add(struct buf *out, const formy_task_info *task, bool color)
{
	char times[6][CLOCK_TEXT_SIZE];
	struct buf progress = {0};
	struct buf attempts = {0};
	struct buf seconds = {0};
	struct buf picture = {0};
	struct buf error = {0};

	buf_printf(&progress, "%" PRId32 "%%", task->progress);
	if (task->attempts > 0) {
		buf_printf(&attempts, "%" PRId64, task->attempts);
	}
	if (task->processing_seconds >= 0) {
		text_duration(&seconds, task->processing_seconds);
	}
	add_picture(&picture, task);
	add_error(&error, task);
	const struct pair pairs[] = {
		{"task", task->id, PAINT_NONE},
		{"status", formy_task_status_name(task->status), task_view_paint(task->status)},
		{"progress", text_or_null(&progress), PAINT_NONE},
		{"step", task->current_step, PAINT_NONE},
		{"mode", task->mode, PAINT_NONE},
		{"source", task->source_image, PAINT_NONE},
		{"reference", task->reference_image, PAINT_NONE},
		{"user", task->user, PAINT_NONE},
		{"error", text_or_null(&error), PAINT_BAD},
		{"output", task->output_image, PAINT_NONE},
		{"picture", text_or_null(&picture), PAINT_NONE},
		{"thumbnail", task->thumbnail, PAINT_NONE},
		{"comparison", task->comparison_image, PAINT_NONE},
		{"worker", task->worker, PAINT_NONE},
		{"attempts", text_or_null(&attempts), PAINT_NONE},
		{"took", text_or_null(&seconds), PAINT_NONE},
		{"created", time_or_null(task->created_us, times[0]), PAINT_NONE},
		{"started", time_or_null(task->started_us, times[1]), PAINT_NONE},
		{"done", time_or_null(task->completed_us, times[2]), PAINT_NONE},
		{"failed", time_or_null(task->failed_us, times[3]), PAINT_NONE},
		{"cancelled", time_or_null(task->cancelled_us, times[4]), PAINT_NONE},
		{"updated", time_or_null(task->updated_us, times[5]), PAINT_NONE},
		{NULL, NULL, PAINT_NONE},
	};

	table_add_pairs(out, pairs, color);
	buf_finish(&progress);
	buf_finish(&attempts);
	buf_finish(&seconds);
	buf_finish(&picture);
	buf_finish(&error);
}

void task_view_add_page(struct buf *out, const formy_task_page *page, bool color)
{
	static const char *const titles[] = {
		"TASK", "STATUS", ">PROGRESS", "MODE", "USER", "CREATED", "STEP OR ERROR", NULL};
	struct table table;

	table_init(&table, titles);
	for (size_t i = 0; i < page->count; i++) {
		const formy_task_info *task = page->tasks[i];
		char created[CLOCK_TEXT_SIZE];
		char percent[16];
		struct buf number = {0};

		buf_printf(&number, "%" PRId32 "%%", task->progress);
		(void)text_copy(
			percent, sizeof(percent), buf_failed(&number) ? "" : buf_cstr(&number));
		buf_finish(&number);
		text_time(task->created_us, created);
		table_add_row(&table,
			(const struct cell[]){
				{task->id, PAINT_NONE},
				{formy_task_status_name(task->status),
					task_view_paint(task->status)},
				{percent, PAINT_NONE},
				{task->mode, PAINT_NONE},
				{task->user, PAINT_NONE},
				{created, PAINT_NONE},
				{task->error_code ? task->error_code : task->current_step,
					PAINT_NONE},
			});
	}
	table_add_to(out, &table, color);
	table_finish(&table);
}

void task_view_add_end(struct buf *out, const formy_task_info *task)
{
	struct buf detail = {0};

	buf_add_text(out, formy_task_status_name(task->status));
	if (task->status == FORMY_TASK_FAILED) {
		add_error(&detail, task);
	} else if (task->status == FORMY_TASK_DONE) {
		add_picture(&detail, task);
		if (task->processing_seconds >= 0) {
			buf_add_text(&detail, detail.len ? " in " : "in ");
			text_duration(&detail, task->processing_seconds);
		}
	}
	if (detail.len > 0 && !buf_failed(&detail)) {
		buf_printf(out, "%s%s", strncmp(detail.data, "in ", 3) == 0 ? " " : ": ",
			buf_cstr(&detail));
	}
	buf_finish(&detail);
}
