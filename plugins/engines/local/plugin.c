#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "engine.h"

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

/* Reads the engine's section. 0, or a negative errno with a sentence. */
static int read_config(struct engine *engine, const char *config, char *path, size_t size,
	int *ret_threads, struct err *err)
{
	struct json_object *json = NULL;
	const char *folder = NULL;
	const char *points = FACE_POINTS;
	int64_t threads = 1;
	int result = json_parse(config, strlen(config), LIMIT_CONFIG_FILE, err, &json);

	if (result < 0) {
		return result;
	}
	if (json_get_int(json, "threads", &threads) == -EINVAL || threads < 1 ||
		threads > LIMIT_WORK_THREADS) {
		result = err_set(
			err, -EINVAL, "threads must be a number from 1 to %d", LIMIT_WORK_THREADS);
	} else if (json_get_string(json, "face_points", &points) == -EINVAL ||
		strlen(points) >= sizeof(engine->face_points)) {
		result = err_set(err, -EINVAL, "face_points must be the path of a file");
	} else if (json_get_string(json, "data_dir", &folder) < 0) {
		result = err_set(err, -EINVAL,
			"data_dir is missing: it is the folder that holds " PERSON_NETWORK);
	} else if (fs_join(path, size, folder, PERSON_NETWORK) < 0 ||
		fs_join(engine->pose_network, sizeof(engine->pose_network), folder, POSE_NETWORK) <
			0) {
		result = err_set(err, -EINVAL, "data_dir is too long");
	} else if (access(path, R_OK) < 0) {
		result = err_set(err, -ENOENT,
			"cannot read %.300s: run packaging/models/get FOLDER, and set data_dir to "
			"that folder",
			path);
	}
	if (result == 0) {
		(void)snprintf(engine->face_points, sizeof(engine->face_points), "%s", points);
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
	char path[ENGINE_PATH_SIZE];
	struct err err = {""};
	int threads = 1;

	if (!engine) {
		return FORMY_E_NOMEM;
	}
	if (read_config(engine, config, path, sizeof(path), &threads, &err) < 0 ||
		vision_create(path, threads, &err, &engine->vision) < 0 ||
		load_for_mode(engine, config, &err) < 0) {
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
