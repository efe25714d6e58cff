#include "face.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "scale.h"

/* Found on 91 pictures: front views score 0.6 to 3, the worst false second face 0.18; a portrait
 * that the frame cuts has 0.97, so only its place tells. */
#define FACE_SCORE 0.30
#define GLIMPSE (-1.0)    /* below it nothing is even told */
#define SECOND_SCORE 0.40 /* a second face with it, */
#define SECOND_WIDTH 0.5  /* and with this share of the largest one's width, is one too many */
#define BOX_OUTSIDE 0.10  /* of the face's width that its box may reach over the frame */
#define POINT_OUTSIDE 0.02

#define FACES 8
#define FIRST_SIDE 800   /* the detector's smallest face has 80 pixels */
#define SECOND_SIDE 1600 /* where nothing was found: a figure's face is small */
#define ENLARGE 2.0
#define POINTS_BOX 256.0 /* width of the face where its points are sought */
#define POINTS_ROOM 0.5  /* around it, of its width */

struct found {
	struct vision_face faces[FACES];
	int count;
	double best;  /* the best score, good enough or not; GLIMPSE where there is none */
	double scale; /* pixels of the search for each of the picture */
};

struct face_axes face_axes(const double points[VISION_POINTS][2])
{
	const double brow_x = (points[19][0] + points[24][0]) / 2;
	const double brow_y = (points[19][1] + points[24][1]) / 2;
	const double up_x = points[27][0] - points[8][0];
	const double up_y = points[27][1] - points[8][1];
	const double length = fmax(hypot(up_x, up_y), 1e-6);

	return (struct face_axes){.chin = {points[8][0], points[8][1]},
		.up = {up_x / length, up_y / length},
		.jaw = fmax(
			hypot(points[16][0] - points[0][0], points[16][1] - points[0][1]), 1e-6),
		.brows = fmax(hypot(points[8][0] - brow_x, points[8][1] - brow_y), 1e-6)};
}

void face_place(const struct face_axes *axes, double x, double y, double *ret_u, double *ret_v)
{
	const double dx = x - axes->chin[0];
	const double dy = y - axes->chin[1];

	*ret_u = (dy * axes->up[0] - dx * axes->up[1]) / axes->jaw;
	*ret_v = -(dx * axes->up[0] + dy * axes->up[1]) / axes->brows;
}

void face_place_pixel(
	const struct face_axes *axes, size_t i, int width, double *ret_u, double *ret_v)
{
	const size_t x = i % (size_t)width;
	const size_t y = i / (size_t)width;

	face_place(axes, (double)x, (double)y, ret_u, ret_v);
}

double face_turn(const double points[VISION_POINTS][2])
{
	const double a = hypot(points[30][0] - points[0][0], points[30][1] - points[0][1]);
	const double b = hypot(points[30][0] - points[16][0], points[30][1] - points[16][1]);

	return (a - b) / fmax(a + b, 1e-6);
}

static int look(const formy_image *image, double side, struct vision *vision, struct err *err,
	struct found *found)
{
	const double longer = fmax(image->width, image->height);
	int width;
	int height;
	uint8_t *rgb;
	int result = -ENOMEM;

	found->scale = fmin(ENLARGE, side / longer);
	width = (int)fmax(1, image->width * found->scale);
	height = (int)fmax(1, image->height * found->scale);
	rgb = malloc(3 * (size_t)width * (size_t)height);
	if (rgb) {
		result = scale_picture(image, region_whole(image), width, height, SCALE_RGB, rgb);
	}
	if (result == 0) {
		result = vision_faces(vision, rgb, width, height, GLIMPSE, FACES, err, found->faces,
			&found->count);
	}
	if (result == 0) {
		found->best = found->count > 0 ? found->faces[0].score : GLIMPSE;
		while (found->count > 0 && found->faces[found->count - 1].score < FACE_SCORE) {
			found->count--;
		}
	}
	free(rgb);
	return result;
}

