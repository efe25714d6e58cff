#include "networks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* As in the session classes of rembg, and for MODNet in its own demonstration. The mean and the
 * deviation of the three first are ImageNet's. */
static const struct vision_network presets[] = {
	{.name = "u2net_human_seg",
		.side = 320,
		.by_largest = true,
		.mean = {0.485f, 0.456f, 0.406f},
		.deviation = {0.229f, 0.224f, 0.225f},
		.stretch = true},
	{.name = "u2netp",
		.side = 320,
		.by_largest = true,
		.mean = {0.485f, 0.456f, 0.406f},
		.deviation = {0.229f, 0.224f, 0.225f},
		.stretch = true},
	{.name = "u2net",
		.side = 320,
		.by_largest = true,
		.mean = {0.485f, 0.456f, 0.406f},
		.deviation = {0.229f, 0.224f, 0.225f},
		.stretch = true},
	{.name = "silueta",
		.side = 320,
		.by_largest = true,
		.mean = {0.485f, 0.456f, 0.406f},
		.deviation = {0.229f, 0.224f, 0.225f},
		.stretch = true},
	{.name = "isnet",
		.side = 1024,
		.by_largest = true,
		.mean = {0.5f, 0.5f, 0.5f},
		.deviation = {1, 1, 1},
		.stretch = true},
	{.name = "modnet",
		.side = 512,
		.mean = {0.5f, 0.5f, 0.5f},
		.deviation = {0.5f, 0.5f, 0.5f}},
	{.name = "selfie", .side = 256, .deviation = {1, 1, 1}, .closer = true},
};

#define PRESETS (sizeof(presets) / sizeof(presets[0]))

static int refuse(struct err *err, const char *what)
{
	char names[128] = "";
	size_t len = 0;

	for (size_t i = 0; i < PRESETS && len < sizeof(names); i++) {
		len += (size_t)snprintf(
			names + len, sizeof(names) - len, "%s%s", i ? ", " : "", presets[i].name);
	}
	return err_set(err, -EINVAL, "%s: set segmentation_preset to one of %s", what, names);
}

int network_describe(
	const char *path, const char *preset, struct err *err, struct vision_network *ret_network)
{
	const char *slash = strrchr(path, '/');
	const char *file = slash ? slash + 1 : path;

	for (size_t i = 0; i < PRESETS; i++) {
		if (preset ? strcmp(preset, presets[i].name) == 0
			   : strstr(file, presets[i].name) != NULL) {
			*ret_network = presets[i];
			ret_network->path = path;
			return 0;
		}
	}
	return refuse(err,
		preset ? "there is no such preset of networks"
		       : "the file's name does not tell which network segmentation_model is");
}

struct vision_network network_own(const char *path)
{
	struct vision_network network = presets[PRESETS - 1];

	network.path = path;
	return network;
}
