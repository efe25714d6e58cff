/* Where a Redis server is and how to get in.
 *
 * Plain data: the strings belong to whoever filled it. A connection copies what it needs. */
#ifndef FORMY_REDIS_ADDRESS_H
#define FORMY_REDIS_ADDRESS_H

#include <stdint.h>

#define REDIS_ADDRESS_TEXT_SIZE 300

struct redis_address {
	const char *host;        /* NULL: localhost */
	uint16_t port;           /* 0: 6379 */
	const char *unix_socket; /* NULL: TCP */
	int db;
	const char *username; /* NULL: the default user */
	const char *password; /* NULL: none */
	uint32_t connect_timeout_ms;

	/* With a master's name, the sentinels say where it is: host, port and unix_socket do not
	 * count. */
	const char *sentinel_master;   /* NULL: no sentinels */
	const char *sentinel_hosts;    /* "host:port,host:port" */
	const char *sentinel_username; /* of the sentinels themselves; NULL: the default user */
	const char *sentinel_password; /* NULL: none */
};

/* "localhost:6379", "mymaster of the sentinels" or "/run/redis.sock", with the database when it is not 0; never the password. */
void redis_address_text(const struct redis_address *address, char text[REDIS_ADDRESS_TEXT_SIZE]);

/* A copy with strings of its own, for redis_address_finish(). 0 or -ENOMEM. */
int redis_address_copy(const struct redis_address *address, struct redis_address *ret_copy);
void redis_address_finish(struct redis_address *copy);

#endif
