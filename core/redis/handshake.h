/* What is said first on a new connection: who we are, which database, and who the server is.
 *
 * Shared by conn.c and link_connect.c: both send all commands at once and check the answers in order. */
#ifndef FORMY_REDIS_HANDSHAKE_H
#define FORMY_REDIS_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct err;
struct redisReply;
struct redis_address;

enum handshake_step {
	HANDSHAKE_AUTH,
	HANDSHAKE_SELECT,
	HANDSHAKE_NAME,
	HANDSHAKE_ID,
	HANDSHAKE_INFO,
	HANDSHAKE_STEPS
};

struct handshake_command {
	struct str argv[3];
	size_t argc; /* 0: this step is not needed */
	char number[16];
};

struct handshake {
	char version[32];
	char maxmemory_policy[32];
	uint64_t maxmemory;
	bool saves;
	bool replica;
	int64_t client_id;
};

void handshake_make(const struct redis_address *address, const char *name, enum handshake_step step,
	struct handshake_command *ret_command);

/* 0, or a negative errno as of redis_conn_open(). */
int handshake_check(enum handshake_step step, const struct redisReply *reply, const char *where,
	struct err *err, struct handshake *shake);

/* A connection's socket: not inherited, and a peer that vanished is noticed within half a minute. */
void handshake_prepare_socket(int fd, bool tcp);

#endif
