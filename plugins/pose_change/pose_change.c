/* The mode POSE_CHANGE: the person of a picture in another pose.
 *
 * The engine does all of it in one operation of the mode's name; here are the mode's pictures and
 * parameters, which the engine gets as they are. */
#include <formy/plugin.h>
#include <json-c/json.h>

static const char inputs[] =
	"[{\"role\":\"source\",\"member\":\"source_image\",\"required\":true},"
	" {\"role\":\"reference\",\"members\":[\"pose_reference\",\"pose_image\"],"
	"  \"reference\":true}]";

static const char params[] =
	"{\"target_pose\":{\"type\":\"string\",\"enum\":[\"standing_front\",\"arms_down\","
	"  \"arms_out\",\"arms_up\",\"hand_on_hip_left\",\"hand_on_hip_right\",\"lean_left\","
	"  \"lean_right\",\"mirror\"],\"help\":\"a pose by its name\"},"
	" \"source_keypoints\":{\"type\":\"array\",\"min_items\":17,\"max_items\":25,"
	"  \"help\":\"where the person is: 17 points of COCO, or 18 or 25 of OpenPose\"},"
	" \"target_keypoints\":{\"type\":\"array\",\"min_items\":17,\"max_items\":25,"
	"  \"help\":\"the pose to take, as points\"},"
	" \"preserve_face\":{\"type\":\"boolean\",\"default\":true,"
	"  \"help\":\"the face is moved, never deformed\"},"
	" \"smoothness\":{\"type\":\"number\",\"min\":0,\"max\":1,\"default\":0.7,"
	"  \"help\":\"how softly the parts go over into each other\"}}";

/* Whether config says which pose is meant, without a picture of it. */
static int names_a_pose(const char *config)
{
	struct json_object *json = json_tokener_parse(config);
	const int named = json_object_object_get(json, "target_pose") ||
		json_object_object_get(json, "target_keypoints");

	json_object_put(json);
	return named;
}

static formy_status run(const formy_host *host, void *state, formy_task *task)
{
	formy_image source = {.size = sizeof(source)};
	formy_image reference = {.size = sizeof(reference)};
	formy_image output = {.size = sizeof(output)};
	formy_status status = host->input(task, "reference", &reference);
	const int like = status == FORMY_OK;
	const formy_named_image person = {
		.size = sizeof(person), .role = "source", .image = &source};
	const formy_named_image pose = {
		.size = sizeof(pose), .role = "reference", .image = &reference};
	const formy_named_image *const images[] = {&person, like ? &pose : NULL, NULL};
	const formy_request request = {.size = sizeof(request),
		.progress_from = 50,
		.progress_to = 1000,
		.operation = "POSE_CHANGE",
		.params = host->params(task),
		.images = images};

	(void)state;
	if (!like && status != FORMY_E_MISSING) {
		return status;
	}
	if (!like && !names_a_pose(host->params(task))) {
		return host->fail(task, FORMY_E_MISSING, "MISSING_REQUIRED_PARAM",
			"The pose is missing: give config.target_pose, config.pose_reference or "
			"config.target_keypoints",
			NULL);
	}
	status = host->input(task, "source", &source);
	if (status == FORMY_OK) {
		status = host->call(task, &request);
	}
	if (status == FORMY_OK) {
		status = host->reply(task, "output", &output);
		if (status == FORMY_E_MISSING) {
			status = host->fail(task, FORMY_E_ENGINE, "ENGINE_RESPONSE_ERROR",
				"The engine gave no picture", NULL);
		}
	}
	return status == FORMY_OK ? host->result(task, "output", &output) : status;
}

static const formy_mode pose_change = {
	.size = sizeof(pose_change),
	.name = "POSE_CHANGE",
	.title = "Change a person's pose",
	.inputs = inputs,
	.params = params,
	.run = run,
};

static const formy_mode *const modes[] = {&pose_change, NULL};

static const formy_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = FORMY_ABI_MAJOR,
	.abi_minor = FORMY_ABI_MINOR,
	.needs_minor = FORMY_ABI_MINOR,
	.id = "pose_change",
	.version = FORMY_VERSION,
	.license = "MIT",
	.modes = modes,
};

FORMY_EXPORT const formy_plugin *FORMY_PLUGIN_ENTRY(void)
{
	return &plugin;
}
