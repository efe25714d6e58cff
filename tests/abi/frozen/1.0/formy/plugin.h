/* formy/plugin.h - the interface between Formy and its plugins. ABI 1.0.
 *
 * A plugin is a shared library (.so) with one exported function, FORMY_PLUGIN_ENTRY, which returns
 * a constant description of what is in it: modes (pipelines, such as BACKGROUND_CHANGE), engines
 * (what does the heavy work, such as "local" or "comfyui"), or both. Formy loads it in a process
 * that serves nothing else ("executor"), one task at a time; if the plugin crashes or never
 * returns, that process ends and the worker goes on.
 *
 * Pixels, not files. The host reads, checks, decodes, turns upright and converts to sRGB every
 * picture before a plugin sees it, and encodes what the plugin gives back. A plugin opens no file
 * of a task, knows no Redis and needs no image library.
 *
 * OWNERSHIP. What the host hands out is borrowed until run() returns, and read-only. What a plugin
 * hands over is copied before the call returns, but for pixels in memory from alloc(): those the
 * host keeps by reference, so they must not be changed after they were handed over. Nobody frees
 * the other's memory. alloc() is the one allocator that both know; it needs no free. A description
 * and all that it points to lives as long as the process.
 *
 * THREADS. open(), run() and close() are called on one thread. A plugin may start threads, but
 * joins them before the call that started them returns. Host functions marked [any] may be called
 * from such threads, those marked [run] only from run()'s own thread and only while it runs.
 *
 * ERRORS. A function that can fail returns a formy_status: FORMY_OK, or a negative number whose
 * hundred is its class; unknown numbers keep the meaning of their hundred. fail() adds the words.
 *
 * STRINGS are UTF-8 and end with a NUL. JSON texts are RFC 8259.
 *
 * NEVER in a plugin: exit() or abort() on bad input, signal handlers, setlocale(), chdir(),
 * umask(), reading standard input, fork(). What it prints goes to the worker's log.
 *
 * GROWTH. Every struct that may grow begins with its size as its filler knows it. Fields are only
 * ever appended, and only read when the size covers them: FORMY_HAS(). A plugin runs on each host of
 * its major number whose minor is not below the plugin's needs_minor; under a draft, whose major is 0,
 * host and plugin must agree on the minor exactly.
 *
 * The header is C99 and C++11, and needs nothing but the two standard headers below. */
#ifndef FORMY_PLUGIN_H
#define FORMY_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FORMY_ABI_MAJOR 1u
#define FORMY_ABI_MINOR 0u

/* True when the struct that p points to, as its filler knew it, has the field, and it is set. */
#define FORMY_HAS(type, p, field)                                                                  \
	((p)->size >= offsetof(type, field) + sizeof((p)->field) && (p)->field)

/* ------------------------------------------------------------------------------- statuses --- */

typedef int32_t formy_status;

enum {
	FORMY_OK = 0,

	/* -1xx: the sender's fault. The task fails at once, as it would fail again. */
	FORMY_E_PARAMS = -101,      /* config holds something that the mode cannot do */
	FORMY_E_INPUT = -102,       /* a picture is not usable: no person in it, too small, ... */
	FORMY_E_MISSING = -103,     /* a picture or a parameter is not there */
	FORMY_E_UNSUPPORTED = -104, /* no such mode, operation, role or extension */

	/* -2xx: passing. The task is tried again, later and not for ever. */
	FORMY_E_BUSY = -201,        /* no capacity now */
	FORMY_E_TIMEOUT = -202,     /* a peer did not answer in time */
	FORMY_E_UNREACHABLE = -203, /* a peer cannot be reached */
	FORMY_E_NOMEM = -204,       /* out of memory */

	/* -3xx: ours. The task fails at once. */
	FORMY_E_ENGINE = -301,   /* the engine failed, or answered nonsense */
	FORMY_E_INTERNAL = -302, /* a bug, in the plugin or in the host */
	FORMY_E_STORAGE = -303,  /* a result could not be written */

	/* -4xx: nobody's fault. */
	FORMY_E_CANCELLED = -401 /* cancelled() said so, and the plugin stopped */
};

/* --------------------------------------------------------------------------------- pixels --- */

enum {
	FORMY_GREY8 = 1, /* 1 byte a pixel: grey, or a mask */
	FORMY_RGB8 = 3,  /* 3 bytes a pixel: red, green, blue */
	FORMY_RGBA8 = 4  /* 4 bytes a pixel: red, green, blue, alpha; colours not premultiplied */
};

