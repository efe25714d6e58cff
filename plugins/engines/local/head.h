/* The part of a picture around a head, at the size that is worked on: its colours, who is person,
 * what of them is head with hair, and how the skin looks. */
#ifndef FORMY_LOCAL_HEAD_H
#define FORMY_LOCAL_HEAD_H

#include <stdint.h>

#include <formy/plugin.h>

#include "base/err.h"
#include "face.h"
#include "lab.h"
#include "scale.h"

struct head {
	struct region crop; /* whole pixels of the picture */
	int width;          /* of the working copy, and of all below */
	int height;
	double points[VISION_POINTS][2];
	struct face_axes axes;
	struct lab skin; /* of the cheeks: medians */

	uint8_t *rgb;
	uint8_t *person; /* planes */
	uint8_t *hair_and_face;
	double hair_cut; /* widths of the jaw over which hair hangs on below what is taken for head */
	float *ends;     /* for each column the row where that is, or where the hair ends, */
	float *cut;      /* and how much of the columns there is cut off, 0 to 1 */
};

/* The part of the picture that matters for a head with this face. */
struct region head_region(const formy_image *image, const struct face *face);

/* Fills a zeroed head. scale: pixels of the working copy for each of the picture. long_hair: how
 * far below the chin hair may reach, in heights of the face. 0, -ECANCELED, -ENOMEM or another
 * negative errno with a sentence. The caller finishes it in any case. */
int head_open(struct head *head, const formy_image *image, const struct face *face, double scale,
	double long_hair, struct vision *vision, const struct job *job, struct err *err);
void head_finish(struct head *head);

/* The medians of the colours of both cheeks. */
struct lab head_skin(
	const uint8_t *rgb, int width, int height, const double points[VISION_POINTS][2]);

/* How far a colour is from a skin's, for thresholds about 2; tolerance: L, a, b that count as 1. */
float head_skin_distance(struct lab colour, struct lab skin, struct lab tolerance);

/* What was taken for head but lies too far beside the face to be hair, as a share of the head: hands
 * and arms, mostly. */
double head_beside(const struct head *head);

/* The share of the face's points that the matte takes for a person. */
double head_covered(const struct head *head);

/* Lets hair that is cut off thin out into strands of unequal length (hair_end.c). */
void head_taper(struct head *head);

/* Works out the plane hair_and_face, and where hair is cut off (head_mask.c). */
int head_find_mask(struct head *head, double long_hair, struct err *err);

#endif
