#include "swap.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "foreground.h"
#include "mask.h"
#include "plane.h"
#include "plate.h"

/* Heights of the face below the chin: above the shoulders is backdrop, below is body. */
#define SHOULDERS 0.30
#define BESIDE 0.5 /* jaw widths; nearer is the neck */
#define CUT_FROM (-0.8)
#define HALO 0.18 /* jaw widths around the old head where single hairs may be */

struct room {
	uint8_t *old;    /* mask: the old head */
	uint8_t *near;   /* mask: the same with its halo */
	uint8_t *known;  /* mask: what colours are taken from */
	uint8_t *plate;  /* the backdrop without the person, RGB */
	uint8_t *filled; /* the body without hair on it, RGB */
	uint8_t *alpha;  /* the body's matte without hair, as RGB */
	uint8_t *below;  /* plane */
};

static int room_init(struct room *room, size_t count)
{
	room->old = calloc(count, 1);
	room->near = calloc(count, 1);
	room->known = calloc(count, 1);
	room->plate = calloc(3, count);
	room->filled = calloc(3, count);
	room->alpha = calloc(3, count);
	room->below = calloc(count, 1);
	return room->old && room->near && room->known && room->plate && room->filled &&
			room->alpha && room->below
		? 0
		: -ENOMEM;
}

static void room_finish(struct room *room)
{
	free(room->old);
	free(room->near);
	free(room->known);
	free(room->plate);
	free(room->filled);
	free(room->alpha);
	free(room->below);
}

static int make_plate(const struct head *body, struct room *room)
{
	const size_t count = (size_t)body->width * (size_t)body->height;
	const int margin = (int)fmax(3, 0.05 * body->axes.jaw);
	float grain = 0;
	const int result = plate_make(
		body->rgb, body->person, body->width, body->height, margin, room->plate, &grain);

	for (size_t i = 0; i < count; i++) {
		room->known[i] = body->person[i] > 127;
	}
	if (result == 0) {
		const float has = plate_grain(room->plate, room->known, body->width, body->height);

		grain = grain > has ? sqrtf(grain * grain - has * has) : 0;
	}
	for (size_t i = 0; result == 0 && i < count; i++) {
		const float by = grain * plate_noise(i);

		swap_mix(room->plate + 3 * i,
			(float[]){(float)room->plate[3 * i] + by,
				(float)room->plate[3 * i + 1] + by,
				(float)room->plate[3 * i + 2] + by},
			1);
	}
	return result;
}

/* The body under old hair: its outline first, and then its colours. */
static int make_body(const struct swap *swap, struct room *room)
{
	const struct head *body = swap->body;
	const size_t count = (size_t)body->width * (size_t)body->height;
	int result;

	for (size_t i = 0; i < count; i++) {
		room->known[i] = !room->near[i];
		memset(room->filled + 3 * i, body->person[i], 3);
	}
	result = foreground_spread(
		room->filled, room->known, body->width, body->height, room->alpha);
	for (size_t i = 0; i < count; i++) {
		room->known[i] = !room->near[i] && body->person[i] > 248;
	}
	return result == 0
		? foreground_spread(swap->out, room->known, body->width, body->height, room->filled)
		: result;
}

static int find_old(const struct head *body, struct room *room)
{
	const int w = body->width;
	const int h = body->height;
	const size_t count = (size_t)w * (size_t)h;
	int result;

	for (size_t i = 0; i < count; i++) {
		room->known[i] = body->hair_and_face[i] > 38;
	}
	result = mask_grow(room->known, w, h, (int)(0.015 * body->axes.jaw) + 1, room->old);
	for (size_t i = 0; i < count; i++) {
		double u;
		double v;

		face_place_pixel(&body->axes, i, w, &u, &v);
		if (v > -0.06) {
			room->old[i] = body->hair_and_face[i] > (v > 0.3 ? 60 : 100);
		}
	}
	if (result == 0) {
		result = mask_grow(room->old, w, h, (int)(HALO * body->axes.jaw) + 1, room->near);
	}
	return result;
}

static void lay(struct swap *swap, const struct room *room, size_t i, double v)
{
	const struct head *body = swap->body;
	uint8_t *out = swap->out + 3 * i;
	const uint8_t *plate = room->plate + 3 * i;
	const uint8_t *fill = room->filled + 3 * i;
	const float above = (float)swap->cleared[i] / 255;
	const float below = (float)room->below[i] / 255;
	float standing = (float)body->person[i] / 255;

	if (above > 0) {
		swap_mix(out, (float[]){plate[0], plate[1], plate[2]}, above);
	}
	if (below > 0) {
		const float solid = swap_ramp(room->alpha[3 * i], 90, 165);
		float colour[3];

		for (int c = 0; c < 3; c++) {
			colour[c] = solid * (float)fill[c] + (1 - solid) * (float)plate[c];
		}
		swap_mix(out, colour, below);
		standing = standing * (1 - below) + solid * below;
	}
	if (v < SHOULDERS) {
		standing *= 1 - fminf(1, 1.3f * (float)body->hair_and_face[i] / 255);
	}
	swap->standing[i] = (uint8_t)(255 * standing * (1 - above) + 0.5f);
}

/* How long the line is, beside the neck, where what was cleared ends in the midst of the body: hair
 * that was not known as such, and is now cut off. */
static void measure_cut(struct swap *swap)
{
	const struct head *body = swap->body;
	const int step = (int)(0.03 * body->axes.brows) + 1;
	int cut = 0;

	for (int x = 0; x < body->width; x++) {
		for (int y = step; y < body->height - step; y++) {
			const size_t i = (size_t)y * (size_t)body->width + (size_t)x;
			const size_t by = (size_t)step * (size_t)body->width;
			double u;
			double v;

			face_place(&body->axes, x, y, &u, &v);
			if (v > CUT_FROM && v < SHOULDERS + 0.1 && fabs(u) > BESIDE &&
				swap->cleared[i - by] > 200 && swap->standing[i + by] > 200) {
				cut++;
				break;
			}
		}
	}
	swap->cut = cut / body->axes.jaw;
}

int swap_clear(struct swap *swap)
{
	const struct head *body = swap->body;
	const int w = body->width;
	const int h = body->height;
	const size_t count = (size_t)w * (size_t)h;
	struct room room = {0};
	int result = room_init(&room, count);

	if (result == 0) {
		result = find_old(body, &room);
	}
	if (result == 0) {
		result = make_plate(body, &room);
	}
	if (result == 0) {
		result = make_body(swap, &room);
	}
	for (size_t i = 0; result == 0 && i < count; i++) {
		double u;
		double v;

		face_place_pixel(&body->axes, i, w, &u, &v);
		if (v < SHOULDERS) {
			swap->cleared[i] =
				room.old[i] || (room.near[i] && v < 0 && body->person[i] < 250)
				? 255
				: 0;
		} else {
			room.below[i] = room.old[i] ? 255 : 0;
		}
	}
	if (result == 0) {
		result = plane_blur(swap->cleared, w, h, 1.2);
	}
	if (result == 0) {
		result = plane_blur(room.below, w, h, 1.2);
	}
	for (size_t i = 0; result == 0 && i < count; i++) {
		double u;
		double v;

		face_place_pixel(&body->axes, i, w, &u, &v);
		lay(swap, &room, i, v);
	}
	if (result == 0) {
		measure_cut(swap);
	}
	room_finish(&room);
	return result;
}
