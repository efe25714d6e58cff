#include "swap.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "foreground.h"
#include "plane.h"
#include "plate.h"

/* How much darker the neck is just under the jaw: red, green, blue. Skin in the shade is warmer. */
static const float shadow[3] = {0.13f, 0.19f, 0.22f};

/* Jaw widths across, heights of the face down, from the chin. */
#define NECK_HALF_LEAST 0.24
#define NECK_HALF_MOST 0.46
#define BEHIND_JAW 0.08
#define JAW_SHADOW 0.05
#define NECK_SEEN 0.01 /* of the jaw's width squared: skin that tells the neck's colour */
#define LIKE_MEAN 1.5f
#define LESS_RED 7 /* in Lab's a, than the face: skin in the shade is redder, pale lace is not */
#define NECK_LEAST 0.7f /* of the skin in its middle, that a place of the neck shows */
#define BINS_A_JAW 25
#define BINS 15
#define NECK_FROM (-0.55)
#define NECK_TO 0.30
#define RIM_FROM 0.30f /* of the head's soft edge, which is made steep where no neck is behind it */
#define RIM_TO 0.70f
#define GRAIN_MOST 4.f
#define SKIN_NEAR 2.2f

struct room {
	uint8_t *neck;   /* plane: the neck that is prolonged */
	uint8_t *under;  /* plane: below the new jaw, */
	uint8_t *deep;   /* and farther below it, softly: where its shadow ends */
	uint8_t *known;  /* mask */
	uint8_t *colour; /* of the neck, RGB */
	struct align back;
	float grain; /* that the new head lacks */
};

/* The neck's edges: as far as skin is seen below the old face. */
static void measure_neck(const struct swap *swap, struct room *room, double ret_edges[2])
{
	const struct head *body = swap->body;
	int bins[2 * BINS] = {0};
	float least;
	int left = BINS;
	int right = BINS;

	for (int y = 0; y < body->height; y++) {
		for (int x = 0; x < body->width; x++) {
			const size_t i = (size_t)y * (size_t)body->width + (size_t)x;
			double u;
			double v;

			face_place(&body->axes, x, y, &u, &v);
			if (v > -0.2 && v < 0.34 && fabs(u) < NECK_HALF_MOST &&
				swap->standing[i] > 200 && swap->cleared[i] < 20 &&
				head_skin_distance(lab_from_rgb(body->rgb + 3 * i), body->skin,
					(struct lab){34, 11, 11}) < SKIN_NEAR) {
				bins[(int)floor(u * BINS_A_JAW) + BINS]++;
				room->known[i] = 1;
			}
		}
	}
	least = fmaxf(1, NECK_LEAST * (float)(bins[BINS - 1] + bins[BINS]) / 2);
	while (left > 0 && (float)bins[left - 1] >= least) {
		left--;
	}
	while (right < 2 * BINS && (float)bins[right] >= least) {
		right++;
	}
	ret_edges[0] = fmin((double)(left - BINS) / BINS_A_JAW, -NECK_HALF_LEAST);
	ret_edges[1] = fmax((double)(right - BINS) / BINS_A_JAW, NECK_HALF_LEAST);
}

/* What lies between the ends of the new jaw, from a little above its line down: the neck has to be there
 * behind the jaw's soft edge, or the backdrop would shine through. */
static void fill_under(const struct swap *swap, struct room *room)
{
	const struct head *head = swap->head;
	const double far = 2 * head->axes.brows;
	const double behind = BEHIND_JAW * head->axes.brows;
	double corners[11][2];

	for (int i = 0; i < 11; i++) {
		const double *point = head->points[i < 9 ? i + 4 : i == 9 ? 12 : 4];
		const double up = i < 9 ? behind : -far;

		align_apply(&swap->place, point[0] + head->axes.up[0] * up,
			point[1] + head->axes.up[1] * up, corners[i]);
	}
	plane_fill(room->under, swap->body->width, swap->body->height, (const double(*)[2])corners,
		11, 255);
}

/* Keeps of what was seen of the neck what is like its mean: edges of collars are not. Returns how much
 * there is, in squares of the jaw's width. */
