#include <math.h>

#include "head.h"
#include "plate.h"
#include "swap.h"

/* In widths of the jaw: */
#define LONGEST 0.13 /* that a strand is longer than another */
#define LOCK 0.06    /* a lock's width, */
#define STRAND 0.009 /* and a strand's */
#define TIP 0.07     /* over which a strand thins out */
#define SLANT 0.25   /* strands do not hang quite straight: across for each down */

#define BESIDE_FACE 0.60 /* nearer hair covers the jaw */

/* 0 to 1, smooth, the same on each run. */
static double unequal(double at, size_t seed)
{
	const double cell = floor(at);
	const double t = at - cell;
	const double a = plate_noise(seed + (size_t)(long)cell);
	const double b = plate_noise(seed + (size_t)(long)(cell + 1));
	const double value = 0.5 + 0.25 * (a + (b - a) * t * t * (3 - 2 * t));

	return fmin(fmax(value, 0), 1);
}

void head_taper(struct head *head)
{
	const double jaw = head->axes.jaw;

	for (int x = 0; x < head->width; x++) {
		const int end = (int)fmin(head->ends[x], head->height - 1);
		const int first = (int)fmax(0, end - (LONGEST + TIP) * jaw);

		for (int y = first; head->cut[x] > 0 && y < head->height; y++) {
			const size_t i = (size_t)y * (size_t)head->width + (size_t)x;
			const double across = x + SLANT * (end - y);
			const double shorter = 0.55 * unequal(across / (LOCK * jaw), 1 << 20) +
				0.45 * unequal(across / (STRAND * jaw), 2 << 20);
			const double left = end - y - shorter * LONGEST * jaw;
			float kept;
			float by;
			double u;
			double v;

			face_place(&head->axes, x, y, &u, &v);
			kept = swap_ramp(left, 0, TIP * jaw);
			by = head->cut[x] * (1 - kept) *
				swap_ramp(fabs(u), BESIDE_FACE, BESIDE_FACE + 0.08);
			head->hair_and_face[i] = (uint8_t)(head->hair_and_face[i] * (1 - by));
		}
	}
}
