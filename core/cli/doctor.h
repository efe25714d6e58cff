/* What `formy doctor` looks at, and what it finds.
 *
 * Each look adds findings: what is well, what may become trouble, what is wrong, and what mends it.
 * Nothing is changed on the machine. */
#ifndef FORMY_CLI_DOCTOR_H
#define FORMY_CLI_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

#include <formy/client.h>

#include "base/buf.h"

struct config;

enum finding_state { FINDING_OK, FINDING_WARNING, FINDING_WRONG };

struct doctor {
	struct buf text; /* for people */
	struct buf json; /* the findings as members of an array */
	size_t wrong;
	size_t warnings;
	bool color;
};

void doctor_finish(struct doctor *doctor);

/* Adds a finding about a subject ("redis", "folders", ...). mend: a command, or what to do; NULL
 * where nothing is to be done. */
void doctor_add(struct doctor *doctor, enum finding_state state, const char *subject,
	const char *mend, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* This machine: the file of the configuration, the folders of pictures, the kernel. */
void doctor_look_at_file(struct doctor *doctor, const struct config *config);
void doctor_look_at_folders(struct doctor *doctor, const struct config *config);
void doctor_look_at_kernel(struct doctor *doctor);

/* The service: Redis and the workers, as the client sees them; plugins and models, as formyd -t
 * finds them. path: the configuration, NULL for the default. */
void doctor_look_at_redis(struct doctor *doctor, formy_client *client, const struct config *config);
void doctor_look_at_workers(
	struct doctor *doctor, formy_client *client, const struct config *config);
void doctor_look_at_plugins(struct doctor *doctor, const char *path);

#endif