static double keep_skin(const struct head *body, struct room *room)
{
	const size_t count = (size_t)body->width * (size_t)body->height;
	struct lab mean;
	int seen = 0;

	for (size_t i = 0; i < count; i++) {
		room->known[i] = room->known[i] &&
			lab_from_rgb(body->rgb + 3 * i).a > body->skin.a - LESS_RED;
	}
	mean = lab_mean(body->rgb, room->known, (int)count);
	for (size_t i = 0; i < count; i++) {
		room->known[i] = room->known[i] &&
			head_skin_distance(lab_from_rgb(body->rgb + 3 * i), mean,
				(struct lab){14, 5, 5}) < LIKE_MEAN;
		seen += room->known[i];
	}
	return seen / (body->axes.jaw * body->axes.jaw);
}

/* The colours of the neck's skin carried on, or the new face's where none of it is seen. */
static int colour_neck(const struct swap *swap, struct room *room)
{
	const struct head *head = swap->head;
	const struct head *body = swap->body;
	const size_t count = (size_t)body->width * (size_t)body->height;
	float face[3];

	if (keep_skin(body, room) >= NECK_SEEN) {
		return foreground_spread(
			swap->out, room->known, body->width, body->height, room->colour);
	}
	lab_to_rgb(head_skin(swap->head_rgb, head->width, head->height, head->points), face);
	for (size_t i = 0; i < 3 * count; i++) {
		room->colour[i] = (uint8_t)face[i % 3];
	}
	return 0;
}

static int make_neck(const struct swap *swap, struct room *room)
{
	const struct head *body = swap->body;
	const int w = body->width;
	const int h = body->height;
	const size_t count = (size_t)w * (size_t)h;
	const double soft = fmax(0.8, 0.012 * body->axes.jaw);
	double edges[2];
	int result;

	measure_neck(swap, room, edges);
	fill_under(swap, room);
	for (size_t i = 0; i < count; i++) {
		double u;
		double v;

		face_place_pixel(&body->axes, i, w, &u, &v);
		if (u > edges[0] && u < edges[1] && v > NECK_FROM && v < NECK_TO &&
			body->person[i] > 127) {
			room->neck[i] = 255;
		}
	}
	result = plane_blur(room->neck, w, h, soft);
	if (result == 0) {
		memcpy(room->deep, room->under, count);
		result = plane_blur(room->under, w, h, soft);
	}
	if (result == 0) {
		result = plane_blur(room->deep, w, h, JAW_SHADOW * body->axes.jaw);
	}
	return result == 0 ? colour_neck(swap, room) : result;
}

static float cubic(float t)
{
	const float x = fabsf(t);

	return x < 1    ? (1.5f * x - 2.5f) * x * x + 1
		: x < 2 ? ((-0.5f * x + 2.5f) * x - 4) * x + 2
			: 0;
}

/* The head's colour at a place between its pixels: over 4 x 4 of them, or 2 x 2. */
static void colour_at(const struct swap *swap, double x, double y, float ret_colour[3])
{
	const struct head *head = swap->head;
	const int left = (int)floor(x);
	const int top = (int)floor(y);
	const int reach = swap->sharp ? 1 : 0;

	memset(ret_colour, 0, 3 * sizeof(*ret_colour));
	for (int dy = -reach; dy <= 1 + reach; dy++) {
		const int py = top + dy < 0        ? 0
			: top + dy >= head->height ? head->height - 1
						   : top + dy;
		const float ty = (float)(y - top - dy);

		for (int dx = -reach; dx <= 1 + reach; dx++) {
			const int px = left + dx < 0       ? 0
				: left + dx >= head->width ? head->width - 1
							   : left + dx;
			const float tx = (float)(x - left - dx);
			const float share = swap->sharp ? cubic(tx) * cubic(ty)
							: (1 - fabsf(tx)) * (1 - fabsf(ty));
			const uint8_t *p = swap->head_rgb +
				3 * ((size_t)py * (size_t)head->width + (size_t)px);

			for (int c = 0; c < 3; c++) {
				ret_colour[c] += share * (float)p[c];
			}
		}
	}
}

/* The head's edge at the jaw, where the matte goes on to the throat: soft before a neck, which it is
 * to go over into, else as sharp as it would be before a backdrop. */
static float at_the_rim(
	const struct swap *swap, const double at[2], double v, float hair, float behind)
{
	const struct head *head = swap->head;
	const float person = plane_at(head->person, head->width, head->height, at[0], at[1]) / 255;
	const float jaw = swap_ramp(v, -0.75, -0.6) * swap_ramp(person, 0.85, 0.97);

	return hair + (swap_ramp(hair, RIM_FROM, RIM_TO) - hair) * jaw * (1 - behind);
}

