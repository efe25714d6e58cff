#include "pose.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SIDE VISION_POSE_SIDE
#define GRID VISION_POSE_GRID
#define CENTRE_SPREAD 24.0 /* cells: a person in the middle is meant rather than one at the edge */
#define NEAR 1.8           /* cells: a peak that far from where it is expected counts half */

#define LOOKS 3          /* whose mean is finer than the grid */
#define LOOKS_APART 0.03 /* of the region's longer side, that each takes in more */

enum { CELL = SIDE / GRID };

/* The region in the network's square: its longer side fills it, the rest is black. */
struct letterbox {
	double scale; /* pixels of the square to one of the region */
	int left;
	int top;
};

static int draw(
	const formy_image *image, struct region region, uint8_t *square, struct letterbox *ret_box)
{
	const double scale = SIDE / fmax(region.width, region.height);
	const int width = (int)fmax(1, fmin(SIDE, round(region.width * scale)));
	const int height = (int)fmax(1, fmin(SIDE, round(region.height * scale)));
	const struct letterbox box = {scale, (SIDE - width) / 2, (SIDE - height) / 2};
	struct scaler *scaler = NULL;
	const int result = scaler_create(image, region, width, height, SCALE_RGB, &scaler);

	if (result < 0) {
		return result;
	}
	memset(square, 0, (size_t)3 * SIDE * SIDE);
	for (int y = 0; y < height; y++) {
		scaler_row(scaler, square + 3 * ((size_t)(box.top + y) * SIDE + (size_t)box.left));
	}
	scaler_destroy(scaler);
	*ret_box = box;
	return 0;
}

static int column_of(int cell)
{
	return cell % GRID;
}

static int row_of(int cell)
{
	return cell / GRID;
}

/* The cell where somebody's middle is likeliest. */
static int find_centre(const float *centre)
{
	double best = -1;
	int at = 0;

	for (int i = 0; i < GRID * GRID; i++) {
		const double x = column_of(i) - (GRID - 1) / 2.;
		const double y = row_of(i) - (GRID - 1) / 2.;
		const double value =
			centre[i] * exp(-(x * x + y * y) / (2 * CENTRE_SPREAD * CENTRE_SPREAD));

		if (value > best) {
			best = value;
			at = i;
		}
	}
	return at;
}

/* As MoveNet is meant to be read: the middle says about where each point is, the nearest peak of
 * the point's own map is taken, and its offsets give the place within the cell. */
static void decode(
	const struct vision_pose_maps *maps, const struct letterbox *box, struct pose *ret_pose)
{
	const int middle = find_centre(maps->centre);

	for (int k = 0; k < POSE_POINTS; k++) {
		const float *heat = maps->heat[k];
		const double expected_y = row_of(middle) + (double)maps->regress[2 * k][middle];
		const double expected_x =
			column_of(middle) + (double)maps->regress[2 * k + 1][middle];
		double best = -1;
		int at = 0;

		for (int i = 0; i < GRID * GRID; i++) {
			const double value = heat[i] /
				(NEAR + hypot(row_of(i) - expected_y, column_of(i) - expected_x));

			if (value > best) {
				best = value;
				at = i;
			}
		}
		ret_pose->at[k][0] =
			((column_of(at) + (double)maps->offset[2 * k + 1][at]) * CELL - box->left) /
			box->scale;
		ret_pose->at[k][1] =
			((row_of(at) + (double)maps->offset[2 * k][at]) * CELL - box->top) /
			box->scale;
		ret_pose->score[k] = fmin(1, fmax(0, heat[at]));
	}
}

static int look(struct vision *vision, const formy_image *image, struct region region,
	struct err *err, struct pose *ret_pose)
{
	struct vision_pose_maps *maps = malloc(sizeof(*maps));
	uint8_t *square = malloc((size_t)3 * SIDE * SIDE);
	struct letterbox box = {1, 0, 0};
	int result = -ENOMEM;

	if (maps && square) {
		result = draw(image, region, square, &box);
	}
	if (result < 0) {
		(void)err_set(err, result, "no memory to look for a pose");
	} else {
		result = vision_pose(vision, square, err, maps);
	}
	if (result == 0) {
		decode(maps, &box, ret_pose);
		for (int k = 0; k < POSE_POINTS; k++) {
			ret_pose->at[k][0] += region.x;
			ret_pose->at[k][1] += region.y;
		}
	}
	free(maps);
	free(square);
	return result;
}

int pose_find(struct vision *vision, const formy_image *image, struct region region,
	struct err *err, struct pose *ret_pose)
{
	struct pose mean = {{{0}}, {0}};
	int result = 0;

	for (int i = 0; result == 0 && i < LOOKS; i++) {
		const double by = LOOKS_APART * i * fmax(region.width, region.height);
		const double left = fmax(0, region.x - by);
		const double top = fmax(0, region.y - by);
		const struct region wider = {left, top,
			fmin(image->width, region.x + region.width + by) - left,
			fmin(image->height, region.y + region.height + by) - top};
		struct pose pose;

		result = look(vision, image, wider, err, &pose);
		for (int k = 0; result == 0 && k < POSE_POINTS; k++) {
			mean.at[k][0] += pose.at[k][0] / LOOKS;
			mean.at[k][1] += pose.at[k][1] / LOOKS;
			mean.score[k] += pose.score[k] / LOOKS;
		}
	}
	if (result == 0) {
		*ret_pose = mean;
	}
	return result;
}
