#include <stdlib.h>

#include "base/buf.h"
#include "client/handle.h"
#include "redis/conn.h"
#include "redis/handshake.h"

/* The public struct comes first, so that its address is that of the whole. */
struct whole {
	formy_server server;
	struct handshake said;
};

int formy_server_get(formy_client *client, formy_server **ret_server)
{
	int result = handle_begin(client);
	struct whole *whole;

	if (result < 0) {
		return result;
	}
	whole = calloc(1, sizeof(*whole));
	if (!whole) {
		return handle_fail(client, FORMY_CLIENT_E_MEMORY, "out of memory");
	}
	whole->said = *redis_conn_server(client->conn);
	whole->server = (formy_server){
		.version = whole->said.version,
		.maxmemory_policy = whole->said.maxmemory_policy,
		.maxmemory = whole->said.maxmemory,
		.saves = whole->said.saves,
	};
	*ret_server = &whole->server;
	return FORMY_CLIENT_OK;
}

void formy_server_free(formy_server *server)
{
	free(server);
}
