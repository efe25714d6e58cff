#include "task/outcome.h"

#include <formy/plugin.h>
#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"

#define RETRY_LONGEST_MS 3600000U

static const char *const codes[] = {
	"UNKNOWN_ERROR",
	"INTERNAL_ERROR",
	"INVALID_REQUEST",
	"TASK_DATA_NOT_FOUND",
	"TASK_ALREADY_PROCESSING",
	"TASK_CANCELLED",
	"INVALID_MODE",
	"INVALID_SOURCE_IMAGE",
	"INVALID_REFERENCE_IMAGE",
	"INVALID_CONFIG",
	"MISSING_REQUIRED_PARAM",
	"IMAGE_NOT_FOUND",
	"IMAGE_FORMAT_INVALID",
	"IMAGE_SIZE_TOO_LARGE",
	"IMAGE_SIZE_TOO_SMALL",
	"IMAGE_LOAD_FAILED",
	"IMAGE_DECODE_FAILED",
	"PIPELINE_ERROR",
	"PIPELINE_TIMEOUT",
	"PIPELINE_INIT_FAILED",
	"PIPELINE_CONFIG_ERROR",
	"PIPELINE_CRASHED",
	"ENGINE_NOT_AVAILABLE",
	"ENGINE_CONNECTION_FAILED",
	"ENGINE_TIMEOUT",
	"ENGINE_RESPONSE_ERROR",
	"ENGINE_AUTH_FAILED",
	"COMFYUI_NOT_AVAILABLE",
	"COMFYUI_CONNECTION_TIMEOUT",
	"COMFYUI_WORKFLOW_ERROR",
	"COMFYUI_PROCESSING_FAILED",
	"COMFYUI_RESULT_NOT_FOUND",
	"INSUFFICIENT_CREDITS",
	"RESOURCE_LIMIT_EXCEEDED",
	"STORAGE_FULL",
	"PROCESSING_FAILED",
	"RESULT_SAVE_FAILED",
	"NO_FACE_DETECTED",
	"MULTIPLE_FACES_DETECTED",
	"POSE_EXTRACTION_FAILED",
};

struct kind {
	int32_t status;
	const char *code;
	const char *message;
};

static const struct kind kinds[] = {
	{FORMY_E_PARAMS, "INVALID_CONFIG",
		"The task's config holds something that cannot be done."},
	{FORMY_E_INPUT, "INVALID_SOURCE_IMAGE", "One of the task's pictures cannot be used."},
	{FORMY_E_MISSING, "MISSING_REQUIRED_PARAM", "The task lacks a picture or a parameter."},
	{FORMY_E_UNSUPPORTED, "INVALID_MODE",
		"The task asks for something that is not known here."},
	{FORMY_E_BUSY, "ENGINE_NOT_AVAILABLE", "The engine has no capacity now."},
	{FORMY_E_TIMEOUT, "ENGINE_TIMEOUT", "The engine did not answer in time."},
	{FORMY_E_UNREACHABLE, "ENGINE_CONNECTION_FAILED", "The engine cannot be reached."},
	{FORMY_E_NOMEM, "RESOURCE_LIMIT_EXCEEDED",
		"The worker had too little memory for the task."},
	{FORMY_E_ENGINE, "ENGINE_RESPONSE_ERROR", "The engine failed."},
	{FORMY_E_INTERNAL, "INTERNAL_ERROR", "The worker failed; its log says more."},
	{FORMY_E_STORAGE, "RESULT_SAVE_FAILED", "The result could not be written."},
	{FORMY_E_CANCELLED, "TASK_CANCELLED", "The task was cancelled."},
};

/* A number that is not in the list keeps the meaning of its hundred. */
static const struct kind classes[] = {
	{1, "INVALID_REQUEST", "The task cannot be carried out as it is."},
	{2, "ENGINE_NOT_AVAILABLE", "Something that the task needs is not available now."},
	{3, "PIPELINE_ERROR", "The pipeline failed."},
	{4, "TASK_CANCELLED", "The task was cancelled."},
};

static const struct kind unknown = {
	0, "UNKNOWN_ERROR", "The task failed; the worker's log says more."};

static const struct kind *kind_of(int32_t status)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].status == status) {
			return &kinds[i];
		}
	}
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (status / -100 == classes[i].status) {
			return &classes[i];
		}
	}
	return &unknown;
}

const char *outcome_code_at(unsigned index)
{
	return index < sizeof(codes) / sizeof(codes[0]) ? codes[index] : NULL;
}

bool outcome_is_code(const char *text)
{
	for (size_t i = 0; text && i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (strcmp(text, codes[i]) == 0) {
			return true;
		}
	}
	return false;
}

const char *outcome_code(const struct outcome *outcome)
{
	return outcome_is_code(outcome->code) ? outcome->code : kind_of(outcome->status)->code;
}

const char *outcome_message(const struct outcome *outcome)
{
	return outcome->message && outcome->message[0] ? outcome->message
						       : kind_of(outcome->status)->message;
}

bool outcome_is_passing(int32_t status)
{
	return status / -100 == 2;
}

uint32_t outcome_retry_delay_ms(uint32_t delay_ms, unsigned attempt, uint32_t chance)
{
	uint64_t delay = delay_ms;

	for (unsigned i = 1; i < attempt && delay < RETRY_LONGEST_MS; i++) {
		delay *= 2;
	}
	if (delay > RETRY_LONGEST_MS) {
		delay = RETRY_LONGEST_MS;
	}
	return (uint32_t)(delay - delay / 4 + chance % (delay / 2 + 1));
}

/* The length of the well-formed UTF-8 sequence at text, which ends with a NUL; 0: it is none. */
static size_t utf8_len(const unsigned char *text)
{
	size_t len;

	if (text[0] < 0x80) {
		return 1;
	}
	len = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
	if (text[0] < 0xc2 || text[0] > 0xf4) {
		return 0;
	}
	for (size_t i = 1; i < len; i++) {
		if ((text[i] & 0xc0) != 0x80) {
			return 0;
		}
	}
	if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) ||
		(text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f)) {
		return 0;
	}
	return len;
}

static void add_text(struct buf *out, const char *text, size_t max)
{
	struct buf clean = {0};
	const unsigned char *at = (const unsigned char *)text;
	const char *cut;

	while (*at) {
		size_t len = utf8_len(at);

		if (clean.len + (len ? len : 1) > max) {
			break;
		}
		buf_add(&clean, len ? (const char *)at : "?", len ? len : 1);
		at += len ? len : 1;
	}
	cut = buf_cstr(&clean);
	if (cut) {
		json_add_string(out, cut);
	} else {
		out->failed = true;
	}
	buf_finish(&clean);
}

void outcome_add_error(struct buf *out, const struct outcome *outcome)
{
	buf_add_text(out, "{\"code\":");
	json_add_string(out, outcome_code(outcome));
	buf_add_text(out, ",\"message\":");
	add_text(out, outcome_message(outcome), LIMIT_ERROR_MESSAGE);
	buf_add_text(out, ",\"details\":");
	if (outcome->details && outcome->details[0]) {
		add_text(out, outcome->details, LIMIT_ERROR_DETAILS);
	} else {
		buf_add_text(out, "null");
	}
	if (outcome->context) {
		const char *text = json_text(outcome->context);

		if (text && strlen(text) <= LIMIT_TASK_RESULT) {
			buf_add_text(out, ",\"context\":");
			buf_add_text(out, text);
		}
	}
	buf_add_char(out, '}');
}
