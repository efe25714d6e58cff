#include "daemon/room.h"

#include "base/clock.h"
#include "daemon/catalog.h"
#include "daemon/route.h"
#include "daemon/supervisor.h"

/* Work that may be claimed ahead of a free executor: as much as all of them do in this time. */
#define AHEAD_US 20000

static unsigned count_free(const struct supervisor *sup)
{
	unsigned count = 0;

	for (unsigned i = 0; i < sup->place_count; i++) {
		const struct place *place = &sup->places[i];

		count += !place->publishing &&
			(place->slot.state == SLOT_DEAD || place->slot.state == SLOT_STARTING ||
				place->slot.state == SLOT_IDLE);
	}
	return count;
}

size_t room_count_waiting(const struct supervisor *sup)
{
	size_t count = sup->sent.count;

	for (size_t i = 0; i < sup->catalog->mode_count; i++) {
		count += sup->catalog->modes[i]->waiting.count;
	}
	return count;
}

/* Executors that are not at a task which alone takes so long. */
static unsigned count_quick(const struct supervisor *sup)
{
	uint64_t now_us = clock_mono_us();
	unsigned count = 0;

	for (unsigned i = 0; i < sup->place_count; i++) {
		const struct job *job = sup->places[i].slot.job;

		count += !job || now_us - job->started_us < AHEAD_US;
	}
	return count;
}

/* Tasks of a mode that may be claimed ahead of a free executor. */
static int ahead_of(const struct supervisor *sup, const struct mode *mode)
{
	uint64_t ahead;

	if (mode->mean_us == 0) {
		return 0;
	}
	ahead = (uint64_t)count_quick(sup) * AHEAD_US / mode->mean_us;
	return ahead < LIMIT_BACKLOG ? (int)ahead : LIMIT_BACKLOG;
}

int room_left(const struct supervisor *sup)
{
	int ahead = 0;

	if (sup->phase != PHASE_SERVING || sup->catalog->mode_count == 0) {
		return 0;
	}
	for (size_t i = 0; i < sup->catalog->mode_count; i++) {
		int here = ahead_of(sup, sup->catalog->modes[i]);

		ahead = here > ahead ? here : ahead;
	}
	return (int)count_free(sup) + ahead - (int)room_count_waiting(sup);
}

int room_of_mode(const struct supervisor *sup, const struct mode *mode)
{
	return ahead_of(sup, mode) + (int)count_free(sup) - (int)room_count_waiting(sup);
}

size_t room_modes(const struct supervisor *sup, unsigned want, struct queue_mode *ret_modes)
{
	const struct catalog *catalog = sup->catalog;

	for (size_t i = 0; i < catalog->mode_count; i++) {
		struct mode *mode = catalog->modes[i];
		int room = room_of_mode(sup, mode);

		if (mode->config->concurrency > 0) {
			int left = mode->config->concurrency - (int)mode->running -
				(int)mode->waiting.count;

			room = left < room ? left : room;
		}
		if (room < 0 || mode->blocked_until_ms > clock_mono_ms() ||
			!route_mode_is_open(mode)) {
			room = 0;
		}
		ret_modes[i] = (struct queue_mode){
			.name = mode->name,
			.room = (unsigned)room < want ? (unsigned)room : want,
			.limit = (unsigned)mode->config->concurrency_global,
		};
	}
	return catalog->mode_count;
}

unsigned room_want(const struct supervisor *sup, unsigned spare)
{
	struct queue_mode modes[LIMIT_MODES];
	unsigned most = spare < LIMIT_BATCH ? spare : LIMIT_BATCH;
	size_t count = room_modes(sup, most, modes);
	unsigned room = 0;

	for (size_t i = 0; i < count && room < most; i++) {
		room += modes[i].room;
	}
	return room < most ? room : most;
}
