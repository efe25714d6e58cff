#include "mask.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define NEAR 32   /* radius up to which counting is quicker than measuring */
#define FAR 46340 /* its square is still an int32_t; no picture here is as long */

/* Distances within each column first; then each row is the lower envelope of the parabolas that
 * stand on them (the method of Meijster, Roerdink and Hesselink). */
static void column_distances(
	const uint8_t *mask, int width, int height, uint8_t of, int32_t *distances)
{
	for (int x = 0; x < width; x++) {
		int32_t run = FAR;

		for (int y = 0; y < height; y++) {
			const size_t i = (size_t)y * (size_t)width + (size_t)x;

			run = mask[i] == of ? 0 : run < FAR ? run + 1 : FAR;
			distances[i] = run;
		}
		run = FAR;
		for (int y = height - 1; y >= 0; y--) {
			const size_t i = (size_t)y * (size_t)width + (size_t)x;

			run = distances[i] == 0 ? 0 : run < FAR ? run + 1 : FAR;
			distances[i] = run < distances[i] ? run : distances[i];
		}
	}
}

static int64_t parabola(const int32_t *g, int x, int at)
{
	return (int64_t)(x - at) * (x - at) + (int64_t)g[at] * g[at];
}

/* Where the parabola of `right` begins to lie below that of `left`. */
static int64_t crossing(const int32_t *g, int left, int right)
{
	const int64_t above = (int64_t)right * right - (int64_t)left * left +
		(int64_t)g[right] * g[right] - (int64_t)g[left] * g[left];
	const int64_t twice = 2 * (int64_t)(right - left);

	return above >= 0 ? above / twice : -((-above + twice - 1) / twice);
}

static void row_distances(int32_t *row, int width, int32_t *g, int *at, int *from)
{
	int top = 0;

	memcpy(g, row, (size_t)width * sizeof(*g));
	at[0] = 0;
	from[0] = 0;
	for (int x = 1; x < width; x++) {
		while (top >= 0 && parabola(g, from[top], at[top]) > parabola(g, from[top], x)) {
			top--;
		}
		if (top < 0) {
			top = 0;
			at[0] = x;
			from[0] = 0;
		} else {
			const int64_t start = 1 + crossing(g, at[top], x);

			if (start < width) {
				top++;
				at[top] = x;
				from[top] = (int)start;
			}
		}
	}
	for (int x = width - 1; x >= 0; x--) {
		const int64_t square = parabola(g, x, at[top]);

		row[x] = square >= (int64_t)FAR * FAR ? INT32_MAX : (int32_t)square;
		if (x == from[top]) {
			top--;
		}
	}
}

int mask_distance(const uint8_t *mask, int width, int height, uint8_t of, int32_t *ret_squares)
{
	int32_t *room = malloc(3 * (size_t)width * sizeof(*room));

	if (!room) {
		return -ENOMEM;
	}
	column_distances(mask, width, height, of, ret_squares);
	for (int y = 0; y < height; y++) {
		row_distances(ret_squares + (size_t)y * (size_t)width, width, room, room + width,
			room + 2 * (size_t)width);
	}
	free(room);
	return 0;
}

/* How far each pixel of a row is from the nearest above that is `of`, or below when upwards: one
 * more than in the row before. 255 is far. */
static void step_rows(
	const uint8_t *mask, int width, uint8_t of, const uint8_t *before, uint8_t *row)
{
	for (int x = 0; x < width; x++) {
		const uint8_t most = before && before[x] < 255 ? (uint8_t)(before[x] + 1) : 255;
		const uint8_t here = mask[x] == of ? 0 : most;

		row[x] = here < row[x] ? here : row[x];
	}
}

/* For small radii: a pixel is near when some column beside it is near enough for its distance. All
 * loops are over bytes that lie side by side. */
static int change_near(
	const uint8_t *mask, int width, int height, int radius, uint8_t of, uint8_t *ret_mask)
{
	const size_t w = (size_t)width;
	uint8_t *block = malloc(w * (size_t)height + w + 2 * (size_t)radius);
	uint8_t *down = block;
	uint8_t *row = block ? block + w * (size_t)height : NULL;

	if (!block) {
		return -ENOMEM;
	}
	memset(block, 255, w * (size_t)height + w + 2 * (size_t)radius);
	for (int y = 0; y < height; y++) {
		const size_t at = (size_t)y * w;

		step_rows(mask + at, width, of, y > 0 ? down + at - w : NULL, down + at);
	}
	for (int y = height - 2; y >= 0; y--) {
		const size_t at = (size_t)y * w;

		step_rows(mask + at, width, of, down + at + w, down + at);
	}
	for (int y = 0; y < height; y++) {
		uint8_t *restrict to = ret_mask + (size_t)y * w;

		memcpy(row + radius, down + (size_t)y * w, w);
		memset(to, !of, w);
		for (int dx = -radius; dx <= radius; dx++) {
			const uint8_t *restrict from = row + radius + dx;
			const uint8_t most = (uint8_t)sqrt((double)(radius * radius - dx * dx));

			for (int x = 0; x < width; x++) {
				to[x] = from[x] <= most ? of : to[x];
			}
		}
	}
	free(block);
	return 0;
}

