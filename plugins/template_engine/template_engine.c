/* Engine "template_engine": answers any operation with the mirrored source. */
#include "formy/plugin.h"

static formy_status run(
	const formy_host *host, void *state, const char *operation, formy_task *task)
{
	formy_image in = {.size = sizeof(in)};
	formy_image out;
	uint8_t *pixels;
	formy_status status = host->input(task, "source", &in);

	(void)state;
	(void)operation; /* the mode's name, or what else a pipeline asks for */
	if (status != FORMY_OK) {
		return status;
	}
	out = in;
	out.stride = (uint64_t)in.width * in.format;
	pixels = host->alloc(task, out.stride * in.height);
	if (!pixels) {
		return FORMY_E_NOMEM;
	}
	for (uint32_t y = 0; y < in.height; y++) {
		if (host->cancelled(task)) {
			return FORMY_E_CANCELLED;
		}
		host->progress(task, (int32_t)((uint64_t)y * 1000 / in.height), "Mirroring");
		for (uint64_t i = 0; i < out.stride; i++) {
			uint64_t x = in.width - 1 - i / in.format;

			pixels[y * out.stride + i] =
				in.pixels[y * in.stride + x * in.format + i % in.format];
		}
	}
	out.pixels = pixels;
	return host->result(task, "output", &out);
}

static const formy_engine engine = {
	.size = sizeof(engine),
	.type = "template_engine",
	.title = "Mirrors the source",
	.operations = NULL, /* any */
	.run = run,
};
static const formy_engine *const engines[] = {&engine, NULL};
static const formy_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = FORMY_ABI_MAJOR,
	.abi_minor = FORMY_ABI_MINOR,
	.needs_minor = FORMY_ABI_MINOR,
	.id = "template_engine",
	.version = "1.0",
	.engines = engines,
};

const formy_plugin *FORMY_PLUGIN_ENTRY(void)
{
	return &plugin;
}
