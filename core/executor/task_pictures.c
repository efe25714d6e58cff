#include "executor/task.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/ident.h"

static formy_status status_of_decoding(int result)
{
	switch (result) {
	case -ENOMEM:
		return FORMY_E_NOMEM;
	case -EINVAL:
	case -EFBIG:
	case -ERANGE:
	case -EBADMSG:
		return FORMY_E_INPUT;
	default:
		return FORMY_E_INTERNAL;
	}
}

/* Keeps what was decoded until task_end(). */
static const struct pixels *keep(struct formy_task *task, struct pixels *pixels)
{
	struct pixels *kept = task->decoded_count < TASK_DECODED ? malloc(sizeof(*kept)) : NULL;

	if (!kept) {
		pixels_finish(pixels);
		return NULL;
	}
	*kept = *pixels;
	task->decoded[task->decoded_count++] = kept;
	return kept;
}

static int decode_input(struct formy_task *task, struct task_input *input, struct err *err)
{
	const struct pixels_limits limits = {
		.max_bytes = task->setting.max_upload_size,
		.max_pixels = task->setting.max_pixels,
	};
	struct pixels pixels = {0};
	int result = pixels_decode_fd(input->fd, &limits, err, &pixels);

	if (result < 0) {
		return result;
	}
	input->pixels = keep(task, &pixels);
	return input->pixels ? 0 : err_set(err, -ENOMEM, "too many pictures are in memory");
}

formy_status task_decode_input(
	struct formy_task *task, const char *role, const struct pixels **ret_pixels)
{
	struct task_input *input = NULL;
	char message[LIMIT_ERROR_MESSAGE];
	struct err err = {0};
	int result;

	for (size_t i = 0; role && i < task->input_count && !input; i++) {
		if (strcmp(task->inputs[i].role, role) == 0) {
			input = &task->inputs[i];
		}
	}
	if (!input) {
		return FORMY_E_MISSING;
	}
	if (!input->pixels) {
		result = decode_input(task, input, &err);
		if (result < 0) {
			(void)snprintf(message, sizeof(message),
				"The %s picture cannot be used: %.400s.", input->role, err.text);
			return task_fail(task, status_of_decoding(result),
				pixels_error_code(result), message, NULL);
		}
	}
	*ret_pixels = input->pixels;
	return FORMY_OK;
}

int task_decode_bytes(struct formy_task *task, const void *data, size_t len, struct err *err,
	const struct pixels **ret_pixels)
{
	const struct pixels_limits limits = {.max_pixels = task->setting.max_pixels};
	const struct pixels *kept;
	struct pixels pixels = {0};
	int result = pixels_decode_bytes(data, len, &limits, err, &pixels);

	if (result < 0) {
		return result;
	}
	kept = keep(task, &pixels);
	if (!kept) {
		return err_set(err, -ENOMEM, "too many pictures are in memory");
	}
	*ret_pixels = kept;
	return 0;
}

formy_status task_view_image(
	struct formy_task *task, const formy_image *image, struct pixels *ret_pixels)
{
	const char *wrong = NULL;

	if (!image || image->size < sizeof(*image)) {
		wrong = "its size is not set to sizeof(formy_image)";
	} else if (image->format != FORMY_GREY8 && image->format != FORMY_RGB8 &&
		image->format != FORMY_RGBA8) {
		wrong = "its format is none of FORMY_GREY8, FORMY_RGB8, FORMY_RGBA8";
	} else if (image->width == 0 || image->height == 0 || !image->pixels) {
		wrong = "it has no pixels";
	} else if (task->setting.max_pixels > 0 &&
		(uint64_t)image->width * image->height > task->setting.max_pixels) {
		wrong = "it has more pixels than storage.max_pixels";
	} else if (image->stride < (uint64_t)image->width * image->format ||
		image->stride > UINT32_MAX) {
		wrong = "its stride does not fit its width";
	}
	if (wrong) {
		return task_fail(task, FORMY_E_INTERNAL, "INTERNAL_ERROR",
			"The plugin handed over a picture that is none.", wrong);
	}
	*ret_pixels = (struct pixels){
		.channels = image->format,
		.width = image->width,
		.height = image->height,
		.stride = (size_t)image->stride,
		.data = image->pixels,
	};
	return FORMY_OK;
}

/* Whether the pixels are in memory that lives until task_end(). */
static bool lives(struct formy_task *task, const struct pixels *pixels, uint64_t bytes)
{
	uintptr_t from = (uintptr_t)pixels->data;

	for (size_t i = 0; i < task->decoded_count; i++) {
		const struct pixels *one = task->decoded[i];
		uintptr_t begin = (uintptr_t)one->data;

		if (from >= begin && from + bytes <= begin + one->stride * one->height) {
			return true;
		}
	}
	return arena_owns(&task->arena, pixels->data, bytes);
}

formy_status task_take_image(
	struct formy_task *task, const formy_image *image, struct pixels *ret_pixels)
{
	struct pixels pixels = {0};
	size_t row;
	uint8_t *copy;
	formy_status status = task_view_image(task, image, &pixels);

	if (status != FORMY_OK) {
		return status;
	}
	row = (size_t)pixels.width * pixels.channels;
	if (!lives(task, &pixels, (uint64_t)pixels.stride * (pixels.height - 1) + row)) {
		copy = arena_alloc(&task->arena, (uint64_t)row * pixels.height);
		if (!copy) {
			return task_fail(task, FORMY_E_NOMEM, NULL,
				"There is not enough memory for the picture.", NULL);
		}
		for (uint32_t y = 0; y < pixels.height; y++) {
			memcpy(copy + y * row, pixels.data + y * pixels.stride, row);
		}
		pixels.data = copy;
		pixels.stride = row;
	}
	*ret_pixels = pixels;
	return FORMY_OK;
}

formy_status task_put_picture(struct formy_task *task, struct task_pictures *pictures,
	const char *role, const struct pixels *pixels)
{
	size_t at = 0;

	if (!role || !ident_is_name(role, strlen(role))) {
		return task_fail(task, FORMY_E_INTERNAL, "INTERNAL_ERROR",
			"The plugin named a picture's role in a way that is not allowed.", role);
	}
	while (at < pictures->count && strcmp(pictures->items[at].role, role) != 0) {
		at++;
	}
	if (at == TASK_PICTURES) {
		return task_fail(task, FORMY_E_INTERNAL, "INTERNAL_ERROR",
			"The plugin handed over too many pictures.", NULL);
	}
	(void)text_copy(pictures->items[at].role, sizeof(pictures->items[at].role), role);
	pictures->items[at].pixels = *pixels;
	pictures->items[at].pixels.memory = NULL;
	if (at == pictures->count) {
		pictures->count++;
	}
	return FORMY_OK;
}

const struct pixels *task_find_picture(const struct task_pictures *pictures, const char *role)
{
	for (size_t i = 0; role && i < pictures->count; i++) {
		if (strcmp(pictures->items[i].role, role) == 0) {
			return &pictures->items[i].pixels;
		}
	}
	return NULL;
}
