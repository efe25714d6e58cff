/* The one face of a picture and its points; refuses pictures that have none, or several. */
#ifndef FORMY_LOCAL_FACE_H
#define FORMY_LOCAL_FACE_H

#include <formy/plugin.h>

#include "job.h"
#include "vision.h"

struct face {
	double score;
	double points[VISION_POINTS][2]; /* pixels of the picture */
};

/* Axes of a head: from the chin across (u, in jaw widths, to the picture's right when upright)
 * and down (v, in heights from chin to brows: the brows are at -1). */
struct face_axes {
	double chin[2];
	double up[2]; /* of length 1 */
	double jaw;   /* width from ear to ear, in pixels */
	double brows; /* height from chin to brows */
};

struct face_axes face_axes(const double points[VISION_POINTS][2]);
void face_place(const struct face_axes *axes, double x, double y, double *ret_u, double *ret_v);

/* The same of pixel i of a picture of that width, rows without gaps. */
void face_place_pixel(
	const struct face_axes *axes, size_t i, int width, double *ret_u, double *ret_v);

/* How far the head is turned, -1 to 1, by where the nose is between the ends of the jaw. */
double face_turn(const double points[VISION_POINTS][2]);

/* Finds the face of the role's picture. role: "source" or "reference", for the words of a
 * refusal. least_jaw: pixels. When it refuses, the request has failed with what it returns. */
formy_status face_find(struct face *face, const formy_image *image, const char *role,
	double least_jaw, struct vision *vision, const struct job *job);

#endif
