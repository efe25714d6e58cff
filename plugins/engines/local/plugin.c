#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "engine.h"
#include "networks.h"

#define PERSON_NETWORK "selfie.onnx"
#define POSE_NETWORK "movenet.onnx"
#define FACE_POINTS "/usr/share/dlib/shape_predictor_68_face_landmarks.dat" /* libdlib-data */

/* Every operation: its name and its code, in the order of the description's list. */
static const struct {
	const char *name;
	formy_status (*run)(struct engine *engine, const struct job *job);
} operations[] = {
	{"BACKGROUND_CHANGE", operation_background_change},
	{"HEAD_SWAP", operation_head_swap},
	{"PERSON_MATTE", operation_person_matte},
	{"POSE_CHANGE", operation_pose_change},
};

int engine_load_points(struct engine *engine, struct err *err)
{
	struct err why = {""};

	if (vision_load_points(engine->vision, engine->face_points, &why) < 0) {
		return err_set(err, -ENOENT,
			"the local engine lacks the data for faces: install Debian's libdlib-data, "
			"or set face_points to the file (%.300s)",
			why.text);
	}
	return 0;
}

int engine_load_pose(struct engine *engine, struct err *err)
{
	struct err why = {""};

	if (vision_load_pose(engine->vision, engine->pose_network, &why) < 0) {
		if (!engine->own_pose_network) {
			return err_set(err, -EINVAL,
				"the pose_model %.200s is not a MoveNet Lightning as "
				"packaging/models makes it: %.250s",
				engine->pose_network, why.text);
		}
		return err_set(err, -ENOENT,
			"the local engine lacks the network for poses: run packaging/models/get "
			"FOLDER, and set data_dir to that folder (%.300s)",
			why.text);
	}
	return 0;
}

static formy_status refuse(const formy_host *host, const char *text)
{
	host->log(NULL, FORMY_LOG_ERROR, text);
	return FORMY_E_ENGINE;
}

/* A member that is the path of a file, into room for ENGINE_PATH_SIZE bytes; left as it is where
 * there is none. */
static int read_path(struct json_object *json, const char *name, char *path, struct err *err)
{
	const char *value = NULL;
	const int result = json_get_string(json, name, &value);

	if (result == -EINVAL || (result == 0 && (!*value || strlen(value) >= ENGINE_PATH_SIZE))) {
		return err_set(err, -EINVAL, "%s must be the path of a file", name);
	}
	if (result == 0) {
		(void)snprintf(path, ENGINE_PATH_SIZE, "%s", value);
	}
	return 0;
}

/* The networks that packaging/models makes, for want of the operator's own. */
static int use_own_networks(struct engine *engine, struct json_object *json, struct err *err)
{
	const char *folder = NULL;

	if (json_get_string(json, "data_dir", &folder) < 0) {
		return err_set(err, -EINVAL,
			"data_dir is missing: it is the folder that holds " PERSON_NETWORK);
	}
	if (fs_join(engine->person_network, ENGINE_PATH_SIZE, folder, PERSON_NETWORK) < 0 ||
		fs_join(engine->pose_network, ENGINE_PATH_SIZE, folder, POSE_NETWORK) < 0) {
		return err_set(err, -EINVAL, "data_dir is too long");
	}
	return 0;
}

/* How the person network is to be used: it is the project's own, or one with a preset. */
static int describe_network(struct engine *engine, struct json_object *json, struct err *err,
	struct vision_network *ret_network)
{
	const char *preset = NULL;

	if (json_get_string(json, "segmentation_preset", &preset) == -EINVAL) {
		return err_set(err, -EINVAL, "segmentation_preset must be a name");
	}
	if (json_member(json, "segmentation_model")) {
		if (access(engine->person_network, R_OK) < 0) {
			return err_set(err, -ENOENT, "cannot read %.300s, the segmentation_model",
				engine->person_network);
		}
		return network_describe(engine->person_network, preset, err, ret_network);
	}
	if (preset) {
		return err_set(err, -EINVAL,
			"segmentation_preset says how to use a segmentation_model: name that too");
	}
	if (access(engine->person_network, R_OK) < 0) {
		return err_set(err, -ENOENT,
			"cannot read %.300s: run packaging/models/get FOLDER, and set data_dir to "
			"that folder",
			engine->person_network);
	}
	*ret_network = network_own(engine->person_network);
	return 0;
}

