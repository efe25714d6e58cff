/* CIE Lab (D65), where distances are as the eye sees them, and back to sRGB. */
#ifndef FORMY_LOCAL_LAB_H
#define FORMY_LOCAL_LAB_H

#include <stdint.h>

struct lab {
	float l;
	float a;
	float b;
};

struct lab lab_from_rgb(const uint8_t rgb[3]);

/* Colours 0 to 255, cut to what sRGB can show. */
void lab_to_rgb(struct lab lab, float ret_rgb[3]);

/* The mean over the pixels whose `weights` byte is not 0 (NULL: over all). count: pixels. Where
 * there are none, a middle grey. */
struct lab lab_mean(const uint8_t *rgb, const uint8_t *weights, int count);

/* A table that shifts colours in Lab, quick to apply to many pixels. Black stays black and white
 * white: lightness moves most in the middle, and dark colours take less of the tint. */
struct lab_shift;

/* 0, or -ENOMEM. */
int lab_shift_create(struct lab by, struct lab_shift **ret_shift);
void lab_shift_destroy(struct lab_shift *shift);
void lab_shift_apply(const struct lab_shift *shift, uint8_t rgb[3]);

#endif
