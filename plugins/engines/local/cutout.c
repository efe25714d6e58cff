#include "cutout.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "foreground.h"
#include "gates.h"
#include "mask.h"
#include "white.h"

#define LEAST_SIDE 32  /* pixels; below nothing can be told */
#define FACE_SIDE 800  /* what the detector is given: its smallest face has 80 pixels */
#define FACE_ENLARGE 2 /* at the most */
#define EDGE_MARGIN 2  /* pixels of the working copy inside the mask that may be mixed */

static formy_status refuse_no_person(const struct job *job, struct gate_facts facts)
{
	char details[256];

	gate_explain(facts, details, sizeof(details));
	return job->host->fail(job->task, FORMY_E_INPUT, "INVALID_SOURCE_IMAGE",
		"No person was found in the source image", details);
}

static int look_for_face(
	const formy_image *image, struct vision *vision, struct err *err, bool *ret_found)
{
	const double longer = fmax(image->width, image->height);
	const double scale = fmin(FACE_ENLARGE, FACE_SIDE / longer);
	const int width = (int)fmax(1, image->width * scale);
	const int height = (int)fmax(1, image->height * scale);
	uint8_t *rgb = malloc(3 * (size_t)width * (size_t)height);
	struct vision_face face;
	int count = 0;
	int result = -ENOMEM;

	if (rgb) {
		result = scale_picture(image, region_whole(image), width, height, SCALE_RGB, rgb);
	}
	if (result == 0) {
		result = vision_faces(
			vision, rgb, width, height, gate_face_score(), 1, err, &face, &count);
	}
	free(rgb);
	*ret_found = count > 0;
	return result;
}

static struct gate_facts facts_of(const struct person *person)
{
	return (struct gate_facts){person->area, person->unsure, person->at_first, person->largest};
}

static formy_status check_person(
	const struct cutout *cutout, struct engine *engine, const struct job *job)
{
	const struct gate_facts facts = facts_of(&cutout->person);
	const enum gate gate = gate_person(facts);
	struct err err = {""};
	bool face = false;
	int result;

	if (gate == GATE_OPEN) {
		return FORMY_OK;
	}
	if (gate == GATE_FACE_DECIDES) {
		result = look_for_face(&cutout->source, engine->vision, &err, &face);
		if (result < 0) {
			return job_fail(job, result, err.text);
		}
	}
	return face ? FORMY_OK : refuse_no_person(job, facts);
}

static formy_status report(
	const struct cutout *cutout, const struct vision *vision, const struct job *job)
{
	const struct person *person = &cutout->person;
	const struct gate_facts facts = facts_of(person);
	char json[256];

	if (cutout->own_alpha) {
		return job->host->facts(job->task, "{\"tier\":\"alpha\",\"warnings\":[]}");
	}
	(void)snprintf(json, sizeof(json),
		"{\"tier\":\"network\",\"network\":\"%s\",\"person_area\":%.4f,\"unsure\":%.3f,"
		"\"warnings\":[%s]}",
		vision_get_network(vision)->name, person->area, person->unsure,
		gate_low_confidence(facts) ? "\"low_confidence\"" : "");
	return job->host->facts(job->task, json);
}

static int spread_colours(struct cutout *cutout)
{
	const struct person *person = &cutout->person;
	const size_t count = (size_t)person->width * (size_t)person->height;
	uint8_t *known = malloc(count);
	int result = -ENOMEM;

	cutout->spread = malloc(3 * count);
	if (known && cutout->spread) {
		result = mask_shrink(
			person->mask, person->width, person->height, EDGE_MARGIN, known);
	}
	if (result == 0) {
		result = foreground_spread(
			person->rgb, known, person->width, person->height, cutout->spread);
	}
	free(known);
	return result;
}

static formy_status make_from_person(
	struct cutout *cutout, struct engine *engine, const struct job *job)
{
	struct err err = {""};
	formy_status status;
	int result;

	job_progress(job, 25, "Finding the person");
	result = person_find(&cutout->person, &cutout->source, engine->vision, job, &err);
	if (result < 0) {
		return job_fail(job, result, err.text);
	}
	status = check_person(cutout, engine, job);
	if (status != FORMY_OK) {
		return status;
	}
	job_progress(job, 880, "Working out the soft edge");
	result = matte_from_person(&cutout->matte, &cutout->source, &cutout->person, job);
	if (result == 0) {
		result = spread_colours(cutout);
	}
	return result < 0 ? job_fail(job, result, "the matte could not be made") : FORMY_OK;
}

formy_status cutout_make(struct cutout *cutout, struct engine *engine, const struct job *job)
{
	formy_image *source = &cutout->source;
	formy_status status;
	char details[128];

	job_progress(job, 0, "Reading the picture");
	source->size = sizeof(*source);
	status = job->host->input(job->task, "source", source);
	if (status == FORMY_OK && cutout->on_white) {
		status = white_behind(job, source);
	}
	if (status != FORMY_OK) {
		return status;
	}
	if (source->width < LEAST_SIDE || source->height < LEAST_SIDE) {
		(void)snprintf(details, sizeof(details),
			"image_too_small: %u x %u pixels, at least %d are needed on each side",
			source->width, source->height, LEAST_SIDE);
		return job->host->fail(job->task, FORMY_E_INPUT, "IMAGE_SIZE_TOO_SMALL",
			"The source image is too small", details);
	}
	cutout->own_alpha = matte_in_alpha(source);
	if (cutout->own_alpha) {
		const int result = matte_from_alpha(&cutout->matte, source);

		status = result < 0 ? job_fail(job, result, "no memory for the matte") : FORMY_OK;
	} else {
		status = make_from_person(cutout, engine, job);
	}
	if (status == FORMY_OK) {
		job_progress(job, 1000, NULL);
		status = report(cutout, engine->vision, job);
	}
	return status;
}

void cutout_finish(struct cutout *cutout)
{
	person_finish(&cutout->person);
	matte_finish(&cutout->matte);
	free(cutout->spread);
	cutout->spread = NULL;
}
