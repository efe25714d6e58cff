/* A task's memory: handed out from any thread, never given back one by one, freed all at once.
 *
 * A zeroed arena with a limit set is empty and ready after arena_init(). */
#ifndef FORMY_EXECUTOR_ARENA_H
#define FORMY_EXECUTOR_ARENA_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena_block;

struct arena {
	pthread_mutex_t lock;
	struct arena_block *blocks;
	uint64_t used;
	uint64_t limit; /* bytes */
};

/* 0 or a negative errno. */
int arena_init(struct arena *arena, uint64_t limit);

/* n bytes, zeroed, at an address that 64 divides; NULL when there are none, or not within the
 * limit. n may be 0: that is an address of its own all the same. */
void *arena_alloc(struct arena *arena, uint64_t n);

/* True when the bytes lie in one piece that arena_alloc() gave. */
bool arena_owns(struct arena *arena, const void *data, uint64_t n);

/* Frees all that was handed out; the arena can be used again. */
void arena_clear(struct arena *arena);

/* Clears it and ends it. */
void arena_finish(struct arena *arena);

#endif
