#include "redis/address.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void redis_address_text(const struct redis_address *address, char text[REDIS_ADDRESS_TEXT_SIZE])
{
	char db[24] = "";

	if (address->db != 0) {
		(void)snprintf(db, sizeof(db), ", database %d", address->db);
	}
	if (address->sentinel_master) {
		(void)snprintf(text, REDIS_ADDRESS_TEXT_SIZE, "%.200s of the sentinels%s",
			address->sentinel_master, db);
	} else if (address->unix_socket) {
		(void)snprintf(text, REDIS_ADDRESS_TEXT_SIZE, "%.250s%s", address->unix_socket, db);
	} else {
		(void)snprintf(text, REDIS_ADDRESS_TEXT_SIZE, "%.250s:%u%s",
			address->host ? address->host : "localhost",
			address->port ? address->port : 6379U, db);
	}
}

static int copy_text(const char *text, const char **ret_copy)
{
	if (text) {
		*ret_copy = strdup(text);
		if (!*ret_copy) {
			return -ENOMEM;
		}
	}
	return 0;
}

int redis_address_copy(const struct redis_address *address, struct redis_address *ret_copy)
{
	struct redis_address copy = {
		.port = address->port ? address->port : 6379,
		.db = address->db,
		.connect_timeout_ms = address->connect_timeout_ms,
	};

	if (copy_text(address->host ? address->host : "localhost", &copy.host) < 0 ||
		copy_text(address->unix_socket, &copy.unix_socket) < 0 ||
		copy_text(address->username, &copy.username) < 0 ||
		copy_text(address->password, &copy.password) < 0 ||
		copy_text(address->sentinel_master, &copy.sentinel_master) < 0 ||
		copy_text(address->sentinel_hosts, &copy.sentinel_hosts) < 0 ||
		copy_text(address->sentinel_username, &copy.sentinel_username) < 0 ||
		copy_text(address->sentinel_password, &copy.sentinel_password) < 0) {
		redis_address_finish(&copy);
		return -ENOMEM;
	}
	*ret_copy = copy;
	return 0;
}

void redis_address_finish(struct redis_address *copy)
{
	free((char *)copy->host);
	free((char *)copy->unix_socket);
	free((char *)copy->username);
	free((char *)copy->password);
	free((char *)copy->sentinel_master);
	free((char *)copy->sentinel_hosts);
	free((char *)copy->sentinel_username);
	free((char *)copy->sentinel_password);
	*copy = (struct redis_address){0};
}
