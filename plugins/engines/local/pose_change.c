#include "engine.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "cutout.h"
#include "pose_layers.h"
#include "pose_parts.h"
#include "pose_target.h"
#include "pose_width.h"
#include "white.h"

#define SMOOTHNESS_DEFAULT 0.7
#define SOFT_LEAST 0.5 /* pixels of the working copy over which parts fade */
#define SOFT_MORE 0.9
#define BEND_LEAST 0.3 /* torso lengths over which a lean sets in */
#define BEND_MORE 0.5
#define BEND_LOOSE 1.6  /* the same where the face may be deformed: up to the top of the head */
#define ROOM_AROUND 0.2 /* of the points' box, that the second look at a reference takes in */
#define LEAST_FOR_SECOND 0.15

struct wish {
	char preset[32]; /* empty: none */
	bool has_source;
	bool has_target;
	struct pose source;
	struct pose target;
	bool preserve_face;
	double smoothness;
};

/* Everything about one request. */
struct change {
	struct wish wish;
	struct cutout cutout;
	struct pose source;
	struct pose_target target;
	struct pose_parts parts;
	uint8_t *matte; /* over the person's working copy */
};

static int read_keypoints(struct json_object *json, const char *member, struct err *err,
	struct pose *ret_pose, bool *ret_has)
{
	struct json_object *points = json_member(json, member);

	*ret_has = points != NULL;
	return points ? pose_read(points, member, err, ret_pose) : 0;
}

static int read_wish(const char *params, struct wish *ret_wish, struct err *err)
{
	struct wish wish = {.preserve_face = true, .smoothness = SMOOTHNESS_DEFAULT};
	struct json_object *json = NULL;
	const char *preset = "";
	int result = json_parse(params, strlen(params), LIMIT_TASK_DATA, err, &json);

	if (result < 0) {
		return result;
	}
	if (json_get_string(json, "target_pose", &preset) == -EINVAL ||
		strlen(preset) >= sizeof(wish.preset)) {
		result = err_set(err, -EINVAL, "target_pose must be the name of a pose");
	} else if (json_get_bool(json, "preserve_face", &wish.preserve_face) == -EINVAL) {
		result = err_set(err, -EINVAL, "preserve_face must be true or false");
	} else if (json_get_double(json, "smoothness", &wish.smoothness) == -EINVAL ||
		!(wish.smoothness >= 0 && wish.smoothness <= 1)) {
		result = err_set(err, -EINVAL, "smoothness must be a number from 0 to 1");
	}
	if (result == 0) {
		(void)snprintf(wish.preset, sizeof(wish.preset), "%s", preset);
		result = read_keypoints(
			json, "source_keypoints", err, &wish.source, &wish.has_source);
	}
	if (result == 0) {
		result = read_keypoints(
			json, "target_keypoints", err, &wish.target, &wish.has_target);
	}
	if (result == 0) {
		*ret_wish = wish;
	}
	json_object_put(json);
	return result;
}

static formy_status refuse(const struct job *job, const struct pose_refusal *refusal)
{
	return job->host->fail(job->task, FORMY_E_INPUT, "POSE_EXTRACTION_FAILED", refusal->message,
		refusal->details);
}

/* Looks at the whole picture, and then closer at the person that it found there. */
static int find_reference(
	struct vision *vision, const formy_image *image, struct err *err, struct pose *ret_pose)
{
	double box[4] = {INFINITY, INFINITY, -INFINITY, -INFINITY};
	struct pose closer;
	struct region region;
	double around;
	int result = pose_find(vision, image, region_whole(image), err, ret_pose);

	if (result < 0 || pose_torso_score(ret_pose) < LEAST_FOR_SECOND) {
		return result;
	}
	for (int i = 0; i < POSE_POINTS; i++) {
		if (ret_pose->score[i] >= LEAST_FOR_SECOND) {
			box[0] = fmin(box[0], ret_pose->at[i][0]);
			box[1] = fmin(box[1], ret_pose->at[i][1]);
			box[2] = fmax(box[2], ret_pose->at[i][0]);
			box[3] = fmax(box[3], ret_pose->at[i][1]);
		}
	}
	around = ROOM_AROUND * fmax(box[2] - box[0], box[3] - box[1]);
	region.x = floor(fmax(0, box[0] - around));
	region.y = floor(fmax(0, box[1] - around));
	region.width = ceil(fmin(image->width, box[2] + around)) - region.x;
	region.height = ceil(fmin(image->height, box[3] + around)) - region.y;
	if (!(region.width >= 1 && region.height >= 1)) {
		return 0;
	}
	result = pose_find(vision, image, region, err, &closer);
	if (result == 0 && pose_torso_score(&closer) >= pose_torso_score(ret_pose)) {
		*ret_pose = closer;
	}
	return result;
}

