#include "compose.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define OWN_FROM 0.6f /* matte from which the source's own colour begins to count */
#define TONE_LIGHT 0.15f
#define TONE_COLOUR 0.20f
#define TONE_MOST 6.f /* units of Lab */

struct lab compose_tone(struct lab person, struct lab backdrop)
{
	const float l = (backdrop.l - person.l) * TONE_LIGHT;
	const float a = backdrop.a * TONE_COLOUR;
	const float b = backdrop.b * TONE_COLOUR;

	return (struct lab){fminf(fmaxf(l, -TONE_MOST), TONE_MOST),
		fminf(fmaxf(a, -TONE_MOST), TONE_MOST), fminf(fmaxf(b, -TONE_MOST), TONE_MOST)};
}

/* A row of the spread colours, between two of its own. */
struct spread_row {
	const struct composition *composition;
	const uint8_t *top;
	const uint8_t *low;
	float share; /* of low */
};

static struct spread_row spread_row_at(const struct composition *c, int y)
{
	const struct region *window = &c->matte->window;
	const double at = (y - window->y + 0.5) * c->spread_height / window->height - 0.5;
	const double clamped = fmin(fmax(at, 0), c->spread_height - 1);
	const int y0 = (int)clamped;
	const int y1 = y0 + 1 < c->spread_height ? y0 + 1 : y0;
	const size_t stride = 3 * (size_t)c->spread_width;

	return (struct spread_row){c, c->spread + (size_t)y0 * stride,
		c->spread + (size_t)y1 * stride, (float)(clamped - y0)};
}

/* Replaces what the old backdrop gave to a colour. own: the matte there, 0 to 1. */
static void spread_into(const struct spread_row *row, int x, float own, uint8_t rgb[3])
{
	const struct composition *c = row->composition;
	const struct region *window = &c->matte->window;
	const float at =
		((float)(x - window->x) + 0.5f) * (float)(c->spread_width / window->width) - 0.5f;
	const float most = (float)(c->spread_width - 1);
	const float clamped = at < 0 ? 0 : at > most ? most : at;
	const int x0 = (int)clamped;
	const int x1 = x0 + 1 < c->spread_width ? x0 + 1 : x0;
	const float t = clamped - (float)x0;
	const float ramp = (own - OWN_FROM) / (1 - OWN_FROM);
	const float keep = ramp < 0 ? 0 : ramp > 1 ? 1 : ramp;

	for (int k = 0; k < 3; k++) {
		const float top = row->top[3 * x0 + k] * (1 - t) + row->top[3 * x1 + k] * t;
		const float low = row->low[3 * x0 + k] * (1 - t) + row->low[3 * x1 + k] * t;
		const float colour = top * (1 - row->share) + low * row->share;

		rgb[k] = (uint8_t)((float)rgb[k] * keep + colour * (1 - keep) + 0.5f);
	}
}

/* The person's colours of a row, where they show. */
static void person_row(const struct composition *c, int y, const uint8_t *source, uint8_t *ret_rgb)
{
	const int width = c->matte->width;
	const uint8_t *matte = c->matte->alpha + (size_t)y * (size_t)width;
	const uint8_t *edge = c->edge->alpha + (size_t)y * (size_t)width;
	struct spread_row row = {0};

	if (c->spread) {
		row = spread_row_at(c, y);
	}
	memcpy(ret_rgb, source, 3 * (size_t)width);
	for (int x = 0; x < width; x++) {
		if (edge[x] == 0) {
			continue;
		}
		if (c->spread && matte[x] < 255) {
			spread_into(&row, x, (float)matte[x] / 255, ret_rgb + 3 * x);
		}
		if (c->tone) {
			lab_shift_apply(c->tone, ret_rgb + 3 * x);
		}
	}
}

static void write_clear(const uint8_t *rgb, const uint8_t *edge, int width, uint8_t *to)
{
	for (int x = 0; x < width; x++, to += 4) {
		if (edge[x] > 0) {
			memcpy(to, rgb + 3 * (size_t)x, 3);
		} else {
			memset(to, 0, 3);
		}
		to[3] = edge[x];
	}
}

/* to holds the backdrop. */
static void write_over(const uint8_t *rgb, const uint8_t *edge, int width, uint8_t *to)
{
	for (int x = 0; x < width; x++, to += 3, rgb += 3) {
		if (edge[x] == 255) {
			memcpy(to, rgb, 3);
		} else if (edge[x] > 0) {
			for (int k = 0; k < 3; k++) {
				to[k] = (uint8_t)((rgb[k] * edge[x] + to[k] * (255 - edge[x]) +
							  127) /
					255);
			}
		}
	}
}

int compose(const struct composition *composition, const struct job *job, int from, int to,
	uint8_t *ret_pixels)
{
	const int width = composition->matte->width;
	const int height = composition->matte->height;
	const size_t bytes = composition->backdrop ? 3 : 4;
	uint8_t *room = malloc(6 * (size_t)width);
	struct scaler *scaler = NULL;
	int result = room ? 0 : -ENOMEM;

	if (result == 0 && composition->backdrop) {
		result = scaler_create(composition->backdrop,
			region_cover(composition->backdrop, width, height), width, height,
			SCALE_RGB, &scaler);
	}
	for (int y = 0; result == 0 && y < height; y++) {
		const uint8_t *source = row_as_rgb(composition->source, y, room);
		const uint8_t *edge = composition->edge->alpha + (size_t)y * (size_t)width;
		uint8_t *row = ret_pixels + (size_t)y * (size_t)width * bytes;
		uint8_t *rgb = room + 3 * (size_t)width;

		person_row(composition, y, source, rgb);
		if (scaler) {
			scaler_row(scaler, row);
			if (composition->shadow) {
				shadow_row(composition->shadow, y, row);
			}
			write_over(rgb, edge, width, row);
		} else {
			write_clear(rgb, edge, width, row);
		}
		if (y % 64 == 0 && job_stopped(job)) {
			result = -ECANCELED;
		}
		job_progress_rows(job, from, to, y, height);
	}
	scaler_destroy(scaler);
	free(room);
	return result;
}
