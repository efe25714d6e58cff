/* formy/client.h by itself, and then beside formy/plugin.h, as a program in C++11 sees them. */
#include "formy/client.h"

#include "formy/plugin.h"

int program_can_ask(formy_client *client);

int program_can_ask(formy_client *client)
{
	return formy_client_ping(client) == FORMY_CLIENT_OK ? FORMY_OK : FORMY_E_UNREACHABLE;
}
