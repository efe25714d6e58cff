#include "executor/arena.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ALIGNMENT 64

/* From here on memory is mapped: the kernel hands it out zeroed, page by page as it is touched,
 * and takes it back at once. */
#define MAPPED_BYTES (256 * 1024)

/* Stands in front of what is handed out. */
struct arena_block {
	_Alignas(ALIGNMENT) struct arena_block *next;
	uint64_t size; /* with this header */
	bool mapped;
};

_Static_assert(sizeof(struct arena_block) == ALIGNMENT, "the header keeps the alignment");

int arena_init(struct arena *arena, uint64_t limit)
{
	int result = pthread_mutex_init(&arena->lock, NULL);

	arena->blocks = NULL;
	arena->used = 0;
	arena->limit = limit;
	return -result;
}

static struct arena_block *make_block(uint64_t size)
{
	struct arena_block *block = NULL;
	bool mapped = size >= MAPPED_BYTES;

	if (mapped) {
		void *memory = mmap(
			NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		block = memory == MAP_FAILED ? NULL : memory;
	} else {
		block = aligned_alloc(ALIGNMENT, size);
		if (block) {
			memset(block, 0, size);
		}
	}
	if (block) {
		block->size = size;
		block->mapped = mapped;
	}
	return block;
}

void *arena_alloc(struct arena *arena, uint64_t n)
{
	struct arena_block *block = NULL;
	uint64_t size;

	if (n > arena->limit) {
		return NULL;
	}
	size = (n + 2 * ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	(void)pthread_mutex_lock(&arena->lock);
	if (size <= arena->limit - arena->used) {
		block = make_block(size);
	}
	if (block) {
		block->next = arena->blocks;
		arena->blocks = block;
		arena->used += size;
	}
	(void)pthread_mutex_unlock(&arena->lock);
	return block ? block + 1 : NULL;
}

bool arena_owns(struct arena *arena, const void *data, uint64_t n)
{
	uintptr_t from = (uintptr_t)data;
	bool found = false;

	(void)pthread_mutex_lock(&arena->lock);
	for (struct arena_block *block = arena->blocks; block && !found; block = block->next) {
		uintptr_t begin = (uintptr_t)(block + 1);
		uintptr_t end = (uintptr_t)block + block->size;

		found = from >= begin && from < end && n <= end - from;
	}
	(void)pthread_mutex_unlock(&arena->lock);
	return found;
}

void arena_clear(struct arena *arena)
{
	struct arena_block *block;

	(void)pthread_mutex_lock(&arena->lock);
	block = arena->blocks;
	arena->blocks = NULL;
	arena->used = 0;
	(void)pthread_mutex_unlock(&arena->lock);
	while (block) {
		struct arena_block *next = block->next;

		if (block->mapped) {
			(void)munmap(block, block->size);
		} else {
			free(block);
		}
		block = next;
	}
}

void arena_finish(struct arena *arena)
{
	arena_clear(arena);
	(void)pthread_mutex_destroy(&arena->lock);
}
