/* The parts of the engine "comfyui", which runs a mode's workflow on one of several ComfyUI
 * servers. All of an executor's one thread. */
#ifndef FORMY_ENGINES_COMFYUI_H
#define FORMY_ENGINES_COMFYUI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "http/remote.h"

struct events;
struct json_object;

#define WORKFLOW_BINDINGS 64
#define PROMPT_ID_SIZE 37

enum binding_kind { BINDING_INPUT, BINDING_PARAM };

/* A node that is set for each task. The texts belong to the binding. */
struct binding {
	enum binding_kind kind;
	char name[LIMIT_ROLE_NAME + 1];
	char node[LIMIT_ROLE_NAME + 1];
	char field[LIMIT_ROLE_NAME + 1];
};

struct workflow {
	struct json_object *graph; /* as exported */
	struct binding bindings[WORKFLOW_BINDINGS];
	size_t count;
	char output[LIMIT_ROLE_NAME +
		1]; /* the node whose picture is the result; "": the only one */
};

struct server {
	char *url;
	bool checked; /* it has all that the workflow needs */
	uint64_t sick_until_ms;
	uint64_t sick_for_ms;
};

struct comfyui {
	struct remote remote;
	struct workflow workflow;
	struct server servers[LIMIT_SERVERS];
	size_t server_count;
	int64_t in_flight;
	int64_t lost_after_ms;
};

/* Where a task's prompt is. */
struct prompt {
	struct server *server;
	char id[PROMPT_ID_SIZE];
	int64_t seed;
	int64_t resubmitted;
	bool resumed; /* an earlier attempt sent it */
};

/* workflow.c: reading what ComfyUI exported, and filling it in. */
int workflow_read(struct workflow *workflow, const char *path, struct err *err);
void workflow_finish(struct workflow *workflow);
const char *workflow_title(const struct workflow *workflow, const char *node);
bool workflow_has_param(const struct workflow *workflow, const char *name);
/* A copy of the graph, the caller's; NULL: no memory. */
struct json_object *workflow_copy(const struct workflow *workflow);
/* Sets a field of a node; takes value over. */
bool workflow_set(
	struct json_object *graph, const char *node, const char *field, struct json_object *value);

/* servers.c: which one. A place at one that is well and has the fewest tasks of this worker, waited
 * for if need be. Fails the task when there is none. */
formy_status servers_take(struct comfyui *engine, struct job *job, struct server **ret_server);
void servers_give(struct job *job, const struct server *server);
void servers_sick(struct server *server);
struct server *servers_find(struct comfyui *engine, const char *url);

/* preflight.c: whether a server has the workflow's nodes and model files. FAULT_REQUEST with the
 * names of what is missing, or why the server cannot be asked. */
enum fault preflight(
	struct comfyui *engine, const struct server *server, uint32_t most_ms, struct err *err);
/* Prompts that a server has, of anybody, running and waiting; 0 when it does not say. */
int64_t preflight_queue(struct comfyui *engine, const struct server *server, uint32_t most_ms);

/* history.c: what became of a prompt. */
enum prompt_state { PROMPT_WAITING, PROMPT_RUNNING, PROMPT_ENDED, PROMPT_GONE, PROMPT_UNKNOWN };
/* The entry of /history when it has ended, the caller's to json_object_put. */
enum prompt_state history_look(struct comfyui *engine, const struct prompt *prompt, bool queue,
	uint32_t most_ms, struct json_object **ret_entry);
/* Hands over the result that the entry names, or fails the task. *ret_again: it was interrupted. */
formy_status history_result(struct comfyui *engine, struct job *job, const struct prompt *prompt,
	struct json_object *entry, bool *ret_again);

/* watch.c: what the server tells on its socket while the prompt runs: progress for people, and that
 * it is time to look at the history, which alone is believed. */
struct watch {
	struct comfyui *engine;
	struct job *job;
	const struct prompt *prompt;
	struct events *events; /* NULL: the socket says nothing any more */
	int32_t ended;         /* nodes that ran or run */
	int32_t permille;      /* how far it is; 0: nothing was heard of our prompt */
	char step[128];
	bool look;
};

void watch_begin(
	struct watch *watch, struct comfyui *engine, struct job *job, const struct prompt *prompt);
void watch_end(struct watch *watch);
/* Waits, or less when the socket says that the prompt has ended. False: the task is to stop. */
bool watch_wait(struct watch *watch, uint32_t ms);

/* cancel.c: takes our own prompt, and no other, off the server. Within a second. */
void cancel_prompt(struct comfyui *engine, struct job *job, const struct prompt *prompt);

/* memo.c: what outlives this process. Forgetting: nothing runs under the prompt's id, or will; how
 * often it was lost stays known. Recalling: what an earlier attempt left, if its server is still
 * ours. */
formy_status prompt_remember(struct job *job, const struct prompt *prompt);
formy_status prompt_forget(struct job *job, struct prompt *prompt);
bool prompt_recall(struct comfyui *engine, struct job *job, struct prompt *prompt);

/* prepare.c: gives the prompt an id, uploads its pictures and sends it to the server that it names.
 * FAULT_NOT_SENT: try another; else the status says how it went. */
enum fault prompt_send(
	struct comfyui *engine, struct job *job, struct prompt *prompt, formy_status *ret_status);

/* submit.c: POST /prompt. FAULT_NONE: it is there, or may be there; FAULT_NOT_SENT: it is not; else
 * the status is what it ends with. */
enum fault prompt_submit(struct comfyui *engine, struct job *job, struct prompt *prompt,
	struct json_object *graph, formy_status *ret_status);

/* prompt.c: the whole way of a task. */
formy_status prompt_run(struct comfyui *engine, struct job *job);

extern const char *const comfyui_codes[FAULTS];

#endif
