/* Lays one head over another: turned, scaled and moved, never bent. */
#ifndef FORMY_LOCAL_ALIGN_H
#define FORMY_LOCAL_ALIGN_H

#include "vision.h"

/* x' = a x - b y + x0; y' = b x + a y + y0 */
struct align {
	double a;
	double b;
	double x0;
	double y0;
	double misfit; /* mean distance of the points afterwards, in widths of the jaw */
};

/* From one face's points to another's. The lower jaw decides where the head goes, as the neck
 * must meet it. The same points give the same answer. */
struct align align_faces(const double from[VISION_POINTS][2], const double to[VISION_POINTS][2]);

double align_scale(const struct align *align);
double align_degrees(const struct align *align);
void align_apply(const struct align *align, double x, double y, double ret_place[2]);
struct align align_inverse(const struct align *align);

#endif
