#include "patches.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#define REACH 2   /* pixels of a patch on either side of its middle */
#define SURE 60   /* below 2^31 / (25 * 3 * 255^2) */
#define GUESSES 3 /* rounds a level, */
#define SEARCHES 3

void patches_finish(struct patches *level)
{
	free(level->rgb);
	free(level->hole);
	free(level->from);
	free(level->cost);
}

int patches_init(struct patches *level, int width, int height)
{
	const size_t count = (size_t)width * (size_t)height;

	level->width = width;
	level->height = height;
	level->rgb = malloc(3 * count);
	level->hole = calloc(4, count);
	level->from = calloc(count, sizeof(*level->from));
	level->cost = calloc(count, sizeof(*level->cost));
	if (!level->rgb || !level->hole || !level->from || !level->cost) {
		return -ENOMEM;
	}
	level->target = level->hole + count;
	level->source = level->target + count;
	level->sure = level->source + count;
	return 0;
}

static int find_patches(struct patches *level)
{
	int sources = 0;

	for (int y = 0; y < level->height; y++) {
		for (int x = 0; x < level->width; x++) {
			const size_t i = (size_t)y * (size_t)level->width + (size_t)x;
			const bool inside = x >= REACH && y >= REACH && x + REACH < level->width &&
				y + REACH < level->height;
			bool touches = false;

			for (int v = y - REACH; v <= y + REACH; v++) {
				for (int u = x - REACH; u <= x + REACH; u++) {
					touches = touches ||
						(u >= 0 && v >= 0 && u < level->width &&
							v < level->height &&
							level->hole[v * level->width + u]);
				}
			}
			level->target[i] = touches;
			level->source[i] = inside && !touches;
			sources += level->source[i];
		}
	}
	return sources;
}

/* Known pixels count SURE times; one more pixel from the hole's edge is worth a third less. */
static void find_sure(struct patches *level)
{
	const int w = level->width;
	const int count = w * level->height;

	for (int i = 0; i < count; i++) {
		level->sure[i] = level->hole[i] ? 1 : SURE;
	}
	for (int way = 0; way < 2; way++) {
		for (int k = 0; k < count; k++) {
			const int i = way ? count - 1 - k : k;
			const int step = way ? 1 : -1;
			const int x = i % w + step;
			const int beside = x >= 0 && x < w ? level->sure[i + step] * 2 / 3 : 0;
			const int row = i + step * w;
			const int above = row >= 0 && row < count ? level->sure[row] * 2 / 3 : 0;
			const int most = beside > above ? beside : above;

			if (level->hole[i] && most > level->sure[i]) {
				level->sure[i] = (uint8_t)most;
			}
		}
	}
}

int patches_shrink(
	const uint8_t *rgb, const uint8_t *known, int width, int height, int by, struct patches *to)
{
	for (int y = 0; y < to->height; y++) {
		for (int x = 0; x < to->width; x++) {
			const size_t i = (size_t)y * (size_t)to->width + (size_t)x;
			int sums[3] = {0};
			int n = 0;

			for (int v = y * by; v < (y + 1) * by && v < height; v++) {
				for (int u = x * by; u < (x + 1) * by && u < width; u++) {
					const size_t k = (size_t)v * (size_t)width + (size_t)u;

					n++;
					to->hole[i] = to->hole[i] || !known[k];
					for (size_t c = 0; c < 3; c++) {
						sums[c] += rgb[3 * k + c];
					}
				}
			}
			for (size_t c = 0; c < 3; c++) {
				to->rgb[3 * i + c] = (uint8_t)(sums[c] / n);
			}
		}
	}
	find_sure(to);
	return find_patches(to);
}

/* How much the patch around x, y differs from the one around `from`, in the mean of its pixels' squares. */
static int differ(const struct patches *level, int x, int y, struct spot from)
{
	const int top = y < REACH ? -y : -REACH;
	const int low = y + REACH >= level->height ? level->height - 1 - y : REACH;
	const int left = x < REACH ? -x : -REACH;
	const int right = x + REACH >= level->width ? level->width - 1 - x : REACH;
	int sum = 0;
	int weights = 0;

	for (int v = top; v <= low; v++) {
		const int row = (y + v) * level->width + x;
		const uint8_t *a = level->rgb + 3 * (row + left);
		const uint8_t *b = level->rgb + 3 * ((from.y + v) * level->width + from.x + left);

		for (int u = left; u <= right; u++, a += 3, b += 3) {
			const int apart = (a[0] - b[0]) * (a[0] - b[0]) +
				(a[1] - b[1]) * (a[1] - b[1]) + (a[2] - b[2]) * (a[2] - b[2]);

			sum += level->sure[row + u] * apart;
			weights += level->sure[row + u];
		}
	}
	return sum / weights;
}

