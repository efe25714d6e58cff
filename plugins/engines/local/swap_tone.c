#include "swap.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "foreground.h"
#include "mask.h"
#include "plane.h"

#define MOST_LIGHT 12 /* units of Lab that the head moves at most */
#define MOST_TINT 10
#define MOST_REST 14   /* and the neck */
#define SURELY 245     /* of the matte: the colours are the person's own */
#define RIM 0.03       /* heights of the face above the jaw's line, */
#define RIM_SURE 0.015 /* and below it, where the line may lie */
#define RIM_MARGIN 0.012
#define RIM_APART 2.6f /* shade has 1.5, hair 4 */
#define MIXED 150      /* and below it they are taken from inside */

float swap_ramp(double value, double from, double to)
{
	const double t = (value - from) / (to - from);

	return (float)(t < 0 ? 0 : t > 1 ? 1 : t);
}

void swap_mix(uint8_t p[3], const float colour[3], float share)
{
	for (int c = 0; c < 3; c++) {
		const float value = (float)p[c] * (1 - share) + colour[c] * share + 0.5f;

		p[c] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
	}
}

static float limit(float value, float most)
{
	return value < -most ? -most : value > most ? most : value;
}

/* A mask of what lies below the jaw, its line moved up by so many heights of the face. */
static void fill_below_jaw(const struct head *head, double by, uint8_t *ret_below)
{
	const double far = 2 * head->axes.brows;
	double corners[13][2];

	for (int i = 0; i < 13; i++) {
		const double *point = head->points[i < 11 ? i + 3 : i == 11 ? 13 : 3];
		const double up = i < 11 ? by * head->axes.brows : -far;

		corners[i][0] = point[0] + head->axes.up[0] * up;
		corners[i][1] = point[1] + head->axes.up[1] * up;
	}
	plane_fill(ret_below, head->width, head->height, (const double(*)[2])corners, 13, 1);
}

/* What lies below the jaw and not on it: the throat, and at the jaw's line, which is not found to the pixel,
 * what does not look like skin. Sets room for three masks, the answer first. */
static int find_throat(const struct head *head, size_t count, uint8_t *room)
{
	const int margin = (int)(RIM_MARGIN * head->axes.brows) + 1;
	uint8_t *rim = room + count;
	uint8_t *apart = room + 2 * count;
	int result;

	fill_below_jaw(head, RIM, rim);
	for (size_t i = 0; i < count; i++) {
		apart[i] = rim[i] &&
			head_skin_distance(lab_from_rgb(head->rgb + 3 * i), head->skin,
				(struct lab){26, 7, 7}) > RIM_APART;
	}
	result = mask_grow(apart, head->width, head->height, margin, room);
	for (size_t i = 0; result == 0 && i < count; i++) {
		room[i] = room[i] && rim[i];
	}
	fill_below_jaw(head, -RIM_SURE, room);
	return result;
}

/* The head's own colours: what is mixed with its backdrop is replaced, and so is the throat, or the jaw's
 * soft edge would show what was behind it. */
static int own_colours(struct swap *swap)
{
	const struct head *head = swap->head;
	const size_t count = (size_t)head->width * (size_t)head->height;
	uint8_t *throat = calloc(3, count);
	uint8_t *known = throat ? throat + count : NULL;
	uint8_t *spread = calloc(3, count);
	int result = -ENOMEM;

	if (throat && spread) {
		result = find_throat(head, count, throat);
	}
	if (result == 0) {
		for (size_t i = 0; i < count; i++) {
			known[i] = head->person[i] >= SURELY && !throat[i];
		}
		result = foreground_spread(head->rgb, known, head->width, head->height, spread);
	}
	for (size_t i = 0; result == 0 && i < count; i++) {
		const float share = throat[i] ? 1 : 1 - swap_ramp(head->person[i], MIXED, SURELY);
		const float colour[3] = {spread[3 * i], spread[3 * i + 1], spread[3 * i + 2]};

		swap_mix(swap->head_rgb + 3 * i, colour, share);
	}
	free(throat);
	free(spread);
	return result;
}

