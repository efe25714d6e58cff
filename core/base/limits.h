/* Every size that a user, a peer or a plugin can choose, and where it ends.
 *
 * Limits on what Redis holds are also known to the scripts: those lines are named in
 * core/task/lua and checked by tests/contract. */
#ifndef FORMY_BASE_LIMITS_H
#define FORMY_BASE_LIMITS_H

#include <stdint.h>

/* Names. */
#define LIMIT_TASK_ID 128    /* characters; contract: [A-Za-z0-9_.-]{1,128} */
#define LIMIT_IMAGE_ID 128   /* characters; contract: [A-Za-z0-9_-]{1,128} */
#define LIMIT_MODE_NAME 64   /* characters; contract: [A-Z][A-Z0-9_]{1,63} */
#define LIMIT_USER_ID 128    /* bytes of data.user_id */
#define LIMIT_ENGINE_NAME 64 /* characters of engine "NAME" */
#define LIMIT_ROLE_NAME 32   /* characters of an input's or a result's role */
#define LIMIT_PLUGIN_ID 64   /* characters of a plugin's id */

/* A task. */
#define LIMIT_TASK_DATA (128 * 1024)  /* bytes of the hash field `data` */
#define LIMIT_TASK_RESULT (64 * 1024) /* bytes of the hash field `result` */
#define LIMIT_TIMEOUT_S 86400         /* seconds of one attempt */
#define LIMIT_STEP_TEXT 120           /* bytes of `current_step` */
#define LIMIT_ERROR_MESSAGE 512       /* bytes of `error.message` */
#define LIMIT_ERROR_DETAILS 1024      /* bytes of `error.details` */
#define LIMIT_TASK_INPUTS 8           /* pictures that one task may bring */
#define LIMIT_TASK_RESULTS 3          /* files that one task may leave: output, thumb, comparison */
#define LIMIT_TASK_FACTS (16 * 1024)  /* bytes of a result's facts, as JSON */
#define LIMIT_TASK_MEMORY (UINT64_C(2) << 30) /* bytes that a plugin may have for a task */
#define LIMIT_MEMO 1024                /* bytes that an engine keeps of a task: FORMY_MEMO_LIMIT */
#define LIMIT_RETRY_AFTER_S 3600       /* the longest that an engine may put a task off */
#define LIMIT_PLACES 256               /* places of one resource of an engine: FORMY_PLACES_LIMIT */
#define LIMIT_ENGINE_REPORT (4 * 1024) /* bytes that an engine's check says of itself */
#define LIMIT_JSON_DEPTH 32            /* nesting of any JSON that comes from outside */

/* Queue. */
#define LIMIT_BATCH 32   /* tasks finished and tasks claimed in one script call */
#define LIMIT_CRASHES 2  /* crashes, lost workers among them, that end a task */
#define LIMIT_MISSES 3   /* executors that end before they begin a task; one more is a crash */
#define LIMIT_BACKLOG 64 /* tasks claimed ahead of a free executor, at the most */
#define LIMIT_SPOOL 1024 /* kept outcomes of earlier workers that one start takes up */

/* Engines that the tasks of one mode may choose among. */
#define LIMIT_MODE_ENGINES 8

/* Modes that one worker serves. */
#define LIMIT_MODES 64

/* Wire between supervisor and executor; one frame is one SOCK_SEQPACKET packet, and Linux'
 * default socket buffer holds one of at most 212,960 bytes. */
#define LIMIT_FRAME (192 * 1024)

/* Plugins and executors. */
#define LIMIT_PLUGINS 256                    /* files looked at in the plugin directories */
#define LIMIT_PLUGIN_MODES 32                /* modes or engines of one plugin */
#define LIMIT_PLUGIN_COPY (64 * 1024 * 1024) /* bytes of a file that is kept in memory */
#define LIMIT_PLUGIN_CRASHES 5               /* different tasks in a row that end in quarantine */
#define LIMIT_MODE_PARAMS 64                 /* parameters of one mode */
#define LIMIT_EXECUTORS 256                  /* executor processes of one worker */
#define LIMIT_WORK_THREADS 64        /* that an executor's engine and codecs share out work to */
#define LIMIT_EXECUTOR_THREADS 16384 /* of all processes of the worker's user together */
#define LIMIT_THREADS 2048           /* of one executor */
#define LIMIT_SMALLEST_FILE (UINT64_C(64) << 20) /* bytes that one of its files may always have */
#define LIMIT_SCRATCH_FILES 64       /* files that one executor may have written at once */
#define LIMIT_DESCRIPTOR (64 * 1024) /* bytes of a descriptor as JSON */
#define LIMIT_PLUGIN_LOG_LINE 1000   /* bytes of one line that a plugin logs or prints */

/* Engines that speak HTTP. */
#define LIMIT_ANSWER_JSON (8 * 1024 * 1024)     /* bytes of an answer that is JSON */
#define LIMIT_ANSWER_PICTURE (64 * 1024 * 1024) /* bytes of a result that is fetched */
#define LIMIT_WORKFLOW (4 * 1024 * 1024)        /* bytes of a workflow file */
#define LIMIT_SERVERS 32                        /* servers of one engine */

/* Configuration. */
#define LIMIT_CONFIG_FILE (1024 * 1024) /* bytes of one configuration file */
#define LIMIT_CONFIG_FILES 256          /* files of one configuration, conf.d and includes */
#define LIMIT_CONFIG_DEPTH 8            /* includes in includes */
#define LIMIT_CONFIG_BLOCKS 1024        /* sections of one configuration */
#define LIMIT_CONFIG_MEMBERS 256        /* members of one section */
#define LIMIT_CONFIG_VALUES 256         /* values of one list */
#define LIMIT_CONFIG_NAME 64            /* characters of a member's name */
#define LIMIT_CONFIG_PROBLEMS 200       /* problems told of one configuration */
#define LIMIT_KEY_PREFIX 64             /* characters of redis.key_prefix */
#define LIMIT_API_KEY (8 * 1024)        /* bytes of an engine's key */

/* Bytes of a file that an executor may write: the largest picture, uncompressed, 16 bits deep. */
static inline uint64_t limit_of_file(uint64_t max_pixels)
{
	return max_pixels * 8 > LIMIT_SMALLEST_FILE ? max_pixels * 8 : LIMIT_SMALLEST_FILE;
}

#endif
