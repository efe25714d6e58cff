#include <hiredis/hiredis.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "client/handle.h"
#include "redis/conn.h"

int formy_plugin_release(formy_client *client, const char *id)
{
	struct redisReply *reply = NULL;
	struct buf message = {0};
	struct str words[3];
	int result = handle_begin(client);

	if (result < 0) {
		return result;
	}
	if (!id || id[0] == '\0' || strlen(id) > LIMIT_PLUGIN_ID) {
		return handle_fail(client, FORMY_CLIENT_E_ARGUMENT,
			"a plugin's id has 1 to %d characters", LIMIT_PLUGIN_ID);
	}
	buf_add_text(&message, "{\"release\":");
	json_add_string(&message, id);
	buf_add_char(&message, '}');
	words[0] = str_of("PUBLISH");
	words[1] = str_of(client->place.keys.names[TASK_CHANNEL_CONTROL].data);
	words[2] = str_of(buf_cstr(&message));
	result = buf_failed(&message)
		? handle_fail(client, FORMY_CLIENT_E_MEMORY, "out of memory")
		: handle_code(redis_conn_command(client->conn, words, 3, &client->err, &reply));
	freeReplyObject(reply);
	buf_finish(&message);
	return result;
}