/* A picture in memory: sRGB, 8 bits a channel, rows from the top, pixels from the left. */
typedef struct formy_image {
	uint32_t size;   /* sizeof(formy_image), set by whoever fills or asks for it */
	uint32_t format; /* FORMY_GREY8, FORMY_RGB8 or FORMY_RGBA8: the number is bytes a pixel */
	uint32_t width;  /* pixels, at least 1 */
	uint32_t height; /* pixels, at least 1 */
	uint64_t stride; /* bytes from one row to the next, at least width * format */
	const uint8_t *pixels;
} formy_image;

/* Bytes with a type: an encoded picture. */
typedef struct formy_blob {
	uint32_t size; /* sizeof(formy_blob), set by whoever fills or asks for it */
	uint32_t reserved;
	const void *data;
	uint64_t len;           /* bytes */
	const char *media_type; /* "image/png", "image/jpeg" or "image/webp" */
} formy_blob;

/* A picture and what it is for. */
typedef struct formy_named_image {
	uint32_t size; /* sizeof(formy_named_image) */
	uint32_t reserved;
	const char *role; /* [a-z][a-z0-9_-]{0,31} */
	const formy_image *image;
} formy_named_image;

/* ---------------------------------------------------------------------------------- tasks --- */

/* One task while run() works on it. Opaque, the host's, dead when run() returns. An engine that is
 * called by a pipeline works on the same task. */
typedef struct formy_task formy_task;

/* What a pipeline asks of its engine, or finds answered. */
typedef struct formy_request {
	uint32_t size; /* sizeof(formy_request) */

	/* The part of the task's progress, 0 to 1000, that this call fills: the engine's 0 and
	 * 1000 are mapped to it. */
	uint32_t progress_from;
	uint32_t progress_to;
	uint32_t reserved;

	/* What to do: the mode's name for the whole edit, or the name of an operation that the
	 * engine documents, such as PERSON_MATTE. */
	const char *operation;

	const char *params;                     /* a JSON object, or NULL for {} */
	const formy_named_image *const *images; /* ends with NULL; may itself be NULL */

	/* Whom it asks: NULL for the mode's engine, "helper" for the one that formy.conf names as
	 * the mode's `helper`. A helper does a part of the work for another engine, such as a mask
	 * for a service. */
	const char *engine;
} formy_request;

/* Levels of log(). */
enum { FORMY_LOG_DEBUG = 0, FORMY_LOG_INFO = 1, FORMY_LOG_WARNING = 2, FORMY_LOG_ERROR = 3 };

/* What the host does for plugins. The table and all in it live as long as the process. */
typedef struct formy_host {
	uint32_t size;       /* sizeof(formy_host) as the host knows it */
	uint32_t abi_minor;  /* the host's FORMY_ABI_MINOR */
	const char *version; /* Formy's own version, for people */

	/* [any] A table of further functions by its id ("formy.NAME/REVISION"), or NULL when this
	 * host has none of that name. The type of what it points to goes with the id: those that
	 * Formy has are in formy/extensions.h. */
	const void *(*extension)(const char *id);

	/* [any] One line into the worker's log, with the task's id, the mode and the plugin. Lines
	 * are cut at 1000 bytes. task may be NULL, as in open(). */
	void (*log)(formy_task *task, int32_t level, const char *text);

	/* [any] 1 when the task should stop: cancelled, out of time, or the worker goes down. Costs
	 * as much as reading a variable: ask at every row or step, give up within a second, and
	 * return FORMY_E_CANCELLED. A plugin that goes on for 2 s is killed. */
	int32_t (*cancelled)(formy_task *task);

	/* [any] How far it is, 0 to 1000, and what is being done, for a person ("Cutting out the
	 * person"; NULL keeps the last words). Cheap: the host drops what comes too fast, and what
	 * would go back. */
	void (*progress)(formy_task *task, int32_t permille, const char *step);

	/* [any] Milliseconds until the task's deadline; 0 when it has passed. */
	uint32_t (*time_left_ms)(formy_task *task);

	/* [run] The attempt at this task that this is; 1 is the first. */
	uint32_t (*attempt)(formy_task *task);

	/* [run] The task's parameters as a JSON object: config, checked against the mode's
	 * description and with its defaults filled in. In an engine: the request's params, and with
	 * FORMY_ENGINE_WHOLE_CONFIG the rest of the task's config. */
	const char *(*params)(formy_task *task);

	/* [any] Memory for this task: n bytes, zeroed, at an address that 64 divides; freed by the
	 * host after run(). NULL when there is none, or when the task has had its share. */
	void *(*alloc)(formy_task *task, uint64_t n);

	/* [run] The picture of a role: in a pipeline the task's input, in an engine the request's.
	 * Decoded at the first call. The caller sets out->size. FORMY_E_MISSING when the task has
	 * none, FORMY_E_INPUT when it cannot be decoded (the words are already set: return that
	 * status), FORMY_E_NOMEM. */
	formy_status (*input)(formy_task *task, const char *role, formy_image *out);

	/* [run] The same picture as a file, without any metadata: media_type "image/png" or
	 * "image/jpeg". For engines that send pictures elsewhere. The caller sets out->size. */
	formy_status (*input_bytes)(
		formy_task *task, const char *role, const char *media_type, formy_blob *out);

	/* [run] In a pipeline: has the engine that formy.conf names for this mode carry out a
	 * request, and returns what it returned; its words, if it failed, are kept, so that the
	 * status can simply be returned. FORMY_E_UNSUPPORTED when the mode has no engine or the
	 * engine lacks the operation. Forgets the answer to the call before. */
	formy_status (*call)(formy_task *task, const formy_request *request);

	/* [run] In a pipeline: a picture of the answer to the last call. The caller sets out->size.
	 * FORMY_E_MISSING when the engine gave none of that role. */
	formy_status (*reply)(formy_task *task, const char *role, formy_image *out);

	/* [run] In a pipeline: the facts of the answer to the last call, a JSON object ("{}" when
	 * the engine gave none). */
	const char *(*reply_facts)(formy_task *task);

	/* [run] Hands over a picture. In a pipeline role "output" is the task's result: the host
	 * encodes it and makes the thumbnail and the comparison; RGBA8 becomes PNG. In an engine it
	 * is a part of the answer. A second picture of one role replaces the first. */
	formy_status (*result)(formy_task *task, const char *role, const formy_image *image);

	/* [run] In an engine: hands over an encoded picture, as a server sent it. The host checks
	 * it like an upload and decodes it. FORMY_E_ENGINE when it is not a picture that is taken. */
	formy_status (*result_bytes)(formy_task *task, const char *role, const formy_blob *blob);

	/* [run] Facts about the result: a JSON object, whose members are added to those given
	 * before. A pipeline's are shown in the task's result.metadata; an engine's are the
	 * answer's, and shown there too as "engine". At most 16 KiB. */
	formy_status (*facts)(formy_task *task, const char *json);

	/* [run] Says why the task fails, and returns status, so that a plugin can write
	 * return host->fail(...). code: one of the contract's error codes, or NULL for the one that
	 * goes with the status. message: one sentence for the task's owner. details: one for whoever
	 * has to find out more (measured value and limit), or NULL. The last call counts. */
	formy_status (*fail)(formy_task *task, formy_status status, const char *code,
		const char *message, const char *details);
} formy_host;