/* The points are sought on a part of the picture of one size, whatever the face's. */
static int place_points(struct face *face, const formy_image *image, const struct vision_face *box,
	double scale, const struct vision *vision, struct err *err)
{
	const double side = box->width / scale;
	const double by = fmin(ENLARGE, POINTS_BOX / side);
	const double left = fmax(0, floor(box->left / scale - POINTS_ROOM * side));
	const double top = fmax(0, floor(box->top / scale - POINTS_ROOM * side));
	const double right = fmin(image->width, ceil(box->left / scale + (1 + POINTS_ROOM) * side));
	const double bottom =
		fmin(image->height, ceil(box->top / scale + (1 + POINTS_ROOM) * side));
	const struct region region = {left, top, right - left, bottom - top};
	const int width = (int)fmax(1, round(region.width * by));
	const int height = (int)fmax(1, round(region.height * by));
	const struct vision_face inside = {.left = (int)round((box->left / scale - left) * by),
		.top = (int)round((box->top / scale - top) * by),
		.width = (int)round(side * by),
		.height = (int)round(side * by)};
	uint8_t *rgb = malloc(3 * (size_t)width * (size_t)height);
	int result = -ENOMEM;

	if (rgb) {
		result = scale_picture(image, region, width, height, SCALE_RGB, rgb);
	}
	if (result == 0) {
		result = vision_points(vision, rgb, width, height, &inside, err, face->points);
	}
	for (int i = 0; result == 0 && i < VISION_POINTS; i++) {
		face->points[i][0] = face->points[i][0] * region.width / width + left;
		face->points[i][1] = face->points[i][1] * region.height / height + top;
	}
	free(rgb);
	return result;
}

/* How far it reaches over the frame, in widths of the face. */
static double outside(const formy_image *image, double x, double y, double width)
{
	const double over =
		fmax(fmax(-x, x - (double)image->width), fmax(-y, y - (double)image->height));

	return fmax(over, 0) / width;
}

static formy_status refuse(const struct job *job, const char *code, const char *role,
	const char *what, const char *details)
{
	char message[160];

	(void)snprintf(message, sizeof(message), "In the %s image %s", role, what);
	return job->host->fail(job->task, FORMY_E_INPUT, code, message, details);
}

static formy_status check_place(const struct face *face, const struct vision_face *box,
	double scale, const formy_image *image, const char *role, double least_jaw,
	const struct job *job)
{
	const double jaw = face_axes(face->points).jaw;
	const double width = box->width / scale;
	const double left = box->left / scale;
	const double top = box->top / scale;
	const double box_out = fmax(outside(image, left, top, width),
		outside(image, left + width, top + box->height / scale, width));
	double point_out = 0;
	char details[160];

	for (int i = 0; i < VISION_POINTS; i++) {
		point_out = fmax(
			point_out, outside(image, face->points[i][0], face->points[i][1], width));
	}
	if (jaw < least_jaw) {
		(void)snprintf(details, sizeof(details),
			"face_too_small: the jaw is %.0f pixels wide, at least %.0f are needed",
			jaw, least_jaw);
		return refuse(job, "IMAGE_SIZE_TOO_SMALL", role, "the face is too small", details);
	}
	if (box_out > BOX_OUTSIDE || point_out > POINT_OUTSIDE) {
		(void)snprintf(details, sizeof(details),
			"face_cut: of the face's width its box is %.2f outside, at most %.2f; a "
			"point %.2f, at most %.2f",
			box_out, BOX_OUTSIDE, point_out, POINT_OUTSIDE);
		return refuse(
			job, "NO_FACE_DETECTED", role, "the frame cuts through the face", details);
	}
	return FORMY_OK;
}

formy_status face_find(struct face *face, const formy_image *image, const char *role,
	double least_jaw, struct vision *vision, const struct job *job)
{
	struct found found = {.count = 0};
	struct err err = {""};
	char details[160];
	int best = 0;
	int large = 0;
	int result = look(image, FIRST_SIDE, vision, &err, &found);

	if (result == 0 && found.count == 0) {
		const double before = found.best;

		result = look(image, SECOND_SIDE, vision, &err, &found);
		found.best = fmax(found.best, before);
	}
	if (result < 0) {
		return job_fail(job, result, err.text);
	}
	if (found.count == 0) {
		(void)snprintf(details, sizeof(details),
			"no_face: the best score of a face seen from the front is %.2f%s, at least "
			"%.2f is needed",
			found.best, found.best > GLIMPSE ? "" : " or less", FACE_SCORE);
		return refuse(job, "NO_FACE_DETECTED", role, "no face was found", details);
	}
	for (int i = 1; i < found.count; i++) {
		if (found.faces[i].width > found.faces[best].width) {
			best = i;
		}
	}
	for (int i = 0; i < found.count; i++) {
		large += i == best ||
			(found.faces[i].score >= SECOND_SCORE &&
				found.faces[i].width >= SECOND_WIDTH * found.faces[best].width);
	}
	if (large > 1) {
		(void)snprintf(details, sizeof(details),
			"several_faces: %d faces of at least %.1f of the largest one's width, 1 is "
			"allowed",
			large, SECOND_WIDTH);
		return refuse(
			job, "MULTIPLE_FACES_DETECTED", role, "there are several faces", details);
	}
	result = place_points(face, image, &found.faces[best], found.scale, vision, &err);
	if (result < 0) {
		return job_fail(job, result, err.text);
	}
	face->score = found.faces[best].score;
	return check_place(face, &found.faces[best], found.scale, image, role, least_jaw, job);
}
