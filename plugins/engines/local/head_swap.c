#include "engine.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "plane.h"
#include "swap.h"

#define LEAST_JAW_SOURCE 60 /* pixels */
#define LEAST_JAW_REFERENCE 40
#define MOST_ENLARGED 3.0
#define MISFIT_WARN 0.06 /* of a jaw's width; like heads have 0.03 */
#define MISFIT_MOST 0.08
#define TURN_MOST 0.35
#define COVERED_LEAST 0.8
#define BESIDE_MOST 0.005
#define CUT_MOST 0.30      /* of a jaw's width */
#define LONG_CUT_WARN 0.15 /* of a jaw's width: a bob, where there was long hair */
#define LONG_CUT_MOST 0.55
#define LONG_HAIR 1.4 /* heights of the face below the chin; the old head's: */
#define LONG_HAIR_OLD 0.9

struct wish {
	int side; /* of the working copy, at most */
	bool preserve_details;
	double blend_strength;
};

struct pictures {
	formy_image source;
	formy_image reference;
	struct face head;
	struct face body;
	struct align align; /* from the source to the reference */
};

static int read_wish(const char *params, struct wish *ret_wish, struct err *err)
{
	static const struct {
		const char *name;
		int side;
	} qualities[] = {{"low", 480}, {"medium", 800}, {"high", 1280}};
	struct wish wish = {.preserve_details = true, .blend_strength = 0.8};
	const char *quality = "high";
	struct json_object *json = NULL;
	int result = json_parse(params, strlen(params), LIMIT_TASK_DATA, err, &json);

	if (result < 0) {
		return result;
	}
	if (json_get_string(json, "quality", &quality) != -EINVAL) {
		for (size_t i = 0; i < sizeof(qualities) / sizeof(qualities[0]); i++) {
			if (strcmp(quality, qualities[i].name) == 0) {
				wish.side = qualities[i].side;
			}
		}
	}
	if (wish.side == 0) {
		result = err_set(err, -EINVAL, "quality must be low, medium or high");
	} else if (json_get_bool(json, "preserve_details", &wish.preserve_details) == -EINVAL) {
		result = err_set(err, -EINVAL, "preserve_details must be true or false");
	} else if (json_get_double(json, "blend_strength", &wish.blend_strength) == -EINVAL ||
		!(wish.blend_strength >= 0 && wish.blend_strength <= 1)) {
		result = err_set(err, -EINVAL, "blend_strength must be a number from 0 to 1");
	} else {
		*ret_wish = wish;
	}
	json_object_put(json);
	return result;
}

static formy_status refuse(
	const struct job *job, const char *code, const char *message, const char *details)
{
	return job->host->fail(job->task, FORMY_E_INPUT, code, message, details);
}

/* Whether one head can stand for the other. */
static formy_status check_heads(const struct pictures *pictures, const struct job *job)
{
	const double turn =
		fabs(face_turn(pictures->head.points) - face_turn(pictures->body.points));
	const double scale = align_scale(&pictures->align);
	char details[200];

	if (scale > MOST_ENLARGED) {
		(void)snprintf(details, sizeof(details),
			"face_too_small: the head must grow %.1f times, at most %.1f is allowed",
			scale, MOST_ENLARGED);
		return refuse(job, "IMAGE_SIZE_TOO_SMALL",
			"The face in the source image is too small for the reference image",
			details);
	}
	if (pictures->align.misfit > MISFIT_MOST || turn > TURN_MOST) {
		(void)snprintf(details, sizeof(details),
			"heads_differ: the points of the faces lie %.3f of a jaw's width apart, at "
			"most %.2f; the heads are turned by %.2f, at most %.2f",
			pictures->align.misfit, MISFIT_MOST, turn, TURN_MOST);
		return refuse(job, "INVALID_REFERENCE_IMAGE",
			"The two heads look in directions that differ too much", details);
	}
	return FORMY_OK;
}

static formy_status find_faces(
	struct pictures *pictures, struct engine *engine, const struct job *job)
{
	struct err err = {""};
	formy_status status;

	if (engine_load_points(engine, &err) < 0) {
		return job->host->fail(job->task, FORMY_E_ENGINE, "ENGINE_NOT_AVAILABLE",
			"The local engine cannot work with faces", err.text);
	}
	job_progress(job, 20, "Finding the face of the new head");
	status = face_find(&pictures->head, &pictures->source, "source", LEAST_JAW_SOURCE,
		engine->vision, job);
	if (status != FORMY_OK || job_stopped(job)) {
		return status != FORMY_OK ? status : FORMY_E_CANCELLED;
	}
	job_progress(job, 60, "Finding the face of the garment photo");
	status = face_find(&pictures->body, &pictures->reference, "reference", LEAST_JAW_REFERENCE,
		engine->vision, job);
	if (status != FORMY_OK) {
		return status;
	}
	pictures->align = align_faces(pictures->head.points, pictures->body.points);
	return check_heads(pictures, job);
}

