/* Where the person is: a mask on a working copy of the part of the picture that shows them.
 *
 * The network looks at the whole picture, once more at the part with the person when that is small,
 * and then closer at the outline; grabCut moves the mask's edge to where the colours change. The
 * working copy's longer side has at most PERSON_SIDE pixels. */
#ifndef FORMY_LOCAL_PERSON_H
#define FORMY_LOCAL_PERSON_H

#include <stdint.h>

#include <formy/plugin.h>

#include "base/err.h"
#include "job.h"
#include "scale.h"
#include "vision.h"

/* The working copy's longer side has PERSON_SIDE pixels, and in a narrow one more, up to PERSON_LONGEST,
 * as long as the copy has no more than PERSON_AREA: whole figures are narrow. */
#define PERSON_SIDE 512
#define PERSON_LONGEST 800
#define PERSON_AREA 200000.0

struct person {
	struct region window; /* the part of the picture, in whole pixels */
	int width;            /* of the working copy, and of all below */
	int height;
	uint8_t *rgb;
	float *likely; /* the network's answer */
	uint8_t *mask;

	/* How good it is. */
	double area;     /* share of the picture that is likely a person */
	double unsure;   /* pixels between yes and no, for each that is likely a person */
	double at_first; /* the same before the second look, which is quick to believe */
	double largest;  /* share of the largest connected part */
};

/* Fills a zeroed person. Says progress from 110 to 340. The mask is empty where nothing looks like a person. 0, -ECANCELED,
 * -ENOMEM or another negative errno with a sentence. The caller finishes it in any case. */
int person_find(struct person *person, const formy_image *image, struct vision *vision,
	const struct job *job, struct err *err);
void person_finish(struct person *person);

#endif
