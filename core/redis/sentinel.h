/* Where the master is that Redis Sentinel watches over.
 *
 * Asks one sentinel after another, and waits for each: link.c asks on a thread, conn.c may wait.
 * No state; any thread. */
#ifndef FORMY_REDIS_SENTINEL_H
#define FORMY_REDIS_SENTINEL_H

#include <stdint.h>

#include "redis/address.h"

struct err;

#define SENTINEL_PORT 26379
#define SENTINEL_HOST_SIZE 256

/* A server as a sentinel names it, or a sentinel. */
struct sentinel_place {
	char host[SENTINEL_HOST_SIZE];
	uint16_t port;
};

/* The n-th sentinel of address->sentinel_hosts, counted round and round. 0, or -EINVAL with a
 * sentence when there is none or it is no host[:port]. */
int sentinel_at(const struct redis_address *address, unsigned n, struct err *err,
	struct sentinel_place *ret_place);

/* Asks the sentinels for the address of address->sentinel_master, the n-th first. 0, or a negative
 * errno with a sentence about the last that was asked. */
int sentinel_find_master(const struct redis_address *address, unsigned n, struct err *err,
	struct sentinel_place *ret_master);

#endif