/* --------------------------------------------------------------------------- descriptions --- */

/* Flags of a mode. */
enum {
	/* The mode makes no picture: run() may return FORMY_OK without a result "output". */
	FORMY_MODE_NO_OUTPUT = 1
};

/* A mode: what a task may ask for.
 *
 * inputs: a JSON array, a member a picture, in the order in which the comparison shows them:
 *	[ {"role": "source", "member": "source_image", "required": true},
 *	  {"role": "background", "members": ["background_image", "bg_image"], "reference": true,
 *	   "required_if": {"background_type": "custom"}} ]
 * The source is always data.source_image. "members" are the names in config under which the
 * picture's id may come, first match wins; "reference": data.reference_image will do as well.
 * A picture with "required_if" is needed when config has all the values named there, defaults
 * counted, and is not read when it has not. At most 8 pictures.
 *
 * params: a JSON object, a member a parameter of config:
 *	{ "edge_blur": {"type": "number", "min": 0, "max": 10, "default": 2, "help": "..."},
 *	  "background_type": {"type": "string", "enum": ["custom", "preset"], "default": "custom"} }
 * type: "string" (enum, max_length; pattern: "color" takes #rrggbb, beside the enum if there is
 * one), "number", "integer" (min, max), "boolean", "array" (min_items, max_items) or "object".
 * "required": true, or "required_if" as above, where it has no default. The host checks a task
 * against this before any code of the plugin runs. */
typedef struct formy_mode {
	uint32_t size;      /* sizeof(formy_mode) */
	uint32_t flags;     /* FORMY_MODE_... */
	const char *name;   /* [A-Z][A-Z0-9_]{1,63} */
	const char *title;  /* a few words for people */
	const char *inputs; /* JSON, see above */
	const char *params; /* JSON, see above */

	/* Prepares for tasks of this mode. Called once in a process, before the first run(); may be
	 * slow, as no task waits yet. config: the JSON object of what the operator wrote into
	 * mode "NAME" { } beyond what Formy itself knows. *state is handed to run() and close().
	 * NULL: nothing to prepare. A failure (say why by log) keeps the mode from being served. */
	formy_status (*open)(const formy_host *host, const char *config, void **state);

	/* Carries out one task. */
	formy_status (*run)(const formy_host *host, void *state, formy_task *task);

	/* Frees the state. May never be called. NULL: nothing to free. */
	void (*close)(void *state);
} formy_mode;