static int change_far(
	const uint8_t *mask, int width, int height, int radius, uint8_t of, uint8_t *ret_mask)
{
	const size_t count = (size_t)width * (size_t)height;
	int32_t *squares = calloc(count, sizeof(*squares));
	int result = -ENOMEM;

	if (squares) {
		result = mask_distance(mask, width, height, of, squares);
	}
	for (size_t i = 0; result == 0 && i < count; i++) {
		ret_mask[i] = squares[i] <= radius * radius ? of : !of;
	}
	free(squares);
	return result;
}

static int change(
	const uint8_t *mask, int width, int height, int radius, uint8_t of, uint8_t *ret_mask)
{
	return radius <= NEAR ? change_near(mask, width, height, radius, of, ret_mask)
			      : change_far(mask, width, height, radius, of, ret_mask);
}

int mask_grow(const uint8_t *mask, int width, int height, int radius, uint8_t *ret_mask)
{
	return change(mask, width, height, radius, 1, ret_mask);
}

int mask_shrink(const uint8_t *mask, int width, int height, int radius, uint8_t *ret_mask)
{
	return change(mask, width, height, radius, 0, ret_mask);
}

/* The connected parts of the pixels that are `of`. */
struct parts {
	int32_t *labels; /* a pixel's part, from 1; 0: none */
	int32_t *areas;  /* by part; [0] unused */
	bool *at_edge;   /* by part: touches the picture's edge */
	int count;
};

static void parts_finish(struct parts *parts)
{
	free(parts->labels);
	free(parts->areas);
	free(parts->at_edge);
}

static int parts_flood(struct parts *parts, const uint8_t *mask, int width, int height, uint8_t of,
	int32_t start, int32_t *stack)
{
	const int32_t label = parts->count + 1;
	int depth = 0;
	int area = 0;
	bool at_edge = false;

	stack[depth++] = start;
	parts->labels[start] = label;
	while (depth > 0) {
		const int32_t i = stack[--depth];
		const int x = i % width;
		const int y = i / width;
		const int32_t near[4] = {x > 0 ? i - 1 : -1, x < width - 1 ? i + 1 : -1,
			y > 0 ? i - width : -1, y < height - 1 ? i + width : -1};

		area++;
		for (int k = 0; k < 4; k++) {
			if (near[k] < 0) {
				at_edge = true;
			} else if (mask[near[k]] == of && !parts->labels[near[k]]) {
				parts->labels[near[k]] = label;
				stack[depth++] = near[k];
			}
		}
	}
	parts->at_edge[label] = at_edge;
	parts->areas[label] = area;
	parts->count = label;
	return area;
}

static int parts_find(struct parts *parts, const uint8_t *mask, int width, int height, uint8_t of,
	int *ret_largest)
{
	const int32_t count = width * height;
	int32_t *stack = malloc((size_t)count * sizeof(*stack));
	int result = -ENOMEM;

	parts->labels = calloc((size_t)count, sizeof(*parts->labels));
	parts->areas = calloc((size_t)count + 1, sizeof(*parts->areas));
	parts->at_edge = calloc((size_t)count + 1, sizeof(*parts->at_edge));
	if (!stack || !parts->labels || !parts->areas || !parts->at_edge) {
		goto out;
	}
	*ret_largest = 0;
	for (int32_t i = 0; i < count; i++) {
		if (mask[i] == of && !parts->labels[i]) {
			const int area = parts_flood(parts, mask, width, height, of, i, stack);

			*ret_largest = area > *ret_largest ? area : *ret_largest;
		}
	}
	result = 0;
out:
	free(stack);
	return result;
}

int mask_drop_small(uint8_t *mask, int width, int height, double share, double *ret_largest)
{
	struct parts parts = {0};
	const int all = mask_count(mask, width, height);
	int largest = 0;
	const int result = parts_find(&parts, mask, width, height, 1, &largest);

	for (int i = 0; result == 0 && i < width * height; i++) {
		mask[i] = mask[i] && parts.areas[parts.labels[i]] >= share * largest;
	}
	if (result == 0 && ret_largest) {
		*ret_largest = all > 0 ? (double)largest / all : 0;
	}
	parts_finish(&parts);
	return result;
}

int mask_fill_holes(uint8_t *mask, int width, int height, int most)
{
	struct parts parts = {0};
	int largest = 0;
	const int result = parts_find(&parts, mask, width, height, 0, &largest);

	for (int i = 0; result == 0 && i < width * height; i++) {
		const int32_t label = parts.labels[i];

		if (label && !parts.at_edge[label] && parts.areas[label] <= most) {
			mask[i] = 1;
		}
	}
	parts_finish(&parts);
	return result;
}

int mask_count(const uint8_t *mask, int width, int height)
{
	int count = 0;

	for (int i = 0; i < width * height; i++) {
		count += mask[i];
	}
	return count;
}

struct mask_box mask_bounds(const uint8_t *mask, int width, int height)
{
	struct mask_box box = {.left = width, .top = height};

	for (int y = 0; y < height; y++) {
		for (int x = 0; x < width; x++) {
			if (mask[y * width + x]) {
				box.left = x < box.left ? x : box.left;
				box.right = x >= box.right ? x + 1 : box.right;
				box.top = y < box.top ? y : box.top;
				box.bottom = y + 1;
			}
		}
	}
	return box.right > 0 ? box : (struct mask_box){0};
}