/* The pose that is asked for by another person, if it is. */
static formy_status find_like(
	struct change *change, struct engine *engine, const struct job *job, bool *ret_like)
{
	const formy_host *host = job->host;
	formy_image image = {.size = sizeof(image)};
	struct pose_refusal refusal;
	struct err err = {""};
	formy_status status;

	*ret_like = true;
	if (change->wish.has_target) {
		return FORMY_OK;
	}
	status = host->input(job->task, "reference", &image);
	if (status == FORMY_E_MISSING) {
		*ret_like = false;
		return FORMY_OK;
	}
	job_progress(job, 680, "Reading the pose of the reference");
	if (status == FORMY_OK) {
		status = white_behind(job, &image);
	}
	if (status != FORMY_OK) {
		return status;
	}
	if (find_reference(engine->vision, &image, &err, &change->wish.target) < 0) {
		return job_fail(job, -EIO, err.text);
	}
	return pose_is_usable(&change->wish.target, NULL, "reference", &refusal)
		? FORMY_OK
		: refuse(job, &refusal);
}

static formy_status find_poses(struct change *change, struct engine *engine, const struct job *job)
{
	const struct person *person = &change->cutout.person;
	const formy_image *source = &change->cutout.source;
	const struct pose_body body = {person, source->width, source->height};
	struct pose_refusal refusal;
	struct err err = {""};
	bool like = false;
	formy_status status;
	bool ok;

	job_progress(job, 580, "Finding the pose");
	if (change->wish.has_source) {
		change->source = change->wish.source;
	} else if (pose_find(engine->vision, source, person->window, &err, &change->source) < 0) {
		return job_fail(job, -EIO, err.text);
	}
	if (!pose_is_usable(&change->source, &body, "source", &refusal)) {
		return refuse(job, &refusal);
	}
	pose_width_centre(person, &change->source);
	status = find_like(change, engine, job, &like);
	if (status != FORMY_OK) {
		return status;
	}
	ok = like ? pose_target_like(
			    &change->source, &body, &change->wish.target, &change->target, &refusal)
		  : pose_target_preset(
			    &change->source, &body, change->wish.preset, &change->target, &refusal);
	return ok ? FORMY_OK : refuse(job, &refusal);
}

/* The matte over the working copy. */
static int shrink_matte(struct change *change)
{
	const struct person *person = &change->cutout.person;
	const struct matte *matte = &change->cutout.matte;
	const formy_image image = {.size = sizeof(image),
		.format = FORMY_GREY8,
		.width = (uint32_t)matte->width,
		.height = (uint32_t)matte->height,
		.stride = (uint64_t)matte->width,
		.pixels = matte->alpha};
	const size_t count = (size_t)person->width * (size_t)person->height;
	uint8_t *rgb = malloc(3 * count);
	int result = -ENOMEM;

	change->matte = malloc(count);
	if (rgb && change->matte) {
		result = scale_picture(
			&image, person->window, person->width, person->height, SCALE_RGB, rgb);
	}
	for (size_t i = 0; result == 0 && i < count; i++) {
		change->matte[i] = rgb[3 * i];
	}
	free(rgb);
	return result;
}

static int take_apart(struct change *change, const struct job *job)
{
	struct pose_parts *parts = &change->parts;
	int result;

	job_progress(job, 740, "Taking the limbs apart");
	parts->person = &change->cutout.person;
	parts->face_stays = change->wish.preserve_face;
	parts->leans = change->target.lean != 0;
	memcpy(parts->moved, change->target.moved, sizeof(parts->moved));
	result = shrink_matte(change);
	if (result == 0) {
		result = pose_parts_cut(
			parts, &change->source, SOFT_LEAST + SOFT_MORE * change->wish.smoothness);
	}
	if (result == 0 && job_stopped(job)) {
		result = -ECANCELED;
	}
	job_progress(job, 860, "Filling in what was behind them");
	return result == 0 ? pose_parts_stay(parts, change->matte) : result;
}

