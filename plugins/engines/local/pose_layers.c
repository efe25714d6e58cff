#include "pose_layers.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>

#include "plane.h"
#include "plate.h"
#include "sample.h"

#define ROUND_FROM 0.94 /* the cosine of a turn of 20 degrees */
#define JOINT_SOFT 3.0  /* pixels */
#define OWN_FROM 0.6f   /* of the matte: less is not the person's own colour at all */

/* From the picture's pixels to those of the person's working copy. */
struct to_work {
	double x;
	double y;
	double across;
	double down;
};

/* A bone in its new place: from there back to where its pixels are. */
struct layer {
	enum pose_bone bone;
	double back[2][3];
	double box[4]; /* left, top, right, bottom of where it goes */

	/* Behind its joint an upper arm is round, or the sleeve's corners would stick out where it turned: */
	bool round;
	double joint[2]; /* in the source */
	double along[2]; /* of length 1 */
	double radius;
};

struct drawing {
	const struct pose_scene *scene;
	struct to_work to_work;
	struct layer layers[POSE_BONES]; /* in the order in which they lie on each other */
	int legs;                        /* so many of them below the body */
	int count;
	double hips[2];
	double up[2]; /* of length 1, from the hips to the shoulders */
	double torso;
	double box[4];
};

static void work_place(const struct to_work *to, double x, double y, double *ret_u, double *ret_v)
{
	*ret_u = (x + 0.5 - to->x) * to->across - 0.5;
	*ret_v = (y + 0.5 - to->y) * to->down - 0.5;
}

static void mix(float to[3], const float colour[3], float share)
{
	for (int c = 0; c < 3; c++) {
		to[c] += (colour[c] - to[c]) * share;
	}
}

/* The person's own colour at a place of the source: what the old backdrop gave to it is replaced. */
static void person_colour(
	const struct drawing *d, double x, double y, double u, double v, float own, float ret[3])
{
	const struct cutout *cutout = d->scene->cutout;
	const float ramp = (own - OWN_FROM) / (1 - OWN_FROM);
	float spread[3];

	sample_sharp(&cutout->source, x, y, ret);
	if (ramp < 1) {
		sample_smooth(
			cutout->spread, cutout->person.width, cutout->person.height, u, v, spread);
		mix(ret, spread, ramp < 0 ? 1 : 1 - ramp);
	}
}

/* The share of a place of the source that goes along with a round joint. */
static float within_joint(const struct layer *layer, double x, double y)
{
	const double dx = x - layer->joint[0];
	const double dy = y - layer->joint[1];
	const double over = hypot(dx, dy) - layer->radius;

	return !layer->round || dx * layer->along[0] + dy * layer->along[1] >= 0
		? 1
		: (float)fmin(fmax(0.5 - over / JOINT_SOFT, 0), 1);
}

/* Lays a limb over what is there. */
static bool lay_limb(const struct drawing *d, const struct layer *layer, int x, int y, float to[3])
{
	const struct cutout *cutout = d->scene->cutout;
	const struct person *person = &cutout->person;
	const double sx = layer->back[0][0] * x + layer->back[0][1] * y + layer->back[0][2];
	const double sy = layer->back[1][0] * x + layer->back[1][1] * y + layer->back[1][2];
	float own;
	float share;
	float colour[3];
	double u;
	double v;

	if (x < layer->box[0] || y < layer->box[1] || x > layer->box[2] || y > layer->box[3]) {
		return false;
	}
	work_place(&d->to_work, sx, sy, &u, &v);
	share = plane_at(d->scene->parts->bone[layer->bone], person->width, person->height, u, v) /
		255;
	if (share <= 0) {
		return false;
	}
	own = plane_at(cutout->matte.alpha, cutout->matte.width, cutout->matte.height, sx, sy) /
		255;
	share *= own * within_joint(layer, sx, sy);
	if (share <= 0) {
		return false;
	}
	person_colour(d, sx, sy, u, v, own, colour);
	mix(to, colour, share);
	return true;
}

/* Where a pixel of a body that leans came from: it turns about the hips, more from there up to the
 * waist, and above it all alike. */
static void unlean(const struct drawing *d, double x, double y, double *ret_x, double *ret_y)
{
	const double dx = x - d->hips[0];
	const double dy = y - d->hips[1];
	const double height = (dx * d->up[0] + dy * d->up[1]) / d->torso / d->scene->bend;
	const double t = fmin(fmax(height, 0), 1);
	const double angle = -d->scene->target->lean * t * t * (3 - 2 * t);

	*ret_x = d->hips[0] + cos(angle) * dx - sin(angle) * dy;
	*ret_y = d->hips[1] + sin(angle) * dx + cos(angle) * dy;
}