/* All layers of one pixel, from the back: hair behind the body, neck, head. */
static void lay(struct swap *swap, const struct room *room, int x, int y)
{
	const struct head *head = swap->head;
	const struct head *body = swap->body;
	const size_t i = (size_t)y * (size_t)body->width + (size_t)x;
	uint8_t *out = swap->out + 3 * i;
	const float kept = swap_ramp(swap->standing[i], 0, 255);
	float neck = (float)room->neck[i] / 255 * (float)room->under[i] / 255;
	double at[2];
	double u;
	double v;
	double new_u;
	double new_v;
	float colour[3];
	float hair;
	float low;
	float front;

	face_place(&body->axes, x, y, &u, &v);
	align_apply(&room->back, x, y, at);
	face_place(&head->axes, at[0], at[1], &new_u, &new_v);
	/* Where the head's picture ends its hair fades out. */
	low = 1 - swap_ramp(at[1], head->height * 0.93, head->height - 1);
	hair = low * plane_at(head->hair_and_face, head->width, head->height, at[0], at[1]) / 255;
	neck *= swap_ramp(new_v, -0.48, -0.40) * (1 - swap_ramp(fabs(new_u), 0.5, 0.56));
	neck *= 1 - (v < 0.5 ? kept * swap_ramp(v, -0.02, 0.04) : 0);
	if (hair <= 0 && neck <= 0) {
		return;
	}
	colour_at(swap, at[0], at[1], colour);
	for (int c = 0; c < 3; c++) {
		colour[c] += room->grain * plate_noise(i);
	}
	if (hair > 0) {
		const float covered = fmaxf(kept, v > -0.1 ? neck : 0);

		swap_mix(out, colour, hair * swap_ramp(new_v, 0.05, 0.20) * (1 - covered));
	}
	if (neck > 0) {
		const uint8_t *skin = room->colour + 3 * i;
		const float shade = 1 - swap_ramp(v, -0.25, 0.25);
		const float close = 1 - swap_ramp(room->deep[i], 128, 250);
		float lit[3];

		for (int c = 0; c < 3; c++) {
			lit[c] = (1 - (shade + close) * shadow[c]) * (float)skin[c];
		}
		swap_mix(out, lit, neck);
	}
	front = at_the_rim(swap, at, new_v, hair, fmaxf(kept, neck));
	front *= 1 - swap_ramp(new_v, 0.08, 0.22);
	swap_mix(out, colour, front);
}

/* The faces' own grain, at the size that they have in the result. */
static float grain_of(const struct head *head, const uint8_t *rgb)
{
	const size_t count = (size_t)head->width * (size_t)head->height;
	uint8_t *skin = calloc(count, 1);
	float grain = 0;

	for (size_t i = 0; skin && i < count; i++) {
		skin[i] = head->person[i] > 250 &&
			head_skin_distance(lab_from_rgb(rgb + 3 * i), head->skin,
				(struct lab){20, 8, 8}) < SKIN_NEAR;
	}
	if (skin) {
		grain = plate_grain(rgb, skin, head->width, head->height);
	}
	free(skin);
	return grain;
}

/* What makes the new head as rough as the skin of the body: smooth enlargements look pasted. */
static float missing_grain(const struct swap *swap)
{
	const float has = grain_of(swap->head, swap->head->rgb);
	const float needs = grain_of(swap->body, swap->body->rgb);

	return needs > has ? fminf(sqrtf(needs * needs - has * has), GRAIN_MOST) : 0;
}

int swap_join(struct swap *swap)
{
	const struct head *body = swap->body;
	const size_t count = (size_t)body->width * (size_t)body->height;
	struct room room = {.neck = calloc(count, 1),
		.under = calloc(count, 1),
		.deep = calloc(count, 1),
		.known = calloc(count, 1),
		.colour = malloc(3 * count),
		.back = align_inverse(&swap->place),
		.grain = missing_grain(swap)};
	int result = -ENOMEM;

	if (room.neck && room.under && room.deep && room.known && room.colour) {
		result = make_neck(swap, &room);
	}
	for (int y = 0; result == 0 && y < body->height; y++) {
		for (int x = 0; x < body->width; x++) {
			lay(swap, &room, x, y);
		}
	}
	free(room.neck);
	free(room.under);
	free(room.deep);
	free(room.known);
	free(room.colour);
	return result;
}
