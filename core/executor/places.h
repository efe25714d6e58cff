/* Places that the executors of one engine share: bytes of one file, each with a POSIX record lock.
 *
 * The supervisor makes the file and gives it to every executor that uses the engine. A lock belongs
 * to a process, so the kernel gives a place back when that process dies, however it dies; nobody
 * counts, and nothing is to be put right. A name's places lie where a hash of it points. The
 * thread that runs plugins only. A zeroed struct places holds nothing; without a file (fd -1) every
 * place is free. */
#ifndef FORMY_EXECUTOR_PLACES_H
#define FORMY_EXECUTOR_PLACES_H

#include <stddef.h>
#include <stdint.h>

#define PLACES_HELD 16 /* resources of which one task may hold a place */

struct places {
	int fd;
	uint64_t held[PLACES_HELD]; /* where the locks lie */
	size_t count;
};

/* 1 when a place of the resource is held now, else 0. */
int32_t place_take(struct places *places, const char *resource, uint32_t limit);
void place_give(struct places *places, const char *resource);
void place_give_all(struct places *places);

/* Places that are taken, by any process. */
uint32_t place_count(const struct places *places, const char *resource);

#endif
