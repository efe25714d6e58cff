#include "wire/msg.h"

#include <errno.h>
#include <stdbool.h>

#include "wire/frame.h"

enum kind { NUMBER, TEXT };

/* One field of a message; its tag is its place in the table, from 1. Append only. */
struct field {
	enum kind kind;
	bool required;
	size_t offset;
};

#define REQUIRED(kind, member)                                                                     \
	{                                                                                          \
		kind, true, offsetof(struct msg, member)                                           \
	}
#define OPTIONAL(kind, member)                                                                     \
	{                                                                                          \
		kind, false, offsetof(struct msg, member)                                          \
	}
#define END                                                                                        \
	{                                                                                          \
		NUMBER, false, 0                                                                   \
	}

static const struct field setup_fields[] = {
	REQUIRED(NUMBER, setup.protocol),
	REQUIRED(TEXT, setup.mode),
	REQUIRED(TEXT, setup.mode_config),
	REQUIRED(TEXT, setup.plugin_path),
	OPTIONAL(TEXT, setup.engine_name),
	OPTIONAL(TEXT, setup.engine_type),
	OPTIONAL(TEXT, setup.engine_path),
	OPTIONAL(TEXT, setup.engine_config),
	REQUIRED(TEXT, setup.scratch),
	REQUIRED(NUMBER, setup.max_upload_size),
	REQUIRED(NUMBER, setup.max_pixels),
	REQUIRED(NUMBER, setup.threads),
	REQUIRED(NUMBER, setup.log_level),
	REQUIRED(NUMBER, setup.sandbox),
	REQUIRED(NUMBER, setup.granted),
	REQUIRED(NUMBER, setup.memory),
	OPTIONAL(TEXT, setup.helper_name),
	OPTIONAL(TEXT, setup.helper_type),
	OPTIONAL(TEXT, setup.helper_path),
	OPTIONAL(TEXT, setup.helper_config),
	REQUIRED(NUMBER, setup.copies),
	END,
};

static const struct field job_fields[] = {
	REQUIRED(NUMBER, job.job),
	REQUIRED(TEXT, job.task_id),
	REQUIRED(NUMBER, job.attempt),
	REQUIRED(NUMBER, job.time_ms),
	REQUIRED(TEXT, job.config),
	REQUIRED(TEXT, job.roles),
	OPTIONAL(NUMBER, job.check),
	OPTIONAL(TEXT, job.memo),
	OPTIONAL(TEXT, job.unknown),
	END,
};

static const struct field ready_fields[] = {
	REQUIRED(NUMBER, ready.protocol),
	OPTIONAL(TEXT, ready.plugin_version),
	OPTIONAL(TEXT, ready.engine_version),
	END,
};

static const struct field refused_fields[] = {
	REQUIRED(TEXT, refused.code),
	REQUIRED(TEXT, refused.message),
	END,
};

static const struct field log_fields[] = {
	REQUIRED(NUMBER, log.level),
	REQUIRED(NUMBER, log.job),
	REQUIRED(TEXT, log.text),
	END,
};

static const struct field progress_fields[] = {
	REQUIRED(NUMBER, progress.job),
	REQUIRED(NUMBER, progress.permille),
	OPTIONAL(TEXT, progress.step),
	OPTIONAL(NUMBER, progress.part),
	END,
};

static const struct field outcome_fields[] = {
	REQUIRED(NUMBER, outcome.job),
	REQUIRED(NUMBER, outcome.status),
	OPTIONAL(TEXT, outcome.code),
	OPTIONAL(TEXT, outcome.message),
	OPTIONAL(TEXT, outcome.details),
	OPTIONAL(TEXT, outcome.metadata),
	OPTIONAL(TEXT, outcome.output),
	OPTIONAL(TEXT, outcome.thumbnail),
	OPTIONAL(TEXT, outcome.comparison),
	OPTIONAL(NUMBER, outcome.run_us),
	OPTIONAL(NUMBER, outcome.retry_ms),
	OPTIONAL(TEXT, outcome.down_code),
	OPTIONAL(TEXT, outcome.down_reason),
	OPTIONAL(NUMBER, outcome.last),
	END,
};