/* What stays of the body, over the backdrop and moved legs. */
static bool lay_body(const struct drawing *d, int x, int y, float to[3])
{
	const struct pose_parts *parts = d->scene->parts;
	const struct cutout *cutout = d->scene->cutout;
	const int w = cutout->person.width;
	const int h = cutout->person.height;
	double sx = x;
	double sy = y;
	float hole;
	float own;
	float share;
	float colour[3];
	float fill[3];
	double u;
	double v;

	if (parts->leans) {
		unlean(d, x, y, &sx, &sy);
	}
	own = plane_at(cutout->matte.alpha, cutout->matte.width, cutout->matte.height, sx, sy) /
		255;
	work_place(&d->to_work, sx, sy, &u, &v);
	share = own > 0 ? own * plane_at(parts->stay, w, h, u, v) / 255 : 0;
	if (share <= 0) {
		return false;
	}
	person_colour(d, sx, sy, u, v, own, colour);
	hole = plane_at(parts->hole, w, h, u, v) / 255;
	if (hole > 0) {
		const float by =
			parts->grain * plate_noise((size_t)y * cutout->source.width + (size_t)x);

		sample_smooth(parts->fill, w, h, u, v, fill);
		for (int c = 0; c < 3; c++) {
			fill[c] += by;
		}
		mix(colour, fill, hole);
	}
	mix(to, colour, share);
	return true;
}

static void draw_pixel(const struct drawing *d, int x, int y, uint8_t rgb[3])
{
	const struct pose_parts *parts = d->scene->parts;
	const struct person *person = &d->scene->cutout->person;
	float to[3] = {rgb[0], rgb[1], rgb[2]};
	bool changed = false;
	float zone;
	double u;
	double v;

	work_place(&d->to_work, x, y, &u, &v);
	zone = plane_at(parts->zone, person->width, person->height, u, v) / 255;
	if (zone > 0) {
		const float by = parts->grain *
			plate_noise((size_t)y * d->scene->cutout->source.width + (size_t)x);
		float plate[3];

		sample_smooth(parts->plate, person->width, person->height, u, v, plate);
		for (int c = 0; c < 3; c++) {
			plate[c] += by;
		}
		mix(to, plate, zone);
		changed = true;
	}
	for (int i = 0; i < d->legs; i++) {
		changed = lay_limb(d, &d->layers[i], x, y, to) || changed;
	}
	if (changed || parts->leans) {
		changed = lay_body(d, x, y, to) || changed;
	}
	for (int i = d->legs; i < d->count; i++) {
		changed = lay_limb(d, &d->layers[i], x, y, to) || changed;
	}
	for (int c = 0; changed && c < 3; c++) {
		rgb[c] = (uint8_t)(fminf(fmaxf(to[c], 0), 255) + 0.5f);
	}
}

/* The way back from a bone's new place: along it stretched, across it not. */
static void find_way_back(const struct pose *source, const struct pose *target, struct layer *layer)
{
	const struct bone *bone = &pose_bones[layer->bone];
	const double *a = source->at[bone->from];
	const double *b = source->at[bone->to];
	const double *c = target->at[bone->from];
	const double *d = target->at[bone->to];
	const double own = fmax(hypot(b[0] - a[0], b[1] - a[1]), 1e-6);
	const double length = fmax(hypot(d[0] - c[0], d[1] - c[1]), 1e-6);
	const double e[2] = {(b[0] - a[0]) / own, (b[1] - a[1]) / own};
	const double f[2] = {(d[0] - c[0]) / length, (d[1] - c[1]) / length};
	const double stretch = own / length;

	layer->back[0][0] = e[0] * f[0] * stretch + e[1] * f[1];
	layer->back[0][1] = e[0] * f[1] * stretch - e[1] * f[0];
	layer->back[1][0] = e[1] * f[0] * stretch - e[0] * f[1];
	layer->back[1][1] = e[1] * f[1] * stretch + e[0] * f[0];
	for (int i = 0; i < 2; i++) {
		layer->back[i][2] = a[i] - layer->back[i][0] * c[0] - layer->back[i][1] * c[1];
		layer->joint[i] = a[i];
		layer->along[i] = e[i];
	}
	layer->round = pose_bone_is_arm(layer->bone) && !pose_bone_is_outer(layer->bone) &&
		e[0] * f[0] + e[1] * f[1] < ROUND_FROM;
}