static formy_status report(
	const struct pictures *pictures, const struct head *head, const struct job *job)
{
	const bool low = pictures->align.misfit > MISFIT_WARN;
	bool cut = head->hair_cut > LONG_CUT_WARN;
	char json[256];

	for (int x = 0; x < head->width; x++) {
		cut = cut || (head->crop.y < 1 && head->hair_and_face[x] > 127);
	}
	(void)snprintf(json, sizeof(json),
		"{\"face_score\":%.2f,\"reference_face_score\":%.2f,\"fit\":%.3f,\"scale\":%.2f,"
		"\"rotation\":%.1f,\"warnings\":[%s%s%s]}",
		pictures->head.score, pictures->body.score, pictures->align.misfit,
		align_scale(&pictures->align), align_degrees(&pictures->align),
		low ? "\"heads_differ\"" : "", low && cut ? "," : "", cut ? "\"hair_cut\"" : "");
	return job->host->facts(job->task, json);
}

/* A row of the picture with what changed in it; all else stays as it is, to the byte. */
static void write_row(const struct swap *swap, const uint8_t *changed, int y, struct scaler *scaler,
	uint8_t *room, uint8_t *pixels, uint64_t stride)
{
	const struct head *body = swap->body;
	const int width = (int)body->crop.width;
	uint8_t *to =
		pixels + (uint64_t)((int)body->crop.y + y) * stride + 3 * (uint64_t)body->crop.x;
	const double v = (y + 0.5) * body->height / body->crop.height - 0.5;

	scaler_row(scaler, room);
	for (int x = 0; x < width; x++) {
		const double u = (x + 0.5) * body->width / body->crop.width - 0.5;
		const float share = plane_at(changed, body->width, body->height,
					    fmin(fmax(u, 0), body->width - 1),
					    fmin(fmax(v, 0), body->height - 1)) /
			255;

		if (share > 0) {
			swap_mix(to + 3 * (size_t)x,
				(float[]){room[3 * x], room[3 * x + 1], room[3 * x + 2]}, share);
		}
	}
}

static int write_back(
	const struct swap *swap, const struct job *job, uint8_t *pixels, uint64_t stride)
{
	const struct head *body = swap->body;
	const size_t count = (size_t)body->width * (size_t)body->height;
	const int height = (int)body->crop.height;
	const formy_image image = {.size = sizeof(image),
		.format = FORMY_RGB8,
		.width = (uint32_t)body->width,
		.height = (uint32_t)body->height,
		.stride = 3 * (uint64_t)body->width,
		.pixels = swap->out};
	uint8_t *changed = calloc(count, 1);
	uint8_t *room = malloc(3 * (size_t)body->crop.width);
	struct scaler *scaler = NULL;
	int result = -ENOMEM;

	if (changed && room && swap->out) {
		for (size_t i = 0; i < count; i++) {
			changed[i] = memcmp(swap->out + 3 * i, body->rgb + 3 * i, 3) ? 255 : 0;
		}
		result = scaler_create(&image, region_whole(&image), (int)body->crop.width, height,
			SCALE_RGB, &scaler);
	}
	for (int y = 0; result == 0 && y < height; y++) {
		write_row(swap, changed, y, scaler, room, pixels, stride);
		if (y % 64 == 0 && job_stopped(job)) {
			result = -ECANCELED;
		}
	}
	scaler_destroy(scaler);
	free(changed);
	free(room);
	return result;
}

static int do_steps(struct swap *swap, const struct job *job)
{
	static int (*const steps[])(struct swap *) = {swap_tone, swap_clear, swap_join};
	static const char *const words[] = {"Matching the tone of the skin",
		"Taking the old head away", "Joining head and body"};
	static const int marks[] = {720, 770, 850};
	int result = 0;

	for (int i = 0; result == 0 && i < 3; i++) {
		job_progress(job, marks[i], words[i]);
		result = job_stopped(job) ? -ECANCELED : steps[i](swap);
	}
	job_progress(job, 970, "Writing the picture");
	return result;
}

static formy_status make_output(
	const struct swap *swap, const struct pictures *pictures, const struct job *job)
{
	const formy_image *reference = &pictures->reference;
	const uint64_t stride = 3 * (uint64_t)reference->width;
	uint8_t *pixels = job->host->alloc(job->task, stride * reference->height);
	const formy_image output = {.size = sizeof(output),
		.format = FORMY_RGB8,
		.width = reference->width,
		.height = reference->height,
		.stride = stride,
		.pixels = pixels};
	int result;

	if (!pixels) {
		return job_fail(job, -ENOMEM, "no memory for the result");
	}
	for (uint32_t y = 0; y < reference->height; y++) {
		uint8_t *to = pixels + y * stride;
		const uint8_t *row = row_as_rgb(reference, (int)y, to);

		if (row != to) {
			memcpy(to, row, (size_t)stride);
		}
	}
	result = write_back(swap, job, pixels, stride);
	return result < 0 ? job_fail(job, result, "the result could not be put together")
			  : job->host->result(job->task, "output", &output);
}