/* Reads the engine's section. 0, or a negative errno with a sentence. */
static int read_config(struct engine *engine, const char *config,
	struct vision_network *ret_network, int *ret_threads, struct err *err)
{
	struct json_object *json = NULL;
	int64_t threads = 1;
	int result = json_parse(config, strlen(config), LIMIT_CONFIG_FILE, err, &json);

	if (result < 0) {
		return result;
	}
	if (json_get_int(json, "threads", &threads) == -EINVAL || threads < 1 ||
		threads > LIMIT_WORK_THREADS) {
		result = err_set(
			err, -EINVAL, "threads must be a number from 1 to %d", LIMIT_WORK_THREADS);
	}
	(void)snprintf(engine->face_points, ENGINE_PATH_SIZE, "%s", FACE_POINTS);
	if (result == 0) {
		result = use_own_networks(engine, json, err);
	}
	if (result == 0) {
		result = read_path(json, "face_points", engine->face_points, err);
	}
	if (result == 0) {
		result = read_path(json, "segmentation_model", engine->person_network, err);
	}
	if (result == 0) {
		result = read_path(json, "pose_model", engine->pose_network, err);
	}
	if (result == 0) {
		engine->own_pose_network = json_member(json, "pose_model") == NULL;
		result = describe_network(engine, json, err, ret_network);
	}
	*ret_threads = (int)threads;
	json_object_put(json);
	return result;
}

/* Whatever the mode's tasks need is read before the first of them comes. */
static int load_for_mode(struct engine *engine, const char *config, struct err *err)
{
	struct json_object *json = NULL;
	const char *mode = "";
	int result = json_parse(config, strlen(config), LIMIT_CONFIG_FILE, err, &json);

	if (result == 0) {
		(void)json_get_string(json_member(json, "mode"), "name", &mode);
		if (strcmp(mode, "HEAD_SWAP") == 0) {
			result = engine_load_points(engine, err);
		} else if (strcmp(mode, "POSE_CHANGE") == 0) {
			result = engine_load_pose(engine, err);
		}
	}
	json_object_put(json);
	return result;
}

static formy_status engine_open(const formy_host *host, const char *config, void **state)
{
	struct engine *engine = calloc(1, sizeof(*engine));
	struct vision_network network;
	struct err err = {""};
	struct err why = {""};
	int threads = 1;

	if (!engine) {
		return FORMY_E_NOMEM;
	}
	if (read_config(engine, config, &network, &threads, &err) == 0 &&
		vision_create(&network, threads, &why, &engine->vision) < 0) {
		(void)err_set(&err, -EINVAL, "%.200s: %.250s", network.path, why.text);
	}
	if (!engine->vision || load_for_mode(engine, config, &err) < 0) {
		vision_destroy(engine->vision);
		free(engine);
		return refuse(host, err.text);
	}
	*state = engine;
	return FORMY_OK;
}

static formy_status engine_run(
	const formy_host *host, void *state, const char *operation, formy_task *task)
{
	const struct job job = {.host = host, .task = task};

	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		if (strcmp(operation, operations[i].name) == 0) {
			return operations[i].run(state, &job);
		}
	}
	return FORMY_E_UNSUPPORTED;
}

static void engine_close(void *state)
{
	struct engine *engine = state;

	if (engine) {
		vision_destroy(engine->vision);
		free(engine);
	}
}

static const char *const operation_names[] = {
	"BACKGROUND_CHANGE", "HEAD_SWAP", "PERSON_MATTE", "POSE_CHANGE", NULL};

static const formy_engine local = {
	.size = sizeof(local),
	.type = "local",
	.title = "Built-in engine, on this machine's processor",
	.operations = operation_names,
	.open = engine_open,
	.run = engine_run,
	.close = engine_close,
};

static const formy_engine *const engines[] = {&local, NULL};

static const formy_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = FORMY_ABI_MAJOR,
	.abi_minor = FORMY_ABI_MINOR,
	.needs_minor = FORMY_ABI_MINOR,
	.id = "local",
	.version = FORMY_VERSION,
	.license = "MIT",
	.engines = engines,
};

FORMY_EXPORT const formy_plugin *FORMY_PLUGIN_ENTRY(void)
{
	return &plugin;
}
