/* A person taken apart: a plane for each bone that moves, and what stays when they have gone.
 *
 * All planes lie over the person's working copy (struct person). The edges towards the backdrop are
 * not in them: those come from the matte at full size. */
#ifndef FORMY_LOCAL_POSE_PARTS_H
#define FORMY_LOCAL_POSE_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "mask.h"
#include "person.h"
#include "pose_target.h"

struct pose_parts {
	const struct person *person;
	struct pose source; /* in pixels of the working copy */
	bool moved[POSE_BONES];
	bool face_stays; /* nothing of the head goes with an arm */
	bool leans;      /* all above the hips moves, too */
	double torso;
	double radius[POSE_BONES]; /* half of a limb's width, measured where its side is free */

	uint8_t *near;                   /* mask: the person and a little around */
	uint8_t *polygon;                /* mask: the torso */
	int32_t *from_torso;             /* squares of the distance to it */
	uint8_t *bone[POSE_BONES];       /* planes; NULL for bones that do not move */
	struct mask_box box[POSE_BONES]; /* where they are not 0 */
	uint8_t *away;                   /* mask: what leaves its place */

	uint8_t *stay;  /* plane: the share of the person's matte that stays */
	uint8_t *hole;  /* plane: where a limb lay before the body, and the body is guessed */
	uint8_t *fill;  /* RGB: its colours */
	uint8_t *zone;  /* plane: where the old picture gives way to the plate */
	uint8_t *plate; /* RGB: the backdrop without the person */
	float grain;    /* of the backdrop */
};

/* Takes the person apart; the caller has zeroed the struct and set person, moved, face_stays and
 * leans. source: in pixels of the picture. softness: pixels of the working copy over which parts
 * fade. 0 or -ENOMEM; the caller finishes it in any case. */
int pose_parts_cut(struct pose_parts *parts, const struct pose *source, double softness);

/* The second half: what stays, the holes, the plate. matte: the person's, as a plane over the
 * working copy. */
int pose_parts_stay(struct pose_parts *parts, const uint8_t *matte);

void pose_parts_finish(struct pose_parts *parts);

#endif
