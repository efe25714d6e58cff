/* The backdrops that the mode brings: a plain colour, a gradient from top to bottom, or a studio
 * (a soft light behind the person, and a floor). */
#ifndef FORMY_BACKGROUND_PRESETS_H
#define FORMY_BACKGROUND_PRESETS_H

#include <stdint.h>

struct preset;

/* The preset of a name, or of "#rrggbb", which is drawn from *room. NULL: there is none. */
const struct preset *preset_find(const char *name, struct preset *room);

/* Draws rows `from` to `to` of a picture of width x height RGB pixels, rows without gaps. The same
 * pixels on every run; a little noise keeps soft light from showing steps. */
void preset_draw(const struct preset *preset, uint32_t width, uint32_t height, uint32_t from,
	uint32_t to, uint8_t *pixels);

struct preset {
	const char *name;
	enum { PRESET_COLOUR, PRESET_GRADIENT, PRESET_STUDIO } kind;
	float top[3]; /* red, green, blue, 0 to 255; of a studio: its wall */
	float low[3]; /* of a gradient: the lower end; of a studio: its floor */
};

#endif