static formy_status check_head(
	const struct head *head, const char *role, const char *code, const struct job *job)
{
	const double covered = head_covered(head);
	const double beside = head_beside(head);
	char message[160];
	char details[160];

	if (covered < COVERED_LEAST) {
		(void)snprintf(message, sizeof(message),
			"In the %s image the head cannot be told from what is behind it", role);
		(void)snprintf(details, sizeof(details),
			"no_person: %.2f of the face's points lie in the person's matte, at least "
			"%.2f must",
			covered, COVERED_LEAST);
		return refuse(job, code, message, details);
	}
	if (beside <= BESIDE_MOST) {
		return FORMY_OK;
	}
	(void)snprintf(message, sizeof(message),
		"In the %s image something besides hair touches the head, such as a hand", role);
	(void)snprintf(details, sizeof(details),
		"head_touched: %.3f of the head lies too far beside the face, at most %.3f may",
		beside, BESIDE_MOST);
	return refuse(job, code, message, details);
}

static formy_status refuse_hair(double cut, const struct job *job)
{
	char details[160];

	(void)snprintf(details, sizeof(details),
		"old_hair: %.2f of a jaw's width of hair would be cut off on the clothes, at most "
		"%.2f is allowed",
		cut, CUT_MOST);
	return refuse(job, "INVALID_REFERENCE_IMAGE",
		"In the reference image hair lies on the clothes and cannot be taken away",
		details);
}

static formy_status refuse_long_hair(double cut, const struct job *job)
{
	char details[160];

	(void)snprintf(details, sizeof(details),
		"long_hair: %.2f of a jaw's width of hair would end in the air, at most %.2f is "
		"allowed",
		cut, LONG_CUT_MOST);
	return refuse(job, "INVALID_SOURCE_IMAGE",
		"In the source image long hair lies on the clothes and would be cut off", details);
}

static formy_status swap_heads(const struct pictures *pictures, const struct wish *wish,
	struct engine *engine, const struct job *job)
{
	const struct region region = head_region(&pictures->reference, &pictures->body);
	const double scale = fmin(1, wish->side / fmax(region.width, region.height));
	const struct job old = job_part(job, 110, 430, "Cutting out the old head");
	const struct job fresh = job_part(job, 430, 720, "Cutting out the new head");
	struct head head = {0};
	struct head body = {0};
	struct swap swap = {.head = &head,
		.body = &body,
		.strength = wish->blend_strength,
		.sharp = wish->preserve_details};
	struct err err = {""};
	formy_status status = FORMY_OK;
	int result;

	job_progress(job, 110, old.words);
	result = head_open(&body, &pictures->reference, &pictures->body, scale, LONG_HAIR_OLD,
		engine->vision, &old, &err);
	if (result == 0) {
		job_progress(job, 430, fresh.words);
		result = head_open(&head, &pictures->source, &pictures->head,
			scale * align_scale(&pictures->align), LONG_HAIR, engine->vision, &fresh,
			&err);
	}
	if (result == 0) {
		status = check_head(&head, "source", "INVALID_SOURCE_IMAGE", job);
	}
	if (result == 0 && status == FORMY_OK) {
		status = check_head(&body, "reference", "INVALID_REFERENCE_IMAGE", job);
	}
	if (result == 0 && status == FORMY_OK && head.hair_cut > LONG_CUT_MOST) {
		status = refuse_long_hair(head.hair_cut, job);
	}
	if (status != FORMY_OK) {
		goto out;
	}
	if (result == 0) {
		head_taper(&head);
		swap.place = align_faces(head.points, body.points);
		result = do_steps(&swap, job);
	}
	if (result < 0) {
		status = job_fail(
			job, result, err.text[0] ? err.text : "the heads could not be swapped");
	} else if (swap.cut > CUT_MOST) {
		status = refuse_hair(swap.cut, job);
	} else {
		status = make_output(&swap, pictures, job);
	}
	if (status == FORMY_OK) {
		status = report(pictures, &head, job);
		job_progress(job, 1000, NULL);
	}
out:
	swap_finish(&swap);
	head_finish(&head);
	head_finish(&body);
	return status;
}

formy_status operation_head_swap(struct engine *engine, const struct job *job)
{
	const formy_host *host = job->host;
	struct pictures pictures = {.source = {.size = sizeof(formy_image)},
		.reference = {.size = sizeof(formy_image)}};
	struct wish wish = {0};
	struct err err = {""};
	formy_status status;

	if (read_wish(host->params(job->task), &wish, &err) < 0) {
		return host->fail(job->task, FORMY_E_PARAMS, "INVALID_CONFIG", err.text, NULL);
	}
	job_progress(job, 0, "Reading the pictures");
	status = host->input(job->task, "source", &pictures.source);
	if (status == FORMY_OK) {
		status = host->input(job->task, "reference", &pictures.reference);
	}
	if (status == FORMY_OK) {
		status = find_faces(&pictures, engine, job);
	}
	return status == FORMY_OK ? swap_heads(&pictures, &wish, engine, job) : status;
}