/* Flags of an engine. */
enum {
	/* Its configuration names parameters that no mode knows of: a widget of a workflow, a place
	 * in a prompt. Its params() hold, beside what the pipeline asks, all other members of the
	 * task's config: those that the mode declares as the host checked them, and those that it
	 * does not declare, such as "seed", as the task's owner wrote them. These nobody has checked:
	 * expect any type and any value. What the pipeline asks counts first. Without the flag such
	 * members reach no engine, and the log tells of them. */
	FORMY_ENGINE_WHOLE_CONFIG = 1
};

/* An engine: carries out requests of pipelines. open, run and close as in a mode. An executor serves
 * one mode, so open() is called for that mode. config is a JSON object: what the operator wrote into
 * engine "NAME" { }, plus
 *	"data_dir"	the folder of the engine's own data files
 *	"workflows_dir"	the folder workflows/ beside formy.conf
 *	"threads"	how many threads it may use
 *	"api_key"	the key of its service, from the environment or from api_key_file; absent when
 *			neither is set. Never log it, and never put it into the words of fail()
 *	"environment"	an object, for one with FORMY_NEEDS_NET: those of http_proxy, https_proxy,
 *			no_proxy, all_proxy, SSL_CERT_FILE and SSL_CERT_DIR that formyd has
 *	"mode"		an object: "name", "workflow" (an absolute path) and "prompt" where they are
 *			set, and what the operator wrote into mode "NAME" { } that Formy does not know */
typedef struct formy_engine {
	uint32_t size;     /* sizeof(formy_engine) */
	uint32_t flags;    /* FORMY_ENGINE_... */
	const char *type;  /* the `type` of engine sections: [a-z][a-z0-9_-]{0,31} */
	const char *title; /* a few words for people */

	/* The operations that it knows, ended by NULL; NULL itself: any (its configuration says). */
	const char *const *operations;

	formy_status (*open)(const formy_host *host, const char *config, void **state);

	/* Carries out one request: input(), params() and result() are the request's. */
	formy_status (*run)(
		const formy_host *host, void *state, const char *operation, formy_task *task);

	void (*close)(void *state);

	/* Looks whether the engine can work now: connects, signs in, asks for the parts that the
	 * mode needs. Called when no task runs: after open(), before the mode takes its first task,
	 * and again, ever less often, while the engine is down. As in run, alloc(), cancelled(),
	 * time_left_ms() and log() may be used; facts() gives a report for people, and fail() the
	 * reason why not. Of the report, "servers" (an object: an address, and "ready" or why not)
	 * and "queue" (how many jobs these have, of anybody) stand in `formy engine list`. Has no
	 * pictures and no params. At most 20 s. NULL: it always can. */
	formy_status (*check)(const formy_host *host, void *state, formy_task *task);
} formy_engine;

/* Flags of a plugin: what it needs beyond its task. It has that only where the operator grants it,
 * by allow = {"net"} in the mode's section or, for an engine, in the engine's. */
enum {
	FORMY_NEEDS_NET = 1, /* connections: TCP and UDP, name resolution */
	FORMY_NEEDS_GPU = 2, /* the devices of graphics cards */
	FORMY_NEEDS_EXEC = 4 /* other programs */
};

/* What a plugin is. */
typedef struct formy_plugin {
	uint32_t size;        /* sizeof(formy_plugin) */
	uint32_t abi_major;   /* FORMY_ABI_MAJOR as it was compiled */
	uint32_t abi_minor;   /* FORMY_ABI_MINOR as it was compiled */
	uint32_t needs_minor; /* the least minor of a host that it can work with */
	uint32_t flags;       /* FORMY_NEEDS_... */
	uint32_t reserved;
	const char *id;       /* [a-z][a-z0-9_-]{0,31}, unique on a worker */
	const char *version;  /* for people */
	const char *license;  /* SPDX, or NULL */
	const char *homepage; /* NULL if it has none */

	const formy_mode *const *modes;     /* ends with NULL; may itself be NULL */
	const formy_engine *const *engines; /* ends with NULL; may itself be NULL */

	/* A table of further functions by its id, or NULL. The field may be NULL. */
	const void *(*extension)(const char *id);
} formy_plugin;

/* ------------------------------------------------------------------------------ the entry --- */

/* The one exported symbol. Its name carries the major number. Returns the same pointer each time;
 * cheap and without side effects, as it is called to find out what a file is. */
#define FORMY_PLUGIN_ENTRY formy_plugin_1
#define FORMY_PLUGIN_ENTRY_NAME "formy_plugin_1"

#if defined(__GNUC__)
#define FORMY_EXPORT __attribute__((visibility("default")))
#else
#define FORMY_EXPORT
#endif

FORMY_EXPORT const formy_plugin *FORMY_PLUGIN_ENTRY(void);

#ifdef __cplusplus
}
#endif

#endif
