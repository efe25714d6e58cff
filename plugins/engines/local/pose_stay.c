#include "pose_parts.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "foreground.h"
#include "plane.h"
#include "plate.h"

/* In lengths of the torso. */
#define PELVIS_BELOW 0.16 /* the hips: so far down a thigh that goes leaves the body alone */
#define PELVIS_ABOVE 0.35
#define PELVIS_SIDES 0.22
#define BODY_MARGIN 0.02   /* around the torso, where a limb has lain before the body */
#define FILL_FROM 0.35     /* from the torso: colours of the body */
#define SLIVER 0.04        /* half as wide as what is left of a limb and no body of its own */
#define AROUND 0.03        /* what is gone, where the backdrop is guessed */
#define LEFT_OVER 0.12     /* from what is gone: parts that it has cut off */
#define SHOULDER_DISC 0.45 /* radii of the upper arm */

#define SMALL_PART 0.04 /* of the largest part */
#define SURE 242        /* of the matte */
#define WAIST 0.15      /* torso lengths below the hips that a lean still moves */

static bool in_pelvis(const struct pose_parts *parts, double x, double y)
{
	const double *left = parts->source.at[POSE_LEFT_HIP];
	const double *right = parts->source.at[POSE_RIGHT_HIP];
	const double low = fmax(left[1], right[1]);

	return y < low + PELVIS_BELOW * parts->torso && y > low - PELVIS_ABOVE * parts->torso &&
		fabs(x - (left[0] + right[0]) / 2) <
		hypot(left[0] - right[0], left[1] - right[1]) / 2 + PELVIS_SIDES * parts->torso;
}

/* Thighs leave the pelvis where it is, arms do not. */
static void keep_pelvis(struct pose_parts *parts, size_t count)
{
	const size_t width = (size_t)parts->person->width;

	for (size_t i = 0; i < count; i++) {
		const size_t y = i / width;
		bool arm = false;

		for (enum pose_bone bone = 0; pose_bone_is_arm(bone); bone++) {
			arm = arm || (parts->bone[bone] && parts->bone[bone][i] > 60);
		}
		if (parts->away[i] && !arm && parts->person->mask[i] &&
			in_pelvis(parts, (double)(i % width), (double)y)) {
			parts->away[i] = 0;
		}
	}
}

/* True where the body goes on behind an arm that is taken away. */
static bool is_body(const struct pose_parts *parts, size_t i, uint8_t matte)
{
	const size_t width = (size_t)parts->person->width;
	const double margin = BODY_MARGIN * parts->torso;
	const double x = (double)(i % width);
	const size_t y = i / width;

	if (parts->from_torso[i] <= margin * margin) {
		return true;
	}
	for (enum pose_bone bone = 0; pose_bone_is_arm(bone); bone += 2) {
		const double *shoulder = parts->source.at[pose_bones[bone].from];

		if (parts->moved[bone] && matte > 127 &&
			hypot(x - shoulder[0], (double)y - shoulder[1]) <
				SHOULDER_DISC * parts->radius[bone]) {
			return true;
		}
	}
	return false;
}

/* Where an arm has lain before the body, the body's colours go on. */
static int fill_holes(struct pose_parts *parts, const uint8_t *matte, uint8_t *known, size_t count)
{
	const struct person *person = parts->person;
	const double reach = FILL_FROM * parts->torso;
	int result;

	for (size_t i = 0; i < count; i++) {
		parts->hole[i] = parts->away[i] && is_body(parts, i, matte[i]) ? 255 : 0;
		known[i] =
			matte[i] > SURE && !parts->away[i] && parts->from_torso[i] < reach * reach;
	}
	result = foreground_spread(person->rgb, known, person->width, person->height, parts->fill);
	return result == 0 ? plane_blur(parts->hole, person->width, person->height, 1.5) : result;
}

