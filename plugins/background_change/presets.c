#include "presets.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PART 256 /* pixels that are drawn at once */

static const struct preset presets[] = {
	{"studio_white", PRESET_STUDIO, {250, 250, 250}, {240, 240, 240}},
	{"studio_grey", PRESET_STUDIO, {208, 209, 211}, {186, 187, 189}},
	{"studio_black", PRESET_STUDIO, {40, 41, 43}, {22, 22, 24}},
	{"gradient_warm", PRESET_GRADIENT, {255, 236, 214}, {233, 178, 143}},
	{"gradient_cool", PRESET_GRADIENT, {224, 238, 250}, {141, 174, 208}},
};

static int parse_colour(const char *name, struct preset *room)
{
	if (name[0] != '#' || strlen(name) != 7 ||
		strspn(name + 1, "0123456789abcdefABCDEF") != 6) {
		return 0;
	}
	const unsigned long rgb = strtoul(name + 1, NULL, 16);

	*room = (struct preset){.name = name,
		.kind = PRESET_COLOUR,
		.top = {(float)(rgb >> 16), (float)(rgb >> 8 & 255), (float)(rgb & 255)}};
	return 1;
}

const struct preset *preset_find(const char *name, struct preset *room)
{
	for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++) {
		if (strcmp(name, presets[i].name) == 0) {
			return &presets[i];
		}
	}
	return parse_colour(name, room) ? room : NULL;
}

/* A number from 0 to 1 that looks random but belongs to the pixel (a multiplicative hash). */
static float noise(uint32_t x, uint32_t y)
{
	uint32_t h = x * 0x9e3779b1u ^ y * 0x85ebca77u;

	h = (h ^ h >> 15) * 0xc2b2ae3du;
	return (float)(h >> 8) * (1.f / (1 << 24));
}

static float smooth_step(float t)
{
	t = t < 0 ? 0 : t > 1 ? 1 : t;
	return t * t * (3 - 2 * t);
}

/* How bright the studio's light is, less what a place across takes: a round glow behind the
 * person's shoulders. */
static float glow(float y)
{
	const float dy = y - 0.40f;

	return 1.04f - 0.34f * dy * dy;
}

static float dimmed(float x)
{
	const float dx = x - 0.5f;

	return 0.34f * dx * dx;
}

/* A part of a row that fits a small buffer: what does not depend on the channel comes first. */
static void draw_part(const struct preset *preset, const float row[3], float light, uint32_t width,
	uint32_t y, uint32_t from, uint32_t count, uint8_t *pixels)
{
	float lights[PART];
	float grains[PART];

	for (uint32_t i = 0; i < count; i++) {
		lights[i] = light;
		grains[i] = 0.5f;
	}
	for (uint32_t i = 0; preset->kind == PRESET_STUDIO && i < count; i++) {
		lights[i] -= dimmed(((float)(from + i) + 0.5f) / (float)width);
	}
	for (uint32_t i = 0; preset->kind != PRESET_COLOUR && i < count; i++) {
		grains[i] = noise(from + i, y);
	}
	for (uint32_t i = 0; i < count; i++) {
		for (int c = 0; c < 3; c++) {
			const float value = row[c] * lights[i] + grains[i];

			pixels[3 * i + (uint32_t)c] = (uint8_t)(value > 255 ? 255 : value);
		}
	}
}

void preset_draw(const struct preset *preset, uint32_t width, uint32_t height, uint32_t from,
	uint32_t to, uint8_t *pixels)
{
	for (uint32_t y = from; y < to; y++) {
		const float v = ((float)y + 0.5f) / (float)height;
		/* the floor begins at four fifths, not at a hard line */
		const float share = preset->kind == PRESET_STUDIO
			? smooth_step((v - 0.79f) / 0.035f)
			: preset->kind == PRESET_GRADIENT ? v
							  : 0;
		const float light = preset->kind == PRESET_STUDIO ? glow(v) : 1;
		float row[3];

		for (int c = 0; c < 3; c++) {
			row[c] = preset->top[c] + (preset->low[c] - preset->top[c]) * share;
		}
		for (uint32_t x = 0; x < width; x += PART) {
			const uint32_t count = width - x < PART ? width - x : PART;

			draw_part(preset, row, light, width, y, x, count, pixels);
			pixels += 3 * (size_t)count;
		}
	}
}
