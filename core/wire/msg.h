/* Messages between the supervisor and its executors: what the frames mean.
 *
 * Every message is a plain struct. Encoding writes each field that is set; decoding gives texts
 * that point into the packet and live as long as it does, NULL for those that did not come. Which
 * fields a message must have is said in its struct and checked by decoding.
 *
 *	supervisor -> executor	SETUP, then JOBs, which are run one after another; each is read when the
 *				one before has been answered, and until then may be taken back; closing
 *				the socket means "end"
 *	executor -> supervisor	CONFINED and then READY, or REFUSED, after SETUP; LOG and PROGRESS at
 *				any time; one OUTCOME for each JOB. A probe sends one PROBED and ends.
 *	during a job		the executor may send MEMO, and waits for its KEPT */
#ifndef FORMY_WIRE_MSG_H
#define FORMY_WIRE_MSG_H

#include <stddef.h>
#include <stdint.h>

struct buf;

/* Raised when supervisor and executor of different builds would misunderstand each other. */
#define MSG_PROTOCOL 3

enum msg_type {
	MSG_SETUP = 1,
	MSG_JOB,
	MSG_READY,
	MSG_REFUSED,
	MSG_LOG,
	MSG_PROGRESS,
	MSG_OUTCOME,
	MSG_PROBED,
	MSG_CONFINED,
	MSG_MEMO,
	MSG_KEPT,
};

/* Private copies of plugin files. One more descriptor after them: the engines' places. */
enum msg_copies {
	MSG_COPY_PLUGIN = 1,
	MSG_COPY_ENGINE = 2,
	MSG_COPY_HELPER = 4,
};

/* What an executor becomes. Paths are absolute. With an engine comes a descriptor: the file whose
 * locks are its places (executor/places.h). */
struct msg_setup {
	uint64_t protocol;       /* MSG_PROTOCOL */
	const char *mode;        /* the one mode that it serves */
	const char *mode_config; /* JSON object for the mode's open() */
	const char *plugin_path;
	const char *engine_name;   /* as in engine "NAME"; NULL: the mode has no engine */
	const char *engine_type;   /* set if engine_name is */
	const char *engine_path;   /* set if engine_name is */
	const char *engine_config; /* JSON object for the engine's open(); set if engine_name is */
	const char *scratch;       /* the folder that results are written into */
	uint64_t max_upload_size;  /* bytes of one encoded picture */
	uint64_t max_pixels;       /* pixels of one picture */
	uint64_t threads;          /* that the engine and the codecs may use; at least 1 */
	uint64_t log_level;        /* enum log_level: what lies below it need not be sent */
	uint64_t sandbox;          /* enum sandbox_profile */
	uint64_t granted;          /* enum sandbox_grant */
	uint64_t memory;           /* bytes of address space; 0: no limit */
	const char *helper_name;   /* a second engine, as the first; NULL: the mode has none */
	const char *helper_type;
	const char *helper_path;
	const char *helper_config;
	uint64_t copies; /* enum msg_copies: descriptors that come with it, in that order */
};

/* One task. Its input pictures come as file descriptors with the packet, in the order of roles. */
struct msg_job {
	uint64_t job; /* number of the job on this executor, from 1 */
	const char *task_id;
	uint64_t attempt;   /* 1 is the first */
	uint64_t time_ms;   /* until the deadline */
	const char *config; /* JSON object: checked, defaults filled in */
	const char *roles;  /* of the descriptors: names with a comma between, "" for none */
	uint64_t check;     /* 1: no task, but the engine's check(); the rest is for form */
	const char *memo;   /* what an earlier attempt left, or NULL */
	const char
		*unknown; /* JSON object: members of config that the mode does not know, or NULL */
};

/* The executor has opened its plugins and waits for jobs. */
struct msg_ready {
	uint64_t protocol; /* MSG_PROTOCOL */
	const char *plugin_version;
	const char *engine_version; /* NULL without engine */
};

/* The executor cannot serve its mode and ends. */
struct msg_refused {
	const char *code;    /* PIPELINE_INIT_FAILED, PIPELINE_CONFIG_ERROR, ENGINE_NOT_AVAILABLE */
	const char *message; /* why, and what to do */
};

/* A line for the worker's log. */
struct msg_log {
	uint64_t level; /* enum log_level */
	uint64_t job;   /* 0 outside of jobs */
	const char *text;
};

struct msg_progress {
	uint64_t job;
	uint64_t permille; /* 0..1000 */
	const char *step;  /* NULL: as before */
	uint64_t part;     /* enum msg_part: whose code runs from now on */
};

/* Whose code an executor runs in a job. */
enum msg_part {
	MSG_PART_MODE, /* the pipeline's, or the host's */
	MSG_PART_ENGINE,
	MSG_PART_HELPER,
};

/* How a job ended. Files are plain names in the scratch folder, synced. */
struct msg_outcome {
	uint64_t job;
	int64_t status;       /* formy_status */
	const char *code;     /* contract's error code; NULL: the one that goes with the status */
	const char *message;  /* for the task's owner; NULL on success */
	const char *details;  /* or NULL */
	const char *metadata; /* JSON object: result.metadata; NULL unless FORMY_OK */
	const char *output;   /* NULL: the mode makes no picture */
	const char *thumbnail;
	const char *comparison;
	uint64_t run_us;       /* time spent in the plugin's run() */
	uint64_t retry_ms;     /* not 0: to be tried again after this, and no attempt is spent */
	const char *down_code; /* not NULL: the engine cannot work; a code of the contract, or "" */
	const char *down_reason; /* set if down_code is */
	uint64_t last;           /* 1: the executor takes no other job and ends */
};

/* What a probe found in a file: a descriptor, or why it cannot be served. */
struct msg_probed {
	const char *descriptor; /* JSON; NULL when refused */
	const char *state;      /* "cannot-load" or "refused"; NULL with a descriptor */
	const char *reason;     /* a sentence; NULL with a descriptor */
};

/* The walls around the executor stand, and nothing of a plugin has run yet: only the first of a
 * process counts, as later ones may be a plugin's. */
struct msg_confined {
	const char *in_force; /* for people */
	const char *lacks;    /* what the kernel has not; "" */
};

/* A few bytes that shall survive everybody but Redis. */
struct msg_memo {
	uint64_t job;
	uint64_t number;  /* of the memo, for its answer */
	const char *text; /* NULL: there is none any more */
};

/* Redis has, or has not, taken a memo. */
struct msg_kept {
	uint64_t number;
	int64_t result; /* 0 or a negative errno */
};

struct msg {
	enum msg_type type;
	union {
		struct msg_setup setup;
		struct msg_job job;
		struct msg_ready ready;
		struct msg_refused refused;
		struct msg_log log;
		struct msg_progress progress;
		struct msg_outcome outcome;
		struct msg_probed probed;
		struct msg_confined confined;
		struct msg_memo memo;
		struct msg_kept kept;
	};
};

/* Writes a message as a frame into out, whose content it replaces. 0, or -EMSGSIZE when it is
 * larger than a packet or there is no memory for it. */
int msg_encode(const struct msg *msg, struct buf *out);

/* Reads a packet. 0, or -EPROTO for anything that is not a whole message of a known type. */
int msg_decode(const void *packet, size_t len, struct msg *ret_msg);

/* The type's name, for logs. */
const char *msg_type_name(enum msg_type type);

#endif
