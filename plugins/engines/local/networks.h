/* How networks that tell persons from backdrops want their pictures: presets of known ones. */
#ifndef FORMY_LOCAL_NETWORKS_H
#define FORMY_LOCAL_NETWORKS_H

#include "base/err.h"
#include "vision.h"

/* Describes the network in a file. preset: a preset's name, or NULL: the one that the file's name
 * contains. path stays the caller's. -EINVAL with a sentence that names the presets. */
int network_describe(
	const char *path, const char *preset, struct err *err, struct vision_network *ret_network);

/* The network that packaging/models makes. */
struct vision_network network_own(const char *path);

#endif