static void try(struct patches *level, int x, int y, int from_x, int from_y)
{
	const size_t i = (size_t)y * (size_t)level->width + (size_t)x;
	const struct spot from = {(int16_t)from_x, (int16_t)from_y};
	int cost;

	if (from_x < 0 || from_y < 0 || from_x >= level->width || from_y >= level->height ||
		!level->source[from_y * level->width + from_x]) {
		return;
	}
	cost = differ(level, x, y, from);
	if (cost < level->cost[i]) {
		level->cost[i] = cost;
		level->from[i] = from;
	}
}

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Tries what the neighbours found, and chance, ever nearer to what was found. */
static void search(struct patches *level, int round, uint32_t *random)
{
	const int step = round % 2 ? -1 : 1;
	const int w = level->width;
	const int count = w * level->height;

	for (int k = 0; k < count; k++) {
		const int i = step > 0 ? k : count - 1 - k;
		const int x = i % w;
		const int y = i / w;
		const int longer = w > level->height ? w : level->height;

		if (!level->target[i]) {
			continue;
		}
		if (x - step >= 0 && x - step < w && level->target[i - step]) {
			try(level, x, y, level->from[i - step].x + step, level->from[i - step].y);
		}
		if (y - step >= 0 && y - step < level->height && level->target[i - step * w]) {
			try(level, x, y, level->from[i - step * w].x,
				level->from[i - step * w].y + step);
		}
		for (int radius = longer; radius > 0; radius /= 2) {
			const struct spot found = level->from[i];
			const int across = (int)(next_random(random) % (2 * (uint32_t)radius + 1));
			const int down = (int)(next_random(random) % (2 * (uint32_t)radius + 1));

			try(level, x, y, found.x + across - radius, found.y + down - radius);
		}
	}
}

/* The costs of what is known, after colours have changed; where nothing is known, any source. */
static void weigh(struct patches *level, uint32_t *random)
{
	const int w = level->width;
	const int count = w * level->height;

	for (int i = 0; i < count; i++) {
		struct spot from = level->from[i];

		if (!level->target[i]) {
			continue;
		}
		while (from.x < 0 || from.y < 0 || from.x >= w || from.y >= level->height ||
			!level->source[from.y * w + from.x]) {
			from.x = (int16_t)(next_random(random) % (uint32_t)w);
			from.y = (int16_t)(next_random(random) % (uint32_t)level->height);
		}
		level->from[i] = from;
		level->cost[i] = differ(level, i % w, i / w, from);
	}
}

/* Each pixel of the hole becomes what the patches over it say, the better ones the louder. */
static void vote(struct patches *level)
{
	const int w = level->width;

	for (int i = 0; i < w * level->height; i++) {
		const int x = i % w;
		const int y = i / w;
		float sums[3] = {0};
		float weights = 0;

		for (int v = -REACH; level->hole[i] && v <= REACH; v++) {
			for (int u = -REACH; u <= REACH; u++) {
				const int k = i + v * w + u;

				if (x + u >= 0 && x + u < w && y + v >= 0 &&
					y + v < level->height && level->target[k]) {
					const struct spot from = level->from[k];
					const uint8_t *p =
						level->rgb + 3 * ((from.y - v) * w + from.x - u);
					const float weight =
						level->sure[k] / (float)(level->cost[k] + 30);

					weights += weight;
					for (int c = 0; c < 3; c++) {
						sums[c] += weight * p[c];
					}
				}
			}
		}
		for (int c = 0; weights > 0 && c < 3; c++) {
			level->rgb[3 * i + c] = (uint8_t)(sums[c] / weights + 0.5f);
		}
	}
}

void patches_solve(struct patches *level, uint32_t *random)
{
	for (int guess = 0; guess < GUESSES; guess++) {
		weigh(level, random);
		for (int round = 0; round < SEARCHES; round++) {
			search(level, round, random);
		}
		vote(level);
	}
}

void patches_refine(const struct patches *coarse, struct patches *level)
{
	for (int i = 0; i < level->width * level->height; i++) {
		const int x = i % level->width;
		const int y = i / level->width;
		const struct spot from = coarse->from[y / 2 * coarse->width + x / 2];

		level->from[i] =
			(struct spot){(int16_t)(2 * from.x + x % 2), (int16_t)(2 * from.y + y % 2)};
		level->cost[i] = 0;
	}
	for (int i = 0; i < level->width * level->height; i++) {
		const struct spot from = level->from[i];

		if (level->target[i] &&
			(from.x >= level->width || from.y >= level->height ||
				!level->source[from.y * level->width + from.x])) {
			level->from[i] = (struct spot){-1, -1};
			level->target[i] = 0;
		}
	}
	vote(level);
	(void)find_patches(level);
}
