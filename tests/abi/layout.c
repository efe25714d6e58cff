/* The layout of the plugin ABI, field by field. That this compiles is the test.
 *
 * One line a field: where it lies and of what type it is; one a constant. Lines are only ever
 * added, with the fields and constants that are appended to formy/plugin.h: a line that has to be
 * changed is a plugin somewhere that crashes. While the major number is 0 a change is allowed, if
 * the minor number is raised with it. */
#include <stddef.h>
#include <stdint.h>

#include "formy/extensions.h"
#include "formy/plugin.h"

#if UINTPTR_MAX == UINT64_MAX
#define OFFSET(type, field, offset)                                                                \
	_Static_assert(offsetof(type, field) == (offset), #type "." #field " has moved")
#else
#define OFFSET(type, field, offset)                                                                \
	_Static_assert(offsetof(type, field) <= (offset), #type "." #field " has moved")
#endif

#define FIELD(type, field, offset, ...)                                                            \
	OFFSET(type, field, offset);                                                               \
	_Static_assert(_Generic(((type *)0)->field, __VA_ARGS__ : 1, default : 0),                 \
		#type "." #field " is of another type")

#define CONSTANT(name, value) _Static_assert((name) == (value), #name " has another value")

/* clang-format off */

FIELD(formy_image, size, 0, uint32_t);
FIELD(formy_image, format, 4, uint32_t);
FIELD(formy_image, width, 8, uint32_t);
FIELD(formy_image, height, 12, uint32_t);
FIELD(formy_image, stride, 16, uint64_t);
FIELD(formy_image, pixels, 24, const uint8_t *);

FIELD(formy_blob, size, 0, uint32_t);
FIELD(formy_blob, reserved, 4, uint32_t);
FIELD(formy_blob, data, 8, const void *);
FIELD(formy_blob, len, 16, uint64_t);
FIELD(formy_blob, media_type, 24, const char *);

FIELD(formy_named_image, size, 0, uint32_t);
FIELD(formy_named_image, reserved, 4, uint32_t);
FIELD(formy_named_image, role, 8, const char *);
FIELD(formy_named_image, image, 16, const formy_image *);

FIELD(formy_request, size, 0, uint32_t);
FIELD(formy_request, progress_from, 4, uint32_t);
FIELD(formy_request, progress_to, 8, uint32_t);
FIELD(formy_request, reserved, 12, uint32_t);
FIELD(formy_request, operation, 16, const char *);
FIELD(formy_request, params, 24, const char *);
FIELD(formy_request, images, 32, const formy_named_image *const *);
FIELD(formy_request, engine, 40, const char *);

FIELD(formy_host, size, 0, uint32_t);
FIELD(formy_host, abi_minor, 4, uint32_t);
FIELD(formy_host, version, 8, const char *);
FIELD(formy_host, extension, 16, const void *(*)(const char *));
FIELD(formy_host, log, 24, void (*)(formy_task *, int32_t, const char *));
FIELD(formy_host, cancelled, 32, int32_t (*)(formy_task *));
FIELD(formy_host, progress, 40, void (*)(formy_task *, int32_t, const char *));
FIELD(formy_host, time_left_ms, 48, uint32_t (*)(formy_task *));
FIELD(formy_host, attempt, 56, uint32_t (*)(formy_task *));
FIELD(formy_host, params, 64, const char *(*)(formy_task *));
FIELD(formy_host, alloc, 72, void *(*)(formy_task *, uint64_t));
FIELD(formy_host, input, 80, formy_status (*)(formy_task *, const char *, formy_image *));
FIELD(formy_host, input_bytes, 88,
	formy_status (*)(formy_task *, const char *, const char *, formy_blob *));
FIELD(formy_host, call, 96, formy_status (*)(formy_task *, const formy_request *));
FIELD(formy_host, reply, 104, formy_status (*)(formy_task *, const char *, formy_image *));
FIELD(formy_host, reply_facts, 112, const char *(*)(formy_task *));
FIELD(formy_host, result, 120, formy_status (*)(formy_task *, const char *, const formy_image *));
FIELD(formy_host, result_bytes, 128,
	formy_status (*)(formy_task *, const char *, const formy_blob *));
FIELD(formy_host, facts, 136, formy_status (*)(formy_task *, const char *));
FIELD(formy_host, fail, 144,
	formy_status (*)(formy_task *, formy_status, const char *, const char *, const char *));

FIELD(formy_mode, size, 0, uint32_t);
FIELD(formy_mode, flags, 4, uint32_t);
FIELD(formy_mode, name, 8, const char *);
FIELD(formy_mode, title, 16, const char *);
FIELD(formy_mode, inputs, 24, const char *);
FIELD(formy_mode, params, 32, const char *);
FIELD(formy_mode, open, 40, formy_status (*)(const formy_host *, const char *, void **));
FIELD(formy_mode, run, 48, formy_status (*)(const formy_host *, void *, formy_task *));
FIELD(formy_mode, close, 56, void (*)(void *));

FIELD(formy_engine, size, 0, uint32_t);
FIELD(formy_engine, flags, 4, uint32_t);
FIELD(formy_engine, type, 8, const char *);
FIELD(formy_engine, title, 16, const char *);
FIELD(formy_engine, operations, 24, const char *const *);
FIELD(formy_engine, open, 32, formy_status (*)(const formy_host *, const char *, void **));
FIELD(formy_engine, run, 40,
	formy_status (*)(const formy_host *, void *, const char *, formy_task *));
FIELD(formy_engine, close, 48, void (*)(void *));
FIELD(formy_engine, check, 56, formy_status (*)(const formy_host *, void *, formy_task *));

FIELD(formy_memo, size, 0, uint32_t);
FIELD(formy_memo, reserved, 4, uint32_t);
FIELD(formy_memo, get, 8, const char *(*)(formy_task *));
FIELD(formy_memo, set, 16, formy_status (*)(formy_task *, const char *));

FIELD(formy_later, size, 0, uint32_t);
FIELD(formy_later, reserved, 4, uint32_t);
FIELD(formy_later, retry_after, 8,
	formy_status (*)(formy_task *, uint32_t, const char *, const char *, const char *));
FIELD(formy_later, down, 16, formy_status (*)(formy_task *, const char *, const char *));

FIELD(formy_places, size, 0, uint32_t);
FIELD(formy_places, reserved, 4, uint32_t);
FIELD(formy_places, take, 8, int32_t (*)(formy_task *, const char *, uint32_t));
FIELD(formy_places, give, 16, void (*)(formy_task *, const char *));
FIELD(formy_places, taken, 24, uint32_t (*)(formy_task *, const char *));

FIELD(formy_plugin, size, 0, uint32_t);
FIELD(formy_plugin, abi_major, 4, uint32_t);
FIELD(formy_plugin, abi_minor, 8, uint32_t);
FIELD(formy_plugin, needs_minor, 12, uint32_t);
FIELD(formy_plugin, flags, 16, uint32_t);
FIELD(formy_plugin, reserved, 20, uint32_t);
FIELD(formy_plugin, id, 24, const char *);
FIELD(formy_plugin, version, 32, const char *);
FIELD(formy_plugin, license, 40, const char *);
FIELD(formy_plugin, homepage, 48, const char *);
FIELD(formy_plugin, modes, 56, const formy_mode *const *);
FIELD(formy_plugin, engines, 64, const formy_engine *const *);
FIELD(formy_plugin, extension, 72, const void *(*)(const char *));

CONSTANT(FORMY_OK, 0);
CONSTANT(FORMY_E_PARAMS, -101);
CONSTANT(FORMY_E_INPUT, -102);
CONSTANT(FORMY_E_MISSING, -103);
CONSTANT(FORMY_E_UNSUPPORTED, -104);
CONSTANT(FORMY_E_BUSY, -201);
CONSTANT(FORMY_E_TIMEOUT, -202);
CONSTANT(FORMY_E_UNREACHABLE, -203);
CONSTANT(FORMY_E_NOMEM, -204);
CONSTANT(FORMY_E_ENGINE, -301);
CONSTANT(FORMY_E_INTERNAL, -302);
CONSTANT(FORMY_E_STORAGE, -303);
CONSTANT(FORMY_E_CANCELLED, -401);
CONSTANT(FORMY_GREY8, 1);
CONSTANT(FORMY_RGB8, 3);
CONSTANT(FORMY_RGBA8, 4);
CONSTANT(FORMY_LOG_DEBUG, 0);
CONSTANT(FORMY_LOG_INFO, 1);
CONSTANT(FORMY_LOG_WARNING, 2);
CONSTANT(FORMY_LOG_ERROR, 3);
CONSTANT(FORMY_MODE_NO_OUTPUT, 1);
CONSTANT(FORMY_ENGINE_WHOLE_CONFIG, 1);
CONSTANT(FORMY_NEEDS_NET, 1);
CONSTANT(FORMY_NEEDS_GPU, 2);
CONSTANT(FORMY_NEEDS_EXEC, 4);
CONSTANT(FORMY_MEMO_LIMIT, 1024);
CONSTANT(FORMY_PLACES_LIMIT, 256);

CONSTANT(FORMY_ABI_MAJOR, 1);
CONSTANT(FORMY_ABI_MINOR, 0);

/* An image's format is its bytes a pixel, and a status is a number of 32 bits. */
CONSTANT(sizeof(formy_status), 4);
_Static_assert(_Generic((formy_status)0, int32_t : 1, default : 0), "formy_status");
_Static_assert(_Generic(&FORMY_PLUGIN_ENTRY, const formy_plugin *(*)(void) : 1, default : 0),
	"the entry is of another type");
/* clang-format on */