/* What a limb has cut off from the body goes with it: small parts, and slivers of its outline. */
static int drop_leftovers(struct pose_parts *parts, uint8_t *room, size_t count)
{
	const int w = parts->person->width;
	const int h = parts->person->height;
	const int thin = (int)(SLIVER * parts->torso) + 1;
	uint8_t *whole = room;
	uint8_t *opened = room + count;
	uint8_t *around = room + 2 * count;
	int result;

	for (size_t i = 0; i < count; i++) {
		whole[i] = parts->stay[i] > 5;
	}
	result = mask_shrink(whole, w, h, thin, opened);
	if (result == 0) {
		result = mask_grow(opened, w, h, thin + 1, whole);
	}
	if (result == 0) {
		result = mask_drop_small(whole, w, h, SMALL_PART, NULL);
	}
	if (result == 0) {
		result = mask_grow(parts->away, w, h, (int)(LEFT_OVER * parts->torso) + 2, around);
	}
	for (size_t i = 0; result == 0 && i < count; i++) {
		if (!whole[i] && around[i] && parts->stay[i] > 0) {
			parts->stay[i] = 0;
			parts->away[i] = 1;
		}
	}
	return result;
}

/* After a lean all above the hips has left its place. */
static bool leans_away(const struct pose_parts *parts, const uint8_t *matte, size_t i)
{
	const size_t y = i / (size_t)parts->person->width;
	double hips[2];

	pose_middle(&parts->source, POSE_LEFT_HIP, POSE_RIGHT_HIP, hips);
	return parts->leans && (parts->near[i] || matte[i] > 0) &&
		(double)y < hips[1] + WAIST * parts->torso;
}

static int find_zone(
	struct pose_parts *parts, const uint8_t *matte, uint8_t *room, int margin, size_t count)
{
	const int w = parts->person->width;
	const int h = parts->person->height;
	int result;

	for (size_t i = 0; i < count; i++) {
		room[i] = parts->away[i] || leans_away(parts, matte, i);
	}
	result = mask_grow(room, w, h, margin, parts->zone);
	for (size_t i = 0; result == 0 && i < count; i++) {
		parts->zone[i] = parts->zone[i] ? 255 : 0;
	}
	return result == 0 ? plane_blur(parts->zone, w, h, margin / 3.) : result;
}

static int stay_alloc(struct pose_parts *parts, size_t count)
{
	parts->stay = calloc(count, 1);
	parts->hole = calloc(count, 1);
	parts->zone = calloc(count, 1);
	parts->fill = calloc(3, count);
	parts->plate = calloc(3, count);
	return parts->stay && parts->hole && parts->zone && parts->fill && parts->plate ? 0
											: -ENOMEM;
}

int pose_parts_stay(struct pose_parts *parts, const uint8_t *matte)
{
	const struct person *person = parts->person;
	const int w = person->width;
	const int h = person->height;
	const size_t count = (size_t)w * (size_t)h;
	const int margin = (int)fmax(3, ceil(AROUND * parts->torso));
	uint8_t *room = calloc(3, count);
	int result = room ? stay_alloc(parts, count) : -ENOMEM;

	if (result == 0) {
		keep_pelvis(parts, count);
		result = fill_holes(parts, matte, room, count);
	}
	for (size_t i = 0; result == 0 && i < count; i++) {
		parts->stay[i] = parts->away[i] ? 0 : 255;
	}
	if (result == 0) {
		result = plane_blur(parts->stay, w, h, 1);
	}
	for (size_t i = 0; result == 0 && i < count; i++) {
		const int guessed =
			parts->hole[i] * (matte[i] > 212 ? 255 : matte[i] * 6 / 5) / 255;

		parts->stay[i] = (uint8_t)(parts->stay[i] > guessed ? parts->stay[i] : guessed);
		if (matte[i] == 0) {
			parts->stay[i] = 0;
		}
	}
	if (result == 0) {
		result = drop_leftovers(parts, room, count);
	}
	if (result == 0) {
		result = find_zone(parts, matte, room, margin, count);
	}
	if (result == 0) {
		result = plate_make(person->rgb, matte, w, h, margin, parts->plate, &parts->grain);
	}
	free(room);
	return result;
}