/* Where the bone's plane goes, with a pixel more. */
static void find_box(const struct drawing *d, struct layer *layer)
{
	const struct mask_box *mask = &d->scene->parts->box[layer->bone];
	const double(*back)[3] = layer->back;
	const double det = back[0][0] * back[1][1] - back[0][1] * back[1][0];

	layer->box[0] = layer->box[1] = INFINITY;
	layer->box[2] = layer->box[3] = -INFINITY;
	for (int i = 0; i < 4; i++) {
		const double u = i % 2 ? mask->right : mask->left - 1;
		const double v = i < 2 ? mask->bottom : mask->top - 1;
		const double x = (u + 0.5) / d->to_work.across + d->to_work.x - 0.5 - back[0][2];
		const double y = (v + 0.5) / d->to_work.down + d->to_work.y - 0.5 - back[1][2];
		const double tx = (back[1][1] * x - back[0][1] * y) / det;
		const double ty = (back[0][0] * y - back[1][0] * x) / det;

		layer->box[0] = fmin(layer->box[0], tx - 1);
		layer->box[1] = fmin(layer->box[1], ty - 1);
		layer->box[2] = fmax(layer->box[2], tx + 1);
		layer->box[3] = fmax(layer->box[3], ty + 1);
	}
}

static void widen(double box[4], double left, double top, double right, double bottom)
{
	box[0] = fmin(box[0], left);
	box[1] = fmin(box[1], top);
	box[2] = fmax(box[2], right);
	box[3] = fmax(box[3], bottom);
}

/* The part of the picture in which anything can change. */
static void find_part(struct drawing *d)
{
	const struct pose_parts *parts = d->scene->parts;
	const struct region *window = &parts->person->window;
	const struct mask_box zone =
		mask_bounds(parts->zone, parts->person->width, parts->person->height);

	d->box[0] = d->box[1] = INFINITY;
	d->box[2] = d->box[3] = -INFINITY;
	if (zone.right > zone.left) {
		widen(d->box, window->x + (zone.left - 1) / d->to_work.across,
			window->y + (zone.top - 1) / d->to_work.down,
			window->x + (zone.right + 1) / d->to_work.across,
			window->y + (zone.bottom + 1) / d->to_work.down);
	}
	for (int i = 0; i < d->count; i++) {
		widen(d->box, d->layers[i].box[0], d->layers[i].box[1], d->layers[i].box[2],
			d->layers[i].box[3]);
	}
	if (parts->leans) {
		const double by = window->height * sin(fabs(d->scene->target->lean));

		widen(d->box, window->x - by, window->y - by, window->x + window->width + by,
			window->y + window->height);
	}
}

static void prepare(struct drawing *d, const struct pose_scene *scene)
{
	static const enum pose_bone order[] = {BONE_LEFT_SHIN, BONE_RIGHT_SHIN, BONE_LEFT_THIGH,
		BONE_RIGHT_THIGH, BONE_LEFT_UPPER_ARM, BONE_RIGHT_UPPER_ARM, BONE_LEFT_FOREARM,
		BONE_RIGHT_FOREARM};
	const struct person *person = &scene->cutout->person;
	double shoulders[2];

	*d = (struct drawing){.scene = scene,
		.to_work = {person->window.x, person->window.y,
			person->width / person->window.width,
			person->height / person->window.height},
		.torso = fmax(pose_torso(scene->source), 1)};
	pose_middle(scene->source, POSE_LEFT_HIP, POSE_RIGHT_HIP, d->hips);
	pose_middle(scene->source, POSE_LEFT_SHOULDER, POSE_RIGHT_SHOULDER, shoulders);
	d->up[0] = (shoulders[0] - d->hips[0]) / d->torso;
	d->up[1] = (shoulders[1] - d->hips[1]) / d->torso;
	for (int i = 0; i < POSE_BONES; i++) {
		struct layer *layer = &d->layers[d->count];

		if (scene->parts->moved[order[i]]) {
			layer->bone = order[i];
			layer->radius = scene->parts->radius[order[i]] / d->to_work.across;
			find_way_back(scene->source, &scene->target->pose, layer);
			find_box(d, layer);
			d->count++;
			d->legs += !pose_bone_is_arm(order[i]);
		}
	}
	find_part(d);
}

int pose_layers_draw(
	const struct pose_scene *scene, const struct job *job, int from, int to, uint8_t *pixels)
{
	const formy_image *source = &scene->cutout->source;
	struct drawing d;

	prepare(&d, scene);
	if (!(d.box[2] > d.box[0])) {
		return 0;
	}
	const int left = (int)fmax(0, floor(d.box[0]));
	const int top = (int)fmax(0, floor(d.box[1]));
	const int right = (int)fmin(source->width, ceil(d.box[2]) + 1);
	const int bottom = (int)fmin(source->height, ceil(d.box[3]) + 1);

	for (int y = top; y < bottom; y++) {
		uint8_t *row = pixels + 3 * (size_t)y * source->width;

		for (int x = left; x < right; x++) {
			draw_pixel(&d, x, y, row + 3 * (size_t)x);
		}
		if (y % 32 == 0 && job_stopped(job)) {
			return -ECANCELED;
		}
		job_progress_rows(job, from, to, y - top, bottom - top);
	}
	return 0;
}
