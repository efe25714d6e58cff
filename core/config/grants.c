#include "config/config.h"

#include <stddef.h>
#include <string.h>

/* Engine types of the contract that are services. */
static const char *const services[] = {"comfyui", "runninghub", "openai", "http", NULL};

static uint32_t read_words(const char *words)
{
	uint32_t grants = 0;
	const char *bad;

	/* they were checked when they were read */
	(void)sandbox_grants_read(words, &grants, &bad);
	return grants;
}

uint32_t config_mode_grants(const struct config_mode *mode)
{
	return read_words(mode->allow);
}

uint32_t config_engine_grants(const struct config_engine *engine)
{
	if (engine->allow) {
		return read_words(engine->allow);
	}
	for (size_t i = 0; services[i]; i++) {
		if (strcmp(engine->type, services[i]) == 0) {
			return SANDBOX_NET;
		}
	}
	return 0;
}
