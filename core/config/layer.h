/* All settings of one source (the files, the environment, the command line), applied together:
 * whether a URL or a host says where Redis is depends on both. */
#ifndef FORMY_CONFIG_LAYER_H
#define FORMY_CONFIG_LAYER_H

#include "config/store.h"

/* Settings belong to the layer, what they point to does not. A zeroed one is empty and ready. */
struct layer {
	struct setting *settings;
	size_t count;
	bool strict; /* a url and a host beside it are a problem; else the url counts */
};

/* 0 or -ENOMEM. */
int layer_add(struct layer *layer, const struct setting *setting);

/* Stores the settings in their order; of two the later counts. An address of Redis replaces that
 * of the layers before. 0, or -ENOMEM; problems are no failure. */
int layer_apply(const struct layer *layer, struct config *config, struct config_problems *problems);

void layer_finish(struct layer *layer);

#endif