static int move_head(struct swap *swap, struct lab by)
{
	const size_t count = (size_t)swap->head->width * (size_t)swap->head->height;
	struct lab_shift *shift = NULL;
	const int result = lab_shift_create(by, &shift);

	for (size_t i = 0; result == 0 && i < count; i++) {
		if (swap->head->hair_and_face[i]) {
			lab_shift_apply(shift, swap->head_rgb + 3 * i);
		}
	}
	lab_shift_destroy(shift);
	return result;
}

/* Skin below the face, down to where a neckline may be. */
static int move_neck(struct swap *swap, struct lab by)
{
	const struct head *body = swap->body;
	const size_t count = (size_t)body->width * (size_t)body->height;
	struct lab_shift *shift = NULL;
	uint8_t *skin = calloc(count, 1);
	int result = skin ? lab_shift_create(by, &shift) : -ENOMEM;

	for (size_t i = 0; result == 0 && i < count; i++) {
		double u;
		double v;

		face_place_pixel(&body->axes, i, body->width, &u, &v);
		if (body->person[i] && v < 1.1 && fabs(u) < 1.2) {
			const float far = head_skin_distance(lab_from_rgb(body->rgb + 3 * i),
				body->skin, (struct lab){20, 8, 8});
			const float share = expf(-fmaxf(0, far - 0.6f) * 1.2f) *
				(1 - swap_ramp(v, 0.5, 1.1)) * (1 - swap_ramp(fabs(u), 0.7, 1.2));

			skin[i] = (uint8_t)(share * (float)body->person[i]);
		}
	}
	if (result == 0) {
		result =
			plane_blur(skin, body->width, body->height, fmax(1, 0.01 * body->axes.jaw));
	}
	for (size_t i = 0; result == 0 && i < count; i++) {
		if (skin[i]) {
			uint8_t moved[3] = {
				swap->out[3 * i], swap->out[3 * i + 1], swap->out[3 * i + 2]};

			lab_shift_apply(shift, moved);
			swap_mix(swap->out + 3 * i, (float[]){moved[0], moved[1], moved[2]},
				(float)skin[i] / 255);
		}
	}
	lab_shift_destroy(shift);
	free(skin);
	return result;
}

int swap_tone(struct swap *swap)
{
	const struct head *head = swap->head;
	const struct head *body = swap->body;
	const size_t count = (size_t)body->width * (size_t)body->height;
	const size_t head_size = 3 * (size_t)head->width * (size_t)head->height;
	const float part = (float)swap->strength;
	const struct lab by = {limit(part * (body->skin.l - head->skin.l), MOST_LIGHT),
		limit(part * (body->skin.a - head->skin.a), MOST_TINT),
		limit(part * (body->skin.b - head->skin.b), MOST_TINT)};
	const struct lab rest = {limit(head->skin.l + by.l - body->skin.l, MOST_REST),
		limit(head->skin.a + by.a - body->skin.a, MOST_REST),
		limit(head->skin.b + by.b - body->skin.b, MOST_REST)};
	int result;

	swap->head_rgb = malloc(head_size);
	swap->out = calloc(3, count);
	swap->standing = calloc(count, 1);
	swap->cleared = calloc(count, 1);
	if (!swap->head_rgb || !swap->out || !swap->standing || !swap->cleared) {
		return -ENOMEM;
	}
	memcpy(swap->head_rgb, head->rgb, head_size);
	memcpy(swap->out, body->rgb, 3 * count);
	result = own_colours(swap);
	if (result == 0) {
		result = move_head(swap, by);
	}
	return result == 0 ? move_neck(swap, rest) : result;
}

void swap_finish(struct swap *swap)
{
	free(swap->head_rgb);
	free(swap->out);
	free(swap->standing);
	free(swap->cleared);
}
