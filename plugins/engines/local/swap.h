/* One head for another, on working copies: the steps, in their order. */
#ifndef FORMY_LOCAL_SWAP_H
#define FORMY_LOCAL_SWAP_H

#include <stdbool.h>
#include <stdint.h>

#include "align.h"
#include "head.h"

/* The caller sets what is const, place and strength, zeroes the rest, and finishes it. */
struct swap {
	const struct head *head; /* the new one, at the size that it gets */
	const struct head *body; /* with the old one */
	struct align place;      /* from the head's working copy to the body's */
	double strength;         /* 0 to 1: how far the new head's tone moves to the body's */
	bool sharp;              /* no smoothing where the head is turned */

	uint8_t *head_rgb; /* the head's colours, its tone matched, carried past its edge */
	uint8_t *out;      /* the body's working copy, as it becomes */
	uint8_t *standing; /* plane: the body without its head */
	uint8_t *cleared;  /* plane: where the old head was taken away */
	double cut;        /* old hair that was cut off on the body, in widths of the jaw */
};

/* Matches the tones: the head's to the body's, and what is left of the difference on the neck. */
int swap_tone(struct swap *swap);

/* Takes the old head away: backdrop behind it, clothes and skin below it. */
int swap_clear(struct swap *swap);

/* Prolongs the neck and lays the new head on. */
int swap_join(struct swap *swap);

void swap_finish(struct swap *swap);

/* 0 at `from`, 1 at `to`, cut outside. */
float swap_ramp(double value, double from, double to);

/* p becomes colour by a share of 0 to 1. */
void swap_mix(uint8_t p[3], const float colour[3], float share);

#endif
