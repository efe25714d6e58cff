/* What `formy engine list` and `formy engine check` show alike of an engine's JSON. */
#ifndef FORMY_CLI_ENGINE_VIEW_H
#define FORMY_CLI_ENGINE_VIEW_H

#define ENGINE_NUMBER_SIZE 24

struct json_object;

/* A member that is a text, or NULL. */
const char *engine_text(struct json_object *object, const char *name);

/* What a member says: a number, or how many there are of a list. NULL, and text is "", when it says
 * neither, or when object is no object; else text. */
const char *engine_number(
	struct json_object *object, const char *name, char text[ENGINE_NUMBER_SIZE]);

#endif
