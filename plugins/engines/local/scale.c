#include "scale.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* What one row or column of the result takes: weights of neighbouring ones of the picture. */
struct tap {
	int first;
	int count;
	const float *weights;
};

struct axis {
	struct tap *taps;
	float *weights;
};

struct scaler {
	const formy_image *image;
	int width;
	int height;
	int channels;
	int next;
	int left;       /* the columns that are needed: from here */
	int span;       /* so many */
	bool unchanged; /* a plain copy */
	struct axis across;
	struct axis down;
	float *sums;   /* span pixels */
	uint8_t *room; /* a row converted */
};

struct region region_whole(const formy_image *image)
{
	return (struct region){.width = image->width, .height = image->height};
}

struct region region_cover(const formy_image *image, int width, int height)
{
	const double scale = fmin((double)image->width / width, (double)image->height / height);
	const double w = scale * width;
	const double h = scale * height;

	return (struct region){(image->width - w) / 2, (image->height - h) / 2, w, h};
}

static int clamp_index(int i, int size)
{
	return i < 0 ? 0 : i >= size ? size - 1 : i;
}

/* Weights of one result pixel that covers [from, to) of the picture's axis. */
static int tap_area(double from, double to, int size, float *weights, int *ret_first)
{
	const int first = clamp_index((int)floor(from), size);
	const int last = clamp_index((int)ceil(to) - 1, size);
	double sum = 0;

	for (int i = first; i <= last; i++) {
		const double covered = fmin(i + 1, to) - fmax(i, from);

		weights[i - first] = (float)fmax(covered, 1e-6);
		sum += weights[i - first];
	}
	for (int i = first; i <= last; i++) {
		weights[i - first] = (float)(weights[i - first] / sum);
	}
	*ret_first = first;
	return last - first + 1;
}

static int tap_line(double centre, int size, float *weights, int *ret_first)
{
	const double at = fmin(fmax(centre - 0.5, 0), size - 1);
	const int first = (int)floor(at);

	weights[0] = (float)(1 - (at - first));
	weights[1] = (float)(at - first);
	*ret_first = first;
	return weights[1] > 0 ? 2 : 1;
}

static int axis_init(struct axis *axis, double origin, double extent, int size, int count)
{
	const double scale = extent / count;
	const size_t most = (size_t)ceil(scale) + 2;
	float *weights;

	axis->taps = calloc((size_t)count, sizeof(*axis->taps));
	axis->weights = malloc((size_t)count * most * sizeof(*axis->weights));
	if (!axis->taps || !axis->weights) {
		return -ENOMEM;
	}
	weights = axis->weights;
	for (int i = 0; i < count; i++) {
		struct tap *tap = &axis->taps[i];
		const double from = origin + i * scale;

		tap->weights = weights;
		tap->count = scale > 1 ? tap_area(from, from + scale, size, weights, &tap->first)
				       : tap_line(from + scale / 2, size, weights, &tap->first);
		weights += tap->count;
	}
	return 0;
}

int scaler_create(const formy_image *image, struct region region, int width, int height,
	enum scale_what what, struct scaler **ret_scaler)
{
	struct scaler *scaler;
	const struct tap *last;
	int result = -ENOMEM;

	if (width < 1 || height < 1) {
		return -EINVAL;
	}
	scaler = calloc(1, sizeof(*scaler));
	if (!scaler) {
		return -ENOMEM;
	}
	scaler->image = image;
	scaler->width = width;
	scaler->height = height;
	scaler->channels = what;
	if (axis_init(&scaler->across, region.x, region.width, (int)image->width, width) ||
		axis_init(&scaler->down, region.y, region.height, (int)image->height, height)) {
		goto out;
	}
	last = &scaler->across.taps[width - 1];
	scaler->left = scaler->across.taps[0].first;
	scaler->span = last->first + last->count - scaler->left;
	scaler->unchanged = what == SCALE_RGB && region.x == 0 && region.y == 0 &&
		region.width == width && region.height == height &&
		image->width == (uint32_t)width && image->height == (uint32_t)height;
	scaler->sums = calloc((size_t)scaler->span * (size_t)what, sizeof(*scaler->sums));
	scaler->room = calloc(image->width, 3);
	if (!scaler->sums || !scaler->room) {
		goto out;
	}
	*ret_scaler = scaler;
	scaler = NULL;
	result = 0;
out:
	scaler_destroy(scaler);
	return result;
}

