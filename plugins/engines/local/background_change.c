#include "engine.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "compose.h"
#include "cutout.h"
#include "feather.h"
#include "shadow.h"
#include "white.h"

#define EDGE_BLUR_DEFAULT 2.0
#define EDGE_BLUR_MOST 10.0
#define EDGE_BLUR_HEIGHT 1024.0 /* the picture's height that edge_blur's pixels refer to */
#define LEAST_SIGMA 0.3         /* pixels; less is not seen */
#define CUTTING 800             /* of the work, up to the cut-out; measured at 12 megapixels */
#define FEATHERED 840
#define TONE_GRID 96 /* points each way at which tones are read */

struct wish {
	double edge_blur;
	double shadow;
	bool color_match;
};

static int read_wish(const char *params, struct wish *ret_wish, struct err *err)
{
	struct wish wish = {.edge_blur = EDGE_BLUR_DEFAULT, .color_match = true};
	struct json_object *json = NULL;
	int result = json_parse(params, strlen(params), LIMIT_TASK_DATA, err, &json);

	if (result < 0) {
		return result;
	}
	if (json_get_double(json, "edge_blur", &wish.edge_blur) == -EINVAL ||
		!(wish.edge_blur >= 0 && wish.edge_blur <= EDGE_BLUR_MOST)) {
		result = err_set(err, -EINVAL, "edge_blur must be a number from 0 to 10");
	} else if (json_get_double(json, "shadow", &wish.shadow) == -EINVAL ||
		!(wish.shadow >= 0 && wish.shadow <= 1)) {
		result = err_set(err, -EINVAL, "shadow must be a number from 0 to 1");
	} else if (json_get_bool(json, "color_match", &wish.color_match) == -EINVAL) {
		result = err_set(err, -EINVAL, "color_match must be true or false");
	} else {
		*ret_wish = wish;
	}
	json_object_put(json);
	return result;
}

/* Reads the tones of the person and of the part of the backdrop that is seen, on a grid. */
static int find_tone(
	const struct cutout *cutout, const formy_image *backdrop, struct lab_shift **ret_shift)
{
	const formy_image *source = &cutout->source;
	const struct region seen = region_cover(backdrop, (int)source->width, (int)source->height);
	const int count = TONE_GRID * TONE_GRID;
	uint8_t *room = malloc(7 * (size_t)count);
	uint8_t *person = room;
	uint8_t *behind = room ? room + 3 * (size_t)count : NULL;
	uint8_t *is_person = room ? room + 6 * (size_t)count : NULL;
	int result = -ENOMEM;

	for (int i = 0; room && i < count; i++) {
		const int column = i % TONE_GRID;
		const int line = i / TONE_GRID;
		const double u = (column + 0.5) / TONE_GRID;
		const double v = (line + 0.5) / TONE_GRID;
		const size_t x = (size_t)(u * source->width);
		const size_t y = (size_t)(v * source->height);

		pixel_as_rgb(source, x, y, person + 3 * (size_t)i);
		pixel_as_rgb(backdrop, (size_t)(seen.x + u * seen.width),
			(size_t)(seen.y + v * seen.height), behind + 3 * (size_t)i);
		is_person[i] = cutout->matte.alpha[y * source->width + x] > 230;
	}
	if (room) {
		result = lab_shift_create(compose_tone(lab_mean(person, is_person, count),
						  lab_mean(behind, NULL, count)),
			ret_shift);
	}
	free(room);
	return result;
}

static int make_output(const struct cutout *cutout, const formy_image *backdrop,
	const struct wish *wish, const struct job *job, uint8_t *pixels)
{
	const double sigma = wish->edge_blur * cutout->source.height / EDGE_BLUR_HEIGHT / 2;
	struct composition composition = {.source = &cutout->source,
		.matte = &cutout->matte,
		.edge = &cutout->matte,
		.spread = cutout->spread,
		.spread_width = cutout->person.width,
		.spread_height = cutout->person.height,
		.backdrop = backdrop};
	struct lab_shift *tone = NULL;
	struct shadow shadow = {0};
	struct matte edge = {0};
	int result = 0;

	if (sigma >= LEAST_SIGMA) {
		result = feather(&edge, &cutout->matte, sigma, job);
		composition.edge = &edge;
	}
	job_progress(job, FEATHERED, NULL);
	if (result == 0 && backdrop && wish->color_match) {
		result = find_tone(cutout, backdrop, &tone);
		composition.tone = tone;
	}
	if (result == 0 && backdrop && wish->shadow > 0) {
		result = shadow_make(&shadow, composition.edge, wish->shadow);
		composition.shadow = &shadow;
	}
	if (result == 0) {
		result = compose(&composition, job, FEATHERED, 1000, pixels);
	}
	lab_shift_destroy(tone);
	shadow_finish(&shadow);
	matte_finish(&edge);
	return result;
}

formy_status operation_background_change(struct engine *engine, const struct job *job)
{
	const formy_host *host = job->host;
	formy_image backdrop = {.size = sizeof(backdrop)};
	formy_image output = {.size = sizeof(output)};
	struct cutout cutout = {0};
	struct job cutting;
	struct wish wish = {0};
	struct err err = {""};
	formy_status status;
	uint8_t *pixels;
	bool clear;
	int result;

	if (read_wish(host->params(job->task), &wish, &err) < 0) {
		return host->fail(job->task, FORMY_E_PARAMS, "INVALID_CONFIG", err.text, NULL);
	}
	status = host->input(job->task, "background", &backdrop);
	clear = status == FORMY_E_MISSING;
	if (status != FORMY_OK && !clear) {
		return status;
	}
	cutting = job_part(job, 0, CUTTING, NULL);
	status = cutout_make(&cutout, engine, &cutting);
	if (status == FORMY_OK && !clear) {
		status = white_behind(job, &backdrop);
	}
	if (status != FORMY_OK) {
		goto out;
	}
	job_progress(
		job, CUTTING, clear ? "Removing the background" : "Putting in the new background");
	output.format = clear ? FORMY_RGBA8 : FORMY_RGB8;
	output.width = cutout.source.width;
	output.height = cutout.source.height;
	output.stride = (uint64_t)output.width * output.format;
	pixels = host->alloc(job->task, output.stride * output.height);
	if (!pixels) {
		status = job_fail(job, -ENOMEM, "no memory for the result");
		goto out;
	}
	output.pixels = pixels;
	result = make_output(&cutout, clear ? NULL : &backdrop, &wish, job, pixels);
	status = result < 0 ? job_fail(job, result, "the result could not be put together")
			    : host->result(job->task, "output", &output);
out:
	cutout_finish(&cutout);
	return status;
}
