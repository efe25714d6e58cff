/* A task as people are shown it. */
#ifndef FORMY_CLI_TASK_VIEW_H
#define FORMY_CLI_TASK_VIEW_H

#include <stdbool.h>

#include <formy/client.h>

#include "cli/table.h"

struct buf;

/* The colour of a status. */
enum paint task_view_paint(formy_task_status status);

/* Appends all that is known of a task, a fact a line. */
void task_view_add(struct buf *out, const formy_task_info *task, bool color);

/* Appends a page of tasks as a table. */
void task_view_add_page(struct buf *out, const formy_task_page *page, bool color);

/* Appends what became of an ended task, in half a sentence: "failed: NO_FACE_DETECTED: ...". */
void task_view_add_end(struct buf *out, const formy_task_info *task);

#endif
