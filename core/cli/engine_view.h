/* What `formy engine list` and `formy engine check` show alike of an engine's JSON. */
#ifndef FORMY_CLI_ENGINE_VIEW_H
#define FORMY_CLI_ENGINE_VIEW_H

#define ENGINE_NUMBER_SIZE 24

struct json_object;

/* A member that is a text, or NULL. */
const char *engine_text(struct json_object *object, const char *name);

/* A member that is a number, as text; NULL: it is none, or object is no object. */
const char *engine_number(
	struct json_object *object, const char *name, char text[ENGINE_NUMBER_SIZE]);

/* The servers of an engine's report: "2", or "1 of 2" when not all are ready; NULL: it has none. */
const char *engine_servers(struct json_object *report, char text[ENGINE_NUMBER_SIZE]);

#endif
