/* The mode HEAD_SWAP: a garment photo with the head of another model.
 *
 * The engine does all of it in one operation of the mode's name; here are the mode's pictures and
 * parameters, which the engine gets as they are. */
#include <formy/plugin.h>

static const char inputs[] =
	"[{\"role\":\"source\",\"member\":\"source_image\",\"required\":true},"
	" {\"role\":\"reference\","
	"  \"members\":[\"reference_image\",\"cloth_image\",\"target_face_image\"],"
	"  \"reference\":true,\"required\":true}]";

static const char params[] =
	"{\"quality\":{\"type\":\"string\",\"enum\":[\"low\",\"medium\",\"high\"],"
	"  \"default\":\"high\",\"help\":\"speed against quality\"},"
	" \"preserve_details\":{\"type\":\"boolean\",\"default\":true,"
	"  \"help\":\"keep skin and hair detail, no smoothing\"},"
	" \"blend_strength\":{\"type\":\"number\",\"min\":0,\"max\":1,\"default\":0.8,"
	"  \"help\":\"how far the new head's tone is matched to the body's\"}}";

static formy_status run(const formy_host *host, void *state, formy_task *task)
{
	formy_image source = {.size = sizeof(source)};
	formy_image reference = {.size = sizeof(reference)};
	formy_image output = {.size = sizeof(output)};
	const formy_named_image head = {.size = sizeof(head), .role = "source", .image = &source};
	const formy_named_image body = {
		.size = sizeof(body), .role = "reference", .image = &reference};
	const formy_named_image *const images[] = {&head, &body, NULL};
	const formy_request request = {.size = sizeof(request),
		.progress_from = 50,
		.progress_to = 1000,
		.operation = "HEAD_SWAP",
		.params = host->params(task),
		.images = images};
	formy_status status = host->input(task, "source", &source);

	(void)state;
	if (status == FORMY_OK) {
		status = host->input(task, "reference", &reference);
	}
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

static const formy_mode head_swap = {
	.size = sizeof(head_swap),
	.name = "HEAD_SWAP",
	.title = "Put another model's head on a garment photo",
	.inputs = inputs,
	.params = params,
	.run = run,
};

static const formy_mode *const modes[] = {&head_swap, NULL};

static const formy_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = FORMY_ABI_MAJOR,
	.abi_minor = FORMY_ABI_MINOR,
	.needs_minor = FORMY_ABI_MINOR,
	.id = "head_swap",
	.version = FORMY_VERSION,
	.license = "MIT",
	.modes = modes,
};

FORMY_EXPORT const formy_plugin *FORMY_PLUGIN_ENTRY(void)
{
	return &plugin;
}