void scaler_destroy(struct scaler *scaler)
{
	if (!scaler) {
		return;
	}
	free(scaler->across.taps);
	free(scaler->across.weights);
	free(scaler->down.taps);
	free(scaler->down.weights);
	free(scaler->sums);
	free(scaler->room);
	free(scaler);
}

static const uint8_t *image_row(const formy_image *image, int y)
{
	return image->pixels + (size_t)y * image->stride;
}

/* A part of a row as 3 colours a pixel. */
static const uint8_t *part_as_rgb(
	const formy_image *image, int y, int left, int span, uint8_t *room)
{
	const uint8_t *from = image_row(image, y) + (size_t)left * image->format;

	if (image->format == FORMY_RGB8) {
		return from;
	}
	for (int x = 0; x < span; x++, from += image->format) {
		const bool grey = image->format == FORMY_GREY8;

		room[3 * x] = from[0];
		room[3 * x + 1] = from[grey ? 0 : 1];
		room[3 * x + 2] = from[grey ? 0 : 2];
	}
	return room;
}

const uint8_t *row_as_rgb(const formy_image *image, int y, uint8_t *room)
{
	return part_as_rgb(image, y, 0, (int)image->width, room);
}

void pixel_as_rgb(const formy_image *image, size_t x, size_t y, uint8_t ret_rgb[3])
{
	const uint8_t *at = image_row(image, (int)y) + x * image->format;
	const bool grey = image->format == FORMY_GREY8;

	ret_rgb[0] = at[0];
	ret_rgb[1] = at[grey ? 0 : 1];
	ret_rgb[2] = at[grey ? 0 : 2];
}

static const uint8_t *part_as_alpha(
	const formy_image *image, int y, int left, int span, uint8_t *room)
{
	const uint8_t *from = image_row(image, y) + (size_t)left * 4 + 3;

	for (int x = 0; x < span; x++) {
		room[x] = from[4 * x];
	}
	return room;
}

/* The rows that one result row takes, added up by their weights. */
static void add_rows(struct scaler *scaler, const struct tap *tap)
{
	const int count = scaler->span * scaler->channels;
	float *restrict sums = scaler->sums;

	memset(sums, 0, (size_t)count * sizeof(*sums));
	for (int k = 0; k < tap->count; k++) {
		const float weight = tap->weights[k];
		const uint8_t *restrict row = scaler->channels == SCALE_RGB
			? part_as_rgb(scaler->image, tap->first + k, scaler->left, scaler->span,
				  scaler->room)
			: part_as_alpha(scaler->image, tap->first + k, scaler->left, scaler->span,
				  scaler->room);

		for (int i = 0; i < count; i++) {
			sums[i] += weight * (float)row[i];
		}
	}
}

void scaler_row(struct scaler *scaler, uint8_t *ret_row)
{
	const int channels = scaler->channels;
	const int y = scaler->next;

	if (scaler->next < scaler->height - 1) {
		scaler->next++;
	}
	if (scaler->unchanged) {
		const uint8_t *row = row_as_rgb(scaler->image, y, scaler->room);

		memcpy(ret_row, row, (size_t)scaler->width * 3);
		return;
	}
	add_rows(scaler, &scaler->down.taps[y]);
	for (int x = 0; x < scaler->width; x++) {
		const struct tap *tap = &scaler->across.taps[x];
		const float *at =
			scaler->sums + (size_t)(tap->first - scaler->left) * (size_t)channels;

		for (int c = 0; c < channels; c++) {
			float sum = 0.5f;

			for (int k = 0; k < tap->count; k++) {
				sum += tap->weights[k] * at[k * channels + c];
			}
			*ret_row++ = (uint8_t)(sum > 255 ? 255 : sum);
		}
	}
}

int scale_picture(const formy_image *image, struct region region, int width, int height,
	enum scale_what what, uint8_t *ret_pixels)
{
	struct scaler *scaler = NULL;
	const int result = scaler_create(image, region, width, height, what, &scaler);

	for (int y = 0; result == 0 && y < height; y++) {
		scaler_row(scaler, ret_pixels + (size_t)y * (size_t)width * (size_t)what);
	}
	scaler_destroy(scaler);
	return result;
}