static formy_status make_output(const struct change *change, const struct job *job)
{
	const formy_image *source = &change->cutout.source;
	const uint64_t stride = 3 * (uint64_t)source->width;
	uint8_t *pixels = job->host->alloc(job->task, stride * source->height);
	const formy_image output = {.size = sizeof(output),
		.format = FORMY_RGB8,
		.width = source->width,
		.height = source->height,
		.stride = stride,
		.pixels = pixels};
	const struct pose_scene scene = {.cutout = &change->cutout,
		.parts = &change->parts,
		.source = &change->source,
		.target = &change->target,
		.bend = change->wish.preserve_face
			? BEND_LEAST + BEND_MORE * change->wish.smoothness
			: BEND_LOOSE};
	int result;

	if (!pixels) {
		return job_fail(job, -ENOMEM, "no memory for the result");
	}
	job_progress(job, 920, "Putting the person together");
	for (uint32_t y = 0; y < source->height; y++) {
		uint8_t *to = pixels + y * stride;
		const uint8_t *row = row_as_rgb(source, (int)y, to);

		if (row != to) {
			memcpy(to, row, (size_t)stride);
		}
	}
	result = pose_layers_draw(&scene, job, 920, 1000, pixels);
	return result < 0 ? job_fail(job, result, "the result could not be put together")
			  : job->host->result(job->task, "output", &output);
}

static formy_status report(const struct change *change, const struct job *job)
{
	const struct pose_target *target = &change->target;
	const struct {
		bool is;
		const char *name;
	} warnings[] = {
		{target->legs_kept, "legs_kept"},
		{target->limb_kept, "limb_kept"},
		{target->hand_cut, "hand_cut"},
		{target->shortened, "limb_shortened"},
	};
	bool moved = target->lean != 0;
	char json[768];
	int len = snprintf(json, sizeof(json), "{\"pose_score\":%.2f,\"lean\":%.1f,\"moved\":[",
		pose_torso_score(&change->source), target->lean * 57.29578);
	bool first = true;

	for (enum pose_bone bone = 0; bone < POSE_BONES; bone++) {
		if (target->moved[bone]) {
			len += snprintf(json + len, sizeof(json) - (size_t)len, "%s\"%s\"",
				first ? "" : ",", pose_bones[bone].name);
			first = false;
			moved = true;
		}
	}
	len += snprintf(json + len, sizeof(json) - (size_t)len, "],\"warnings\":[%s",
		moved ? "" : "\"nothing_moved\"");
	first = moved;
	for (size_t i = 0; i < sizeof(warnings) / sizeof(warnings[0]); i++) {
		if (warnings[i].is) {
			len += snprintf(json + len, sizeof(json) - (size_t)len, "%s\"%s\"",
				first ? "" : ",", warnings[i].name);
			first = false;
		}
	}
	(void)snprintf(json + len, sizeof(json) - (size_t)len, "]}");
	return job->host->facts(job->task, json);
}

static formy_status change_pose(struct change *change, struct engine *engine, const struct job *job)
{
	const struct job cutting = job_part(job, 0, 580, NULL);
	formy_status status = cutout_make(&change->cutout, engine, &cutting);
	int result;

	if (status == FORMY_OK) {
		status = find_poses(change, engine, job);
	}
	if (status != FORMY_OK) {
		return status;
	}
	result = take_apart(change, job);
	if (result < 0) {
		return job_fail(job, result, "no memory for the parts of the person");
	}
	status = make_output(change, job);
	if (status == FORMY_OK) {
		status = report(change, job);
		job_progress(job, 1000, NULL);
	}
	return status;
}

formy_status operation_pose_change(struct engine *engine, const struct job *job)
{
	struct change change = {.cutout = {.on_white = true}};
	struct err err = {""};
	formy_status status;

	if (engine_load_pose(engine, &err) < 0) {
		return job->host->fail(job->task, FORMY_E_ENGINE, "ENGINE_NOT_AVAILABLE",
			"The local engine cannot work with poses", err.text);
	}
	if (read_wish(job->host->params(job->task), &change.wish, &err) < 0) {
		return job->host->fail(job->task, FORMY_E_PARAMS, "INVALID_CONFIG", err.text, NULL);
	}
	status = change_pose(&change, engine, job);
	pose_parts_finish(&change.parts);
	cutout_finish(&change.cutout);
	free(change.matte);
	return status;
}
