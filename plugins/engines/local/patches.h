/* What goes into a hole of a small picture: for each patch that touches it the known patch that is most like it,
 * found by PatchMatch (Barnes and others 2009), from coarse to fine; what they agree on is the next guess
 * (Wexler, Shechtman and Irani 2007). The same on each run. */
#ifndef FORMY_LOCAL_PATCHES_H
#define FORMY_LOCAL_PATCHES_H

#include <stdint.h>

struct spot {
	int16_t x;
	int16_t y;
};

struct patches {
	int width;
	int height;
	uint8_t *rgb;
	uint8_t *hole;   /* mask: what is to be filled */
	uint8_t *target; /* mask: a patch around this touches the hole */
	uint8_t *source; /* mask: a patch around this is known */
	uint8_t *sure;   /* how much a pixel's colour counts: less the deeper it lies in the hole */
	struct spot *from;
	int *cost;
};

/* 0, or -ENOMEM; in any case to be finished. */
int patches_init(struct patches *patches, int width, int height);
void patches_finish(struct patches *patches);

/* Fills it with the means of squares of `by` pixels; a square with any pixel that is not known is to be
 * filled. Returns the number of patches that are known. */
int patches_shrink(const uint8_t *rgb, const uint8_t *known, int width, int height, int by,
	struct patches *to);

/* Takes over what a copy of half the size found. */
void patches_refine(const struct patches *coarse, struct patches *patches);

/* Looks for patches and fills the hole. There must be some that are known. */
void patches_solve(struct patches *patches, uint32_t *random);

#endif
