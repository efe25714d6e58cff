#include "executor/places.h"

#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/limits.h"

/* Where a resource's places begin: FNV-1a, in steps of LIMIT_PLACES, below 2^62. */
static uint64_t begin_of(const char *resource)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (const char *at = resource; *at; at++) {
		hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
	}
	return (hash >> 2) / LIMIT_PLACES * LIMIT_PLACES;
}

static bool set_lock(int fd, short type, uint64_t at)
{
	struct flock lock = {
		.l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)at, .l_len = 1};

	return fcntl(fd, F_SETLK, &lock) == 0;
}

static size_t find_held(const struct places *places, uint64_t begin)
{
	size_t i = 0;

	while (i < places->count && places->held[i] / LIMIT_PLACES * LIMIT_PLACES != begin) {
		i++;
	}
	return i;
}

int32_t place_take(struct places *places, const char *resource, uint32_t limit)
{
	uint64_t begin = begin_of(resource);

	limit = limit > LIMIT_PLACES ? LIMIT_PLACES : limit;
	if (find_held(places, begin) < places->count) {
		return 1;
	}
	if (places->count == PLACES_HELD) {
		return 0;
	}
	for (uint32_t i = 0; i < limit; i++) {
		if (places->fd < 0 || set_lock(places->fd, F_WRLCK, begin + i)) {
			places->held[places->count++] = begin + i;
			return 1;
		}
	}
	return 0;
}

static void give_at(struct places *places, size_t at)
{
	if (places->fd >= 0) {
		(void)set_lock(places->fd, F_UNLCK, places->held[at]);
	}
	places->held[at] = places->held[--places->count];
}

void place_give(struct places *places, const char *resource)
{
	size_t at = find_held(places, begin_of(resource));

	if (at < places->count) {
		give_at(places, at);
	}
}

void place_give_all(struct places *places)
{
	while (places->count > 0) {
		give_at(places, places->count - 1);
	}
}

uint32_t place_count(const struct places *places, const char *resource)
{
	uint64_t begin = begin_of(resource);
	uint64_t at = begin;
	uint32_t count = find_held(places, begin) < places->count;

	/* each look finds the first lock of another process from there on */
	while (places->fd >= 0 && at < begin + LIMIT_PLACES) {
		struct flock lock = {
			.l_type = F_WRLCK,
			.l_whence = SEEK_SET,
			.l_start = (off_t)at,
			.l_len = (off_t)(begin + LIMIT_PLACES - at),
		};

		if (fcntl(places->fd, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK) {
			break;
		}
		/* two neighbours of one process are told as one lock */
		count += (uint32_t)lock.l_len;
		at = (uint64_t)lock.l_start + (uint64_t)lock.l_len;
	}
	return count;
}