static const struct field probed_fields[] = {
	OPTIONAL(TEXT, probed.descriptor),
	OPTIONAL(TEXT, probed.state),
	OPTIONAL(TEXT, probed.reason),
	END,
};

static const struct field confined_fields[] = {
	REQUIRED(TEXT, confined.in_force),
	REQUIRED(TEXT, confined.lacks),
	END,
};

static const struct field memo_fields[] = {
	REQUIRED(NUMBER, memo.job),
	REQUIRED(NUMBER, memo.number),
	OPTIONAL(TEXT, memo.text),
	END,
};

static const struct field kept_fields[] = {
	REQUIRED(NUMBER, kept.number),
	REQUIRED(NUMBER, kept.result),
	END,
};

static const struct {
	const char *name;
	const struct field *fields;
} types[] = {
	[MSG_SETUP] = {"setup", setup_fields},
	[MSG_JOB] = {"job", job_fields},
	[MSG_READY] = {"ready", ready_fields},
	[MSG_REFUSED] = {"refused", refused_fields},
	[MSG_LOG] = {"log", log_fields},
	[MSG_PROGRESS] = {"progress", progress_fields},
	[MSG_OUTCOME] = {"outcome", outcome_fields},
	[MSG_PROBED] = {"probed", probed_fields},
	[MSG_CONFINED] = {"confined", confined_fields},
	[MSG_MEMO] = {"memo", memo_fields},
	[MSG_KEPT] = {"kept", kept_fields},
};

static const struct field *fields_of(unsigned type)
{
	return type < sizeof(types) / sizeof(types[0]) ? types[type].fields : NULL;
}

int msg_encode(const struct msg *msg, struct buf *out)
{
	const struct field *fields = fields_of(msg->type);

	if (!fields) {
		return -EINVAL;
	}
	frame_begin(out, (uint8_t)msg->type);
	for (uint16_t i = 0; fields[i].offset; i++) {
		const void *member = (const char *)msg + fields[i].offset;

		if (fields[i].kind == NUMBER) {
			frame_add_number(out, (uint16_t)(i + 1), *(const uint64_t *)member);
		} else if (*(const char *const *)member) {
			frame_add_text(out, (uint16_t)(i + 1), *(const char *const *)member);
		}
	}
	return frame_end(out);
}

static int decode_field(const struct field *field, const struct frame_field *from, struct msg *msg)
{
	void *member = (char *)msg + field->offset;

	if (field->kind == NUMBER) {
		return frame_field_number(from, member);
	}
	return frame_field_text(from, member);
}

int msg_decode(const void *packet, size_t len, struct msg *ret_msg)
{
	const struct field *fields;
	struct frame_field from;
	struct frame frame;
	struct msg msg = {0};
	uint64_t seen = 0;
	size_t count = 0;
	int more;

	if (frame_open(packet, len, &frame) < 0) {
		return -EPROTO;
	}
	fields = fields_of(frame.type);
	if (!fields) {
		return -EPROTO;
	}
	while (fields[count].offset) {
		count++;
	}
	msg.type = frame.type;
	while ((more = frame_next(&frame, &from)) > 0) {
		if (from.tag == 0 || from.tag > count) {
			continue;
		}
		if (decode_field(&fields[from.tag - 1], &from, &msg) < 0) {
			return -EPROTO;
		}
		seen |= UINT64_C(1) << (from.tag - 1);
	}
	if (more < 0) {
		return -EPROTO;
	}
	for (size_t i = 0; i < count; i++) {
		if (fields[i].required && !(seen & UINT64_C(1) << i)) {
			return -EPROTO;
		}
	}
	*ret_msg = msg;
	return 0;
}

const char *msg_type_name(enum msg_type type)
{
	return fields_of(type) ? types[type].name : "unknown";
}
