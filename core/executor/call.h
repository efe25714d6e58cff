/* A pipeline's request to its engine, which works in the same process on the same task. */
#ifndef FORMY_EXECUTOR_CALL_H
#define FORMY_EXECUTOR_CALL_H

#include "formy/plugin.h"

struct pixels;

/* The host's call(). */
formy_status call_engine(formy_task *task, const formy_request *request);

/* A picture of the request that the engine works on. FORMY_E_MISSING when there is none. */
formy_status call_find_image(formy_task *task, const char *role, struct pixels *ret_pixels);

#endif
